from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.script.epubs import SPOKEN, members, packed, page, write_epub
from vvcli.batch.inputs import Input, expand, natural
from vvcli.errors import UsageError
from vvcli.script.sources import Form


def test_a_folder_is_its_text_files_in_natural_order(tmp_path: Path) -> None:
    for name in (
        "10.txt",
        "2.txt",
        "1.TXT",
        "b/1.txt",
        "b/c/x.txt",
        "c.md",
        ".hidden.txt",
        "d.rst",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Hello.")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/x.txt").write_text("no")
    os.mkfifo(tmp_path / "pipe.txt")
    found = expand([tmp_path]).files
    assert [each.stem for each in found] == ["1", "2", "10", "b/1", "b/c/x", "c"]
    assert found[3] == Input(tmp_path / "b/1.txt", "b/1")


def test_files_keep_the_order_they_are_given_in(tmp_path: Path) -> None:
    for name in ("z.txt", "a.md", "list.jsonl"):
        (tmp_path / name).write_text("")
    found = expand(
        [tmp_path / "z.txt", Path("-"), tmp_path / "list.jsonl", tmp_path / "a.md"]
    ).files
    assert [each.stem for each in found] == ["z", "stdin", "list", "a"]
    assert [each.is_manifest for each in found] == [False, False, True, False]


def test_loops_of_links_end(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x.txt").write_text("Hello.")
    (tmp_path / "a/b/up").symlink_to("../..")
    (tmp_path / "a/self").symlink_to(".")
    (tmp_path / "again").symlink_to("a")
    assert [each.stem for each in expand([tmp_path]).files] == ["a/b/x"]


def test_a_book_is_an_input_a_chapter(tmp_path: Path) -> None:
    (tmp_path / "in/b").mkdir(parents=True)
    write_epub(tmp_path / "in/b/moby.epub", chapters=3)
    (tmp_path / "in/a.txt").write_text("One.\n")
    found = expand([tmp_path / "in"])
    assert [each.stem for each in found.files] == [
        *("a", "b/moby/01", "b/moby/02", "b/moby/03"),
    ]
    assert [book.title for book in found.books] == ["A Made Book"]
    records = found.files[2].records(7)
    assert [record.index for record in records] == list(range(7, 7 + len(SPOKEN)))
    assert [record.text for record in records] == [text.format(n=2) for text in SPOKEN]
    assert next(iter(records)).is_heading
    write_epub(tmp_path / "many.epub", chapters=100)
    assert expand([tmp_path / "many.epub"]).files[0].stem == "many/001"


@pytest.mark.parametrize("kind", ["empty", "pipe", "folder.epub"])
def test_books_that_are_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.epub"
    if kind == "empty":
        content = members(3, 1)
        content["OEBPS/text/c1.xhtml"] = page("<p> </p>")
        path.write_bytes(packed(content))
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(UsageError, match=r"a\.epub (has no|is an EPUB, which)"):
        expand([path])


def test_other_files_of_a_folder_are_asked_for(tmp_path: Path) -> None:
    for name in ("a.rst", "b.txt", "c/d.RST", "c/ch1.text", "c/notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("One.\n")
    found = expand([tmp_path], patterns=["*.rst", "ch[0-9].*"])
    assert [each.stem for each in found.files] == ["a", "c/ch1"]
    assert {path.name for path in found.passed_over} == {"b.txt", "d.RST", "notes.md"}
    [notes] = expand([tmp_path], patterns=["*.md"]).files
    assert notes.form is Form.MARKDOWN
    with pytest.raises(UsageError, match=r"has no \*\.org or \*\.tex file"):
        expand([tmp_path], patterns=["*.org", "*.tex"])


@pytest.mark.parametrize("name", ["missing.txt", "empty", "book/dangling.txt"])
def test_inputs_that_are_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "book").mkdir()
    (tmp_path / "book/dangling.txt").symlink_to("gone")
    with pytest.raises(UsageError, match=name):
        [each.records(0) for each in expand([tmp_path / name]).files]
    with pytest.raises(UsageError, match="dangling"):
        [each.records(0) for each in expand([tmp_path / "book"]).files]


def test_records_are_read_by_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Hello.", "id": "x"}\n')
    (tmp_path / "a.txt").write_text('{"text": "Hello."}\n')
    [record] = Input(tmp_path / "a.jsonl", "a", Form.JSONL).records(5)
    assert (record.index, record.text, record.id) == (5, "Hello.", "x")
    [record] = Input(tmp_path / "a.txt", "a").records(5)
    assert (record.index, record.text) == (5, '{"text": "Hello."}')


@given(st.lists(st.text(st.sampled_from("a1290_é٣"), max_size=6)))
def test_natural_order_is_an_order(names: list[str]) -> None:
    ordered = sorted(names, key=natural)
    again = list(reversed(names))
    again.sort(key=natural)
    assert again == ordered


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_in_names_count(one: int, other: int) -> None:
    assert (natural(f"ch{one}.txt") < natural(f"ch{other}.txt")) == (one < other)
