"""Dialogue: `Name: text` lines, each name in a voice of its own, labels unspoken."""

from __future__ import annotations

from pathlib import Path

import pytest

from vvcli.errors import UsageError
from vvcli.script.dialogue import parse_cast, read_dialogue
from vvcli.script.record import Record

VOICES = ["clara", "miles"]


def read(text: str, **options: object) -> list[tuple[str, str | None]]:
    lines = [Record(i, line, f"x:{i + 1}") for i, line in enumerate(text.split("\n"))]
    records, _ = read_dialogue(lines, VOICES, options.get("cast"))  # type: ignore[arg-type]
    return [(record.text, record.voice) for record in records]


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


def test_the_cast_is_told() -> None:
    lines = [Record(i, t) for i, t in enumerate(["A: x", "B: y", "A: z", "B: w"])]
    assert read_dialogue(lines, VOICES)[1] == {"A": "clara", "B": "miles"}
    assert read_dialogue(lines, [])[1] == {}


def test_a_failed_line_stays_failed() -> None:
    lines = [Record(0, "", error="x:1: no text"), Record(1, "A: a"), Record(2, "A: b")]
    assert next(read_dialogue(lines, VOICES)[0]).error == "x:1: no text"


def test_a_cast_is_a_list_or_a_file(tmp_path: Path) -> None:
    assert parse_cast("Alice=clara, Bob = miles") == {"Alice": "clara", "Bob": "miles"}
    path = tmp_path / "cast"
    path.write_text("# who\nSpeaker 1=clara\n\nBob=a=b.safetensors\n", encoding="utf-8")
    assert parse_cast(str(path)) == {"Speaker 1": "clara", "Bob": "a=b.safetensors"}


@pytest.mark.parametrize("value", ["=clara", "Alice=", "a=b,c", "nowhere"])
def test_a_cast_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(UsageError):
        parse_cast(value)
