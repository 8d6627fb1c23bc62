"""Dialogue: `Name: text` lines, each name in a voice of its own, labels unspoken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vvcli.errors import UsageError
from vvcli.script.dialogue import Dialogue, parse_cast
from vvcli.script.record import Record

VOICES = ["clara", "miles"]


def records(text: str) -> list[Record]:
    return [Record(i, line, f"x:{i + 1}") for i, line in enumerate(text.split("\n"))]


def read(text: str, cast: dict[str, str] | None = None) -> list[tuple[str, str | None]]:
    return [(record.text, record.voice) for record in Dialogue(VOICES, cast).read(records(text))]


def test_names_get_voices_in_order_of_appearance_and_repeat() -> None:
    text = "\n".join(f"Speaker {i % 3 + 1}: line {i}" for i in range(6))
    assert read(text) == [
        ("line 0", "clara"),
        ("line 1", "miles"),
        ("line 2", "clara"),
        ("line 3", "clara"),
        ("line 4", "miles"),
        ("line 5", "clara"),
    ]


def test_a_cast_is_followed_and_the_others_get_the_voices() -> None:
    text = "Bob: a\nAlice: b\nBob: c\nAlice: d\nEve: e"
    assert read(text, cast={"Alice": "zoe", "Eve": "eve"}) == [
        ("a", "clara"),
        ("b", "zoe"),
        ("c", "clara"),
        ("d", "zoe"),
        ("e", "eve"),
    ]


def test_a_line_without_a_name_goes_on_with_the_last_one() -> None:
    assert read("Intro.\nAda: one\ntwo\nAda: three\n") == [
        ("Intro.", None),
        ("one", "clara"),
        ("two", "clara"),
        ("three", "clara"),
        ("", "clara"),
    ]


@pytest.mark.parametrize(
    "line",
    ["Note: this is text", "At 9:30 we met", "1st: no letter", "x" * 41 + ": too long", "a:b"],
)
def test_what_looks_like_a_label_once_is_text(line: str) -> None:
    assert read(f"{line}\nAda: hi\nAda: ho")[0] == (line, None)


def test_a_label_alone_names_the_speaker_of_the_next_line() -> None:
    assert read("Ada:\nhello\nAda: ho")[:2] == [("", "clara"), ("hello", "clara")]


def test_the_cast_is_told_and_holds_for_the_next_input() -> None:
    dialogue = Dialogue(VOICES)
    dialogue.read(records("A: x\nB: y\nA: z\nB: w"))
    assert dialogue.cast == {"A": "clara", "B": "miles"}
    [again, other, _] = dialogue.read(records("B: once\nC: a\nC: b"))
    assert (again.text, again.voice, other.voice) == ("once", "miles", "clara")


def test_without_voices_labels_go_all_the_same() -> None:
    dialogue = Dialogue([])
    assert [r.text for r in dialogue.read(records("A: x\nA: y"))] == ["x", "y"]
    assert dialogue.cast == {}


def test_a_failed_line_stays_failed() -> None:
    lines = [Record(0, "", error="x:1: no text"), Record(1, "A: a"), Record(2, "A: b")]
    assert Dialogue(VOICES).read(lines)[0].error == "x:1: no text"


def test_a_cast_is_a_list_or_a_file(tmp_path: Path) -> None:
    assert parse_cast("Alice=clara, Bob = miles") == {"Alice": "clara", "Bob": "miles"}
    path = tmp_path / "cast"
    path.write_text("# who\nSpeaker 1=clara\n\nBob=a=b.safetensors\n", encoding="utf-8")
    assert parse_cast(str(path)) == {"Speaker 1": "clara", "Bob": "a=b.safetensors"}


@pytest.mark.parametrize("value", ["=clara", "Alice=", "a=b,c", "nowhere"])
def test_a_cast_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(UsageError):
        parse_cast(value)


@pytest.mark.parametrize("kind", ["fifo", "zero"])
def test_a_cast_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=f"cannot read the cast {path}: it is not a regular file"):
        parse_cast(str(path))


@pytest.mark.parametrize(
    ("cast", "words"),
    [
        ("Ann=clara,Bob=zoe, Ann = miles", "the cast: 'Ann' is there twice"),
        ("5x=clara", "the cast: '5x' is no name: it begins with a letter"),
        ("A:b=clara", "'A:b' is no name"),
        (f"{'a' * 41}=clara", "is no name"),
    ],
)
def test_names_of_a_cast_that_no_line_can_have(cast: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_cast(cast)
