"""Judges of speech: what a recogniser hears, how natural a listener would call it, and meters.

In reading order:

- `packages`: what is installed, and where
- `worker`: a program of its own that runs the two neural judges; `panel` asks it, and remembers
- `words` and `meters`: arithmetic
- `hearing`: all of them on a folder of sentences; `paired`: on two of the same sentences
- `peers`: other synthesizers, for the same sentences

Nothing here changes what it judges.
"""
