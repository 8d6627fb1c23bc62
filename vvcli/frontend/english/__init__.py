"""How English is read: a file a class, each with its rules and how what they find is said.

`rules.py` puts the classes in their order of precedence. A class is a value with `words()`; a rule
is a pattern at the beginning of some tokens, and a function that looks at their neighbours and
makes the value, or declines. Tables are `.tsv` files under `data/`, read when first used.

Read `number_words.py`, then a small class such as `ordinal.py`, then `measure.py` for a large one.
A new class is a new file and a line in `rules.py`.
"""
