"""The user's own respellings: whole words, the longest first, capitals where the entry has some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.errors import UsageError
from vvcli.frontend.lexicon import Entry, Lexicon, read_lexicons


def lexicon(**entries: str) -> Lexicon:
    return Lexicon(Entry(written, said) for written, said in entries.items())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nginx", "engine x"),
        ("Nginx and NGINX", "engine x and engine x"),
        ("nginxes, xnginx, nginx2, nginx_a", "nginxes, xnginx, nginx2, nginx_a"),
        ("nginx's", "engine x's"),
        ("(nginx).", "(engine x)."),
        ("SQL", "sequel"),
        ("sql", "sql"),
        ("new york", "the city"),
        ("New York City", "the big apple"),
        ("New York", "the city"),
        ("C++, C", "see plus plus, C"),
        ("C++x", "C++x"),
        ("", ""),
    ],
)
def test_whole_words_are_respelled(text: str, said: str) -> None:
    known = Lexicon(
        [
            Entry("nginx", "engine x"),
            Entry("SQL", "sequel"),
            Entry("new york", "the city"),
            Entry("new york city", "the big apple"),
            Entry("C++", "see plus plus"),
        ]
    )
    if text == "C++x":
        said = "see plus plusx"  # a sign ends no word
    assert known.apply(text)[0] == said


def test_what_was_respelled_is_counted() -> None:
    assert lexicon(a="b").apply("a a c a")[1] == 3


def test_a_respelling_is_not_respelled() -> None:
    assert lexicon(a="b", b="a").apply("a b") == ("b a", 2)


@given(st.text(max_size=80))
def test_an_empty_lexicon_changes_nothing(text: str) -> None:
    assert Lexicon().apply(text) == (text, 0)


@given(st.text(alphabet="ab -'", max_size=40))
def test_a_word_that_is_not_there_changes_nothing(text: str) -> None:
    assert lexicon(abba="x").apply(text.replace("abba", "")) == (text.replace("abba", ""), 0)


def test_files_are_read_and_the_later_one_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tsv", tmp_path / "b.tsv"
    first.write_text("# names\nnginx\tengine x\n\nGIF\tjif\r\n", encoding="utf-8")
    second.write_text("GIF\tgif\n", encoding="utf-8")
    assert read_lexicons([first, second]).apply("nginx GIF")[0] == "engine x gif"


@pytest.mark.parametrize("line", ["word", "a\tb\tc", "\tb", "a\t", "a\t " + "x" * 300])
def test_a_bad_line_is_named_by_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(f"ok\tokay\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad\.tsv:2: "):
        read_lexicons([path])


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the lexicon"):
        read_lexicons([tmp_path / "none.tsv"])


@pytest.mark.parametrize("kind", ["fifo", "zero"])
def test_what_is_no_file_is_an_error_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=f"cannot read the lexicon {path}: it is not a regular"):
        read_lexicons([path])
