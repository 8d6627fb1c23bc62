"""A file that is no text is told by its first bytes, once; text with a flaw is text."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.errors import UsageError
from vvcli.script.decode import check_head
from vvcli.script.sources import Form, records_from

TEXT = "A line of text, and naïve “quotes”.\n"


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", TEXT)
    return file.getvalue()


BINARY = {
    "gzip": (gzip.compress(TEXT.encode()), "not text: it is compressed with gzip: `gunzip -c` it"),
    "docx": (zipped(), "a ZIP archive, as .docx"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt ", "a WAV recording"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00", "a PNG image"),
    "rtf": (rb"{\rtf1\ansi Hello.}", "a rich text document"),
    "utf-16": (TEXT.encode("utf-16"), "text in UTF-16: convert it with `iconv -f UTF-16"),
    "utf-16, no mark": (TEXT.encode("utf-16-le"), "`iconv -f UTF-16LE -t UTF-8`"),
    "utf-16, big": (TEXT.encode("utf-16-be"), "`iconv -f UTF-16BE -t UTF-8`"),
    "utf-32": (TEXT.encode("utf-32"), "text in UTF-32"),
    "zeros": (bytes(5000), "is not text: 4096 of its first 4096 bytes are controls"),
    "noise": (os.urandom(5000), "not text"),
}


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.EPUB])
@pytest.mark.parametrize("kind", BINARY)
def test_it_is_said_once_and_at_once(tmp_path: Path, form: Form, kind: str) -> None:
    data, words = BINARY[kind]
    if form is Form.NULL and kind in ("zeros", "utf-16, no mark", "utf-16, big"):
        pytest.skip("NULs are what ends these records")
    (tmp_path / "a.txt").write_bytes(data)
    with (tmp_path / "a.txt").open("rb") as file, pytest.raises(UsageError) as error:
        list(records_from(file, "a.txt", form))
    assert str(error.value).startswith("a.txt is ")
    assert words in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\n\n\x00\n",
        b"caf\xe9\n",
        "Привет, мир.\n".encode("cp1251") * 50,
        "こんにちは。\n".encode("shift-jis") * 50,
        TEXT.encode("utf-8-sig"),
        b"\x1b[1mbold\x1b[0m\n" * 20,
        b"page one\n\x0cpage two\n",
        TEXT.encode() * 50 + b"\x00\x01\x02\n",
        b"RIFF raff and OggS are words.\n",
        b"ID3 tags are old.\n",
        b"BZh is no word.\n",
    ],
)
def test_text_with_a_flaw_is_text(text: bytes) -> None:
    check_head(text, "a.txt")


@given(st.text())
def test_all_text_without_controls_is_text(text: str) -> None:
    printable = "".join(character for character in text if character.isprintable())
    check_head(printable.encode("utf-8", "replace"), "a.txt")
