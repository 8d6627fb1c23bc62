"""Books in EPUB 2 and 3: their text in reading order, by chapters.

The order to read in:

1. `archive.py`: the members of the ZIP file, within limits. `xml.py`: bytes to text and to a tree.
2. `package.py`: title, author, cover, and the documents in reading order; what is encrypted.
   `navigation.py`: the table of contents.
3. `markup.py`: XHTML as tags and text. `xhtml.py`: its blocks, as Markdown has them.
4. `book.py`: `Book`, chapters cut where the table of contents says, and the reader of records.

A name in a book is the key of a member, and never part of a path. Nothing is unpacked to a file,
fetched or run; entities that a document declares are refused; work and memory are bounded by the
limits in `archive.py`, whatever the file claims. A book that is damaged or encrypted is one error;
a document that cannot be read is a failed record in its place.
"""
