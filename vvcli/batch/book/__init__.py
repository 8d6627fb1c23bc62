"""One file from all inputs of a batch, a chapter an input.

A book's way, and the order to read in:

1. `plan.py`: the chapters, the file as a `Job`, and a job for each record, its part.
2. `parts.py`: the parts, staged as 16-bit PCM in a folder of their own beside the book. They are
   made and resumed as the files of any batch are.
3. `assemble.py`: the parts into the book, with its chapters, tags and list of chapters.

The parts stay until the book has its name, so that nothing is spoken twice; the same parts give the
same book. Nothing here speaks or holds the audio of more than a block; a folder of parts is removed
only as far as its files are ours.
"""
