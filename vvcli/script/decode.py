"""Bytes to text, or to the sentence that says where or why they are not text.

A file of another kind is told by its first bytes, before each of its lines is an error.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO

from vvcli.errors import UsageError

# What text may not hold: controls that no text has and every binary file has.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

# White space around a line break of any script.
_BREAK = re.compile(r"\s*[\n\r\v\f\x85\u2028\u2029]\s*")

# Bytes of a record, which no model's context holds; `/dev/zero` would otherwise fill the memory.
MAX_BYTES = 1 << 20

# How files of other kinds begin, by their own specifications.
_KINDS = [
    (re.compile(start, re.DOTALL), kind)
    for start, kind in (
        (rb"%PDF-", "a PDF document"),
        (rb"PK\x03\x04", "a ZIP archive, as .docx, .odt and .epub files are"),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an office program"),
        (rb"\{\\rtf", "a rich text document"),
        (rb"\x1f\x8b", "compressed with gzip: `gunzip -c` it"),
        (rb"BZh[1-9]1AY", "compressed with bzip2: `bunzip2 -c` it"),
        (rb"\xfd7zXZ\x00", "compressed with xz: `unxz -c` it"),
        (rb"\x28\xb5\x2f\xfd", "compressed with zstd: `unzstd -c` it"),
        (rb"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (rb"RIFF.{4}WAVE", "a WAV recording"),
        (rb"OggS\x00", "an Ogg recording"),
        (rb"fLaC\x00", "a FLAC recording"),
        (rb"ID3[\x02-\x04]\x00|\xff[\xfb\xf3\xf2][\x10-\xef]", "an MP3 recording"),
        (rb"\x89PNG\r\n", "a PNG image"),
        (rb"\xff\xd8\xff", "a JPEG image"),
        (rb"GIF8[79]a", "a GIF image"),
        (rb"\x7fELF", "a program"),
        (rb"SQLite format 3\x00", "an SQLite database"),
    )
]

_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)

# As `_BINARY`, without ESC, which logs of a terminal are full of.
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

# Of the bytes looked at, at least so many and one in so many are controls. Of random bytes one in
# nine is; text with a stray one here and there has its bad lines named one by one.
_MIN_CONTROLS, _ONE_IN = 8, 32

HEAD = 4096  # bytes to look at


def decode(raw: bytes, source: str) -> tuple[str, str | None]:
    """The text of `raw` and no error, or no text and the error."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {error.start + 1} (0x{raw[error.start]:02x})"
        return "", f"{source}: {byte} is not UTF-8: convert the text first, for example with iconv"
    found = find_control(text)
    return ("", f"{source}: {found}: this is not text") if found else (text, None)


def find_control(text: str) -> str | None:
    """Says where `text` holds a control character that no text has."""
    found = _BINARY.search(text)
    if found is None:
        return None
    return f"character {found.start() + 1} (0x{ord(found[0]):02x}) is a control character"


def one_line(text: str) -> str:
    """`text` with each line break as a space: the model learned from single lines."""
    return _BREAK.sub(" ", text).strip()


def check_start(file: BinaryIO, name: str, *, nul_ends_records: bool = False) -> None:
    """Look at what the file `name` begins with, and leave it there to be read.

    Files that cannot be looked into, those in memory, are not.

    Raises:
        UsageError: as `check_head` does.
    """
    if isinstance(file, io.BufferedReader):
        check_head(file.peek(HEAD), name, nul_ends_records=nul_ends_records)


def check_head(head: bytes, name: str, *, nul_ends_records: bool = False) -> None:
    """Look at `head`, what the file `name` begins with.

    Raises:
        UsageError: it is not UTF-8 text, nor nearly so.
    """
    head = head[:HEAD]
    for mark, encoding in _ENCODINGS:
        if head.startswith(mark):
            raise _in_another_encoding(name, encoding)
    for start, kind in _KINDS:
        if start.match(head):
            raise UsageError(f"{name} is not text: it is {kind}")
    if nul_ends_records:
        head = head.replace(b"\0", b"\n")
    controls = len(_CONTROL.findall(head))
    if controls < _MIN_CONTROLS or controls * _ONE_IN < len(head):
        return
    even, odd = head[::2].count(0), head[1::2].count(0)
    if 3 * abs(odd - even) > len(head):  # one half of most characters is zero
        raise _in_another_encoding(name, "UTF-16LE" if odd > even else "UTF-16BE")
    raise UsageError(f"{name} is not text: {controls} of its first {len(head)} bytes are controls")


def _in_another_encoding(name: str, encoding: str) -> UsageError:
    command = f"iconv -f {encoding} -t UTF-8"
    return UsageError(f"{name} is text in {encoding}: convert it with `{command}`")
