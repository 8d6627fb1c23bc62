from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest
import sentencex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vvcli.script.sentences import WINDOW, is_whole, sentence_ends


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in pairwise([0, *sentence_ends(text)])]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith met J. R. Brown at 5 p.m. on Jan. 3. |He paid $3.50. |It was 3.5.1.",
        '"Why?" she asked. |"No idea!" |He left... |"Go home. It is late." |Good.',
        "“Stop.” |He ran (so they say. Really). |Wait?! |Yes",
        "你好。|再见！|Ciao. |",
        "One\u00a0two. |Be.\u00a0|Three\u2003four.\u00a0\u00a0|Five.",
    ],
)
def test_ends(text: str) -> None:
    assert sentences(text.replace("|", "")) == [part for part in text.split("|") if part]


TEXTS = st.lists(
    st.text(max_size=3)
    | st.sampled_from([". ", ".\u00a0", "\u2003", "Dr. ", "A.", "“", "”", "(", ")", "! ", "\ud83d"])
).map("".join)


@settings(max_examples=300)
@given(TEXTS)
@example("\n.\U0001f600. B\u00a0.")  # on which sentencex 1.0.32 itself panics
def test_ends_are_within_any_text(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends))
    assert ends[-1:] == ([len(text)] if text else [])
    assert all(end > 0 for end in ends)


SENTENCES = st.lists(
    st.sampled_from(
        [
            "Dr. Smith met J. R. Brown at 5 p.m. on Jan. 3. ",
            "He paid $3.50 (so they say). ",
            '"Why?" she asked. ',
            "“No idea!” He left... ",
            "Then, when all was said and done, nobody knew what it had been for in the end. ",
            "你好。再见！",
        ]
    ),
    min_size=100,
    max_size=300,
).map("".join)


@settings(max_examples=20)
@given(SENTENCES)
def test_ends_of_a_long_text_are_those_of_the_library(text: str) -> None:
    assert len(text) > WINDOW
    assert sentences(text) == sentencex.segment("en", text)


@pytest.mark.parametrize("unit", ["你。", "'", "x", "One two. "])
def test_the_library_sees_a_bounded_piece(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    segment = sentencex.segment

    def counted(language: str, text: str) -> list[str]:
        seen.append(len(text))
        return segment(language, text)

    monkeypatch.setattr(sentencex, "segment", counted)
    text = unit * (40_000 // len(unit))
    assert sentence_ends(text)[-1] == len(text)
    assert max(seen) <= WINDOW
    assert sum(seen) <= 2 * len(text)


def test_a_panic_of_the_library_costs_the_cuts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})

    def panics(*_: str) -> list[str]:
        raise panic("end byte index 10 is not a char boundary")

    monkeypatch.setattr(sentencex, "segment", panics)
    assert sentence_ends("One. Two.") == [9]


def test_other_exceptions_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: str) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(sentencex, "segment", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sentence_ends("One. Two.")


@pytest.mark.parametrize(
    ("text", "following", "whole"),
    [
        ("He left.", "", True),
        ("He left. ", "I", True),
        ("It was Jan. 3.", "", True),
        ("你好。", "再", True),
        ("Dr.", "", False),
        ("by J.", "B", False),
        ("e.g.", "", False),
        ("5.", "", False),
        ("He left", "", False),
        ('"Why?"', "", False),
        ('"Why?"', "s", False),
        ('"Why?"', "H", True),
        ("", "", False),
    ],
)
def test_is_whole(text: str, following: str, whole: bool) -> None:
    assert is_whole(text, following) == whole


def test_the_library_loads_quickly() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import vvcli.script.sentences"],
        capture_output=True,
        check=True,
        text=True,
    )
    (line,) = (line for line in done.stderr.splitlines() if line.split()[-1] == "sentencex")
    assert int(line.split("|")[1]) < 50_000  # microseconds
    assert "torch" not in done.stderr
