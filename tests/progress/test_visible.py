"""What is shown steers no terminal, and is otherwise as it was."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.progress.visible import MAX_LENGTH, visible, visible_columns

ANY = st.text(st.characters(categories=None) | st.sampled_from("\x1b\x07\x9b\u202e\u2028\udcff\n"))


@given(ANY)
def test_nothing_steers_a_terminal(text: str) -> None:
    for character in visible(text):
        category = unicodedata.category(character)
        assert category not in ("Cc", "Cs", "Zl", "Zp")
        assert category != "Cf" or character in "\u00ad\u200c\u200d"
    assert len(visible_columns(text).splitlines()) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "naïve café",
        "日本語　の",
        "می‌خواهم",
        "👨‍👩‍👧",
        "a\u00a0b",
        "soft\u00adhyphen",
        "\\x1b",
    ],
)
def test_text_of_any_script_is_as_it_was(text: str) -> None:
    assert visible(text) == text


def test_what_steers_is_written_out() -> None:
    assert visible("\x1b[2J\x9b1m\x7f\u202e\udcff") == "\\x1b[2J\\x9b1m\\x7f\\u202e\\udcff"
    assert visible("one\r\n\ttwo\u2028three") == "one two three"
    assert visible_columns("a\x1b\tb\nc") == "a\\x1b\tb c"


def test_a_message_has_an_end() -> None:
    assert len(visible("\x1b" * 10**6)) <= 4 * MAX_LENGTH + 1
