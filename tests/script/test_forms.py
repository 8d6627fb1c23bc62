from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vvcli.errors import UsageError
from vvcli.script.record import Record
from vvcli.script.sources import Form, form_of, records_from, refuse_failed

CASES = {
    Form.LINES: (b"One. Two.\nThree", ["One. Two.", "Three"]),
    Form.NULL: (b"One\ntwo\0three", ["One two", "three"]),
    Form.PARAGRAPHS: (b"One\ntwo\n\nthree", ["One two", "three"]),
    Form.JSONL: (b'{"text": "One"}\n{"text": "two"}', ["One", "two"]),
    Form.DELIMITED: (b"a:One\nb:two", ["One", "two"]),
    Form.MARKDOWN: (b"# One\n\n- two\n", ["One", "two"]),
    Form.FOLLOW: (b"One. Two", ["One.", "Two"]),
}
ON_THE_WAY = [form for form in Form if form is not Form.EPUB]  # a ZIP file ends with its contents


@pytest.mark.parametrize("form", ON_THE_WAY)
def test_each_form_has_its_reader(form: Form) -> None:
    data, expected = CASES[form]
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        found = list(records_from(file, "pipe", form, 3, delimiter=":", pause=0.01))
    assert [(record.index, record.text) for record in found] == list(enumerate(expected, start=3))


@pytest.mark.parametrize("name", ["a.epub", "A.EPUB", "a.txt", "epub", "a.epub.txt"])
def test_a_book_is_told_by_its_suffix(name: str) -> None:
    is_book = name.lower() == "a.epub"
    assert form_of(Path(name), Form.NULL) is (Form.EPUB if is_book else Form.NULL)


def test_a_manifest_is_refused_by_its_first_bad_line() -> None:
    data = b'{"text": "One"}\n{"txt": "two"}\n{}'
    with pytest.raises(UsageError, match=r'^m\.jsonl:2: unknown key "txt"'):
        refuse_failed(records_from(io.BytesIO(data), "m.jsonl", Form.JSONL))
    good = records_from(io.BytesIO(data[:15]), "m.jsonl", Form.JSONL)
    assert refuse_failed(good) == [Record(0, "One", "m.jsonl:1")]


def test_no_form_loads_torch() -> None:
    code = "import sys, vvcli.script.sources, vvcli.script.follow; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
