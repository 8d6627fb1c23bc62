"""How text is read: from what is written to what is spoken.

Three passes, each a value that can be printed (`vvcli text` does): `tokenize.py` cuts a clause into
tokens, `classify.py` turns runs of them into items of one class each by the rules of a language
(`rule.py`, `english/`), and `verbalize.py` joins the words of the items (`item.py`).
`characters.py` comes before them, and `front_end.py` puts them together, clause by clause, so that
time is linear and memory flat.

For every model, before its own front end: `commands.py`, `lexicon.py`.

Nothing in here imports torch or knows of audio, and no record is lost for a character: what only
decorates is silent, and only words in a script that the voice cannot say are an error.
"""
