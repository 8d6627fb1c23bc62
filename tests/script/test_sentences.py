from __future__ import annotations

import subprocess
import sys
from itertools import accumulate, pairwise

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


@pytest.mark.slow
@settings(max_examples=300)
@given(TEXTS)
@example("\n.\U0001f600. B\u00a0.")  # on which sentencex 1.0.32 itself panics
def test_ends_are_within_any_text(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends))
    assert ends[-1:] == ([len(text)] if text else [])
    assert all(end > 0 for end in ends)


SENTENCES = [
    "Dr. Smith met J. R. Brown at 5 p.m. on Jan. 3. ",
    "He paid $3.50 (so they say). ",
    '"Why?" she asked. ',
    '"Go home. It is late." ',
    "'Go home. It is late,' he said. ",
    "``Well. He is here.'' ",
    "“No idea!” He left... ",
    "‘Tis so. It was,’ he said [so. Then]. ",
    "It wasn't hers. ",
    "The dogs' bowl. ",
    "«Da. Nu.» ",
    "「行く。来る。」と言った。",
    "你好。再见！",
    "One\ntwo. \n\n1. Three. \n",
    "word " * 100 + "end. ",
    "x" * 300,
    "A. ",
    "J. R. ",
    "e.g. ",
    "U.S. He ",
    "etc. Then ",
    "at 7 p.m. Tom left. ",
    "Wait?! ",
    "Yes!. . . no. ",
    "a@b.com. ",
]


# A sentence that goes on and on is not the library's: "He left. " ends one.
@pytest.mark.slow
@settings(max_examples=50)
@given(
    st.lists(
        st.lists(st.sampled_from(SENTENCES), max_size=2).map("".join), min_size=1, max_size=20
    ).map(lambda pairs: "He left. ".join([*pairs, ""]))
)
@example("再见！Dr. Smith met J. R. Brown. " + "He left. " * 20)
def test_ends_of_a_long_text_are_those_of_the_library(unit: str) -> None:
    text = unit * (1 + 3 * WINDOW // len(unit))
    library = sentencex.segment("en", text.replace("\n", " "))
    # Apart from ends inside of a word.
    ends = accumulate(map(len, library))
    expected = {end for end in ends if end == len(text) or ends_a_word(text[end - 1])}
    wrong = expected ^ set(sentence_ends(text))
    assert {end: text[max(0, end - 20) : end + 20] for end in wrong} == {}


def ends_a_word(last: str) -> bool:
    return last.isspace() or not last.isascii()


@pytest.mark.parametrize("unit", ["你。", "'", "x", "One two. ", '"Go. ', "“It. "])
def test_the_library_sees_a_bounded_piece(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    segment = sentencex.segment

    def counted(language: str, text: str) -> list[str]:
        seen.append(len(text))
        return segment(language, text)

    monkeypatch.setattr(sentencex, "segment", counted)
    text = unit * (40_000 // len(unit))
    assert sentence_ends(text)[-1] == len(text)
    assert max(seen) <= WINDOW + 32  # marks that close quotations
    assert sum(seen) <= 2 * len(text) + WINDOW


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
