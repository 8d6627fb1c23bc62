"""Text from anywhere, as records.

- `record.py`: `Record`, one piece of text that is spoken as one. Read it first.
- `sources.py`: the reader of a form, and several inputs one after another.
- `lines.py`, `null.py`, `paragraphs.py`, `jsonl.py`, `delimited.py`, `markdown.py`, `follow.py`:
  a form each; `epub/`: books. `dialogue.py`: lines that begin with who speaks. `sentences.py`:
  where sentences end.
- `decode.py`: bytes to text, and files that are no text. `fields.py`: what a line or a row may
  ask for. `limits.py`: ranges of numbers. `feed.py`: records are read ahead, in a thread.
  `measure.py`: how much there is to speak. `title.py`: titles.

A reader yields a record as soon as its text is complete, and never reads further first. A record
that is broken is yielded with its error: the records after it are read. Nothing here imports torch,
changes how a text is spoken, or imports another room.
"""
