from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.tools import needs, output_of
from vvcli.audio.cues import Cues, check_cues, open_cues
from vvcli.audio.output import Output
from vvcli.errors import OutputError, UsageError
from vvcli.script.record import Record
from vvcli.speech.values import Status

RATE = 24000


class Memory(Output):
    """An output that keeps what is written."""

    def __init__(self) -> None:
        self.closed = False
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def finish(self) -> None:
        self.closed = True


def written(kind: str, *texts: str, rate: int = RATE) -> str:
    """The file of cues for records of a second each."""
    memory = Memory()
    with Cues(memory, kind, rate) as cues:
        for index, text in enumerate(texts):
            cues.cue(Record(index, text), index * rate, (index + 1) * rate)
    return memory.data.decode()


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "cues.jsonl"
    with open_cues(path, 44100) as cues:
        cues.cue(Record(0, "Grüße."), 0, 44100)
        cues.cue(Record(3, "Cut", id="c"), 44101, 100001, Status.TRUNCATED)
    first, second = path.read_text("utf-8").splitlines()
    assert '"Grüße."' in first
    assert json.loads(first) == {
        **{"index": 0, "start_sample": 0, "end_sample": 44100, "start": 0, "end": 1},
        **{"text": "Grüße.", "status": "ok"},
    }
    assert json.loads(second) == {
        **{"index": 3, "id": "c", "start_sample": 44101, "end_sample": 100001},
        **{"start": 1.000023, "end": 2.267596, "text": "Cut", "status": "truncated"},
    }


def test_srt() -> None:
    assert written(".srt", "Hello\n\n  there.\r\n", "a --> b <i>") == (
        "1\n00:00:00,000 --> 00:00:01,000\nHello\nthere.\n\n"
        "2\n00:00:01,000 --> 00:00:02,000\na -> b <i>\n\n"
    )


def test_vtt() -> None:
    assert written(".vtt", "Tom & Jerry\r\r<b>", "a --> b\0") == (
        "WEBVTT\n\n"
        "1\n00:00:00.000 --> 00:00:01.000\nTom &amp; Jerry\n&lt;b&gt;\n\n"
        "2\n00:00:01.000 --> 00:00:02.000\na --&gt; b\N{REPLACEMENT CHARACTER}\n\n"
    )


@pytest.mark.parametrize(
    ("start", "end", "times"),
    [
        (11, 12, "00:00:00.000 --> 00:00:00.001"),  # half a millisecond goes up
        (12, 13, "00:00:00.001 --> 00:00:00.002"),  # a cue lasts
        (0, 35, "00:00:00.000 --> 00:00:00.001"),
        (0, 24 * 59_999 + 12, "00:00:00.000 --> 00:01:00.000"),
        (24 * 3_599_999, 24 * 3_600_000, "00:59:59.999 --> 01:00:00.000"),
        (0, 24 * 1000 * 3600 * 123, "00:00:00.000 --> 123:00:00.000"),
    ],
)
def test_times_are_to_the_nearest_millisecond(start: int, end: int, times: str) -> None:
    memory = Memory()
    Cues(memory, ".vtt", RATE).cue(Record(0, "a"), start, end)
    assert memory.data.decode().splitlines()[3] == times


@given(
    st.lists(st.text(max_size=20).filter(str.strip), max_size=5), st.sampled_from([".srt", ".vtt"])
)
def test_any_text_keeps_one_cue_a_record(texts: list[str], kind: str) -> None:
    content = written(kind, *texts).removeprefix("WEBVTT\n\n")
    assert content.count("-->") == len(texts)
    blocks = content.split("\n\n")[:-1]
    assert len(blocks) == len(texts)
    for number, block in enumerate(blocks, start=1):
        assert re.match(rf"{number}\n[\d:,.]+ --> [\d:,.]+\n", block)


@given(st.lists(st.text(st.characters(), max_size=20), max_size=5))
def test_any_text_is_a_line_of_json(texts: list[str]) -> None:
    lines = written(".jsonl", *texts).splitlines()
    assert [json.loads(line)["text"] for line in lines] == texts


def test_surrogates_are_written_somehow() -> None:
    assert json.loads(written(".jsonl", "\ud800"))["text"] == "\ud800"
    assert "\n?\n" in written(".vtt", "\ud800")


@pytest.mark.parametrize("kind", [".jsonl", ".srt", ".vtt"])
def test_blank_and_failed_records_have_no_cue(kind: str) -> None:
    memory = Memory()
    with Cues(memory, kind, RATE) as cues:
        cues.cue(Record(0, " "), 0, 0, Status.BLANK)
        cues.cue(Record(1, "a"), 0, 100, Status.FAILED)
        cues.cue(Record(2, "a"), 5, 5)
    assert memory.data == (b"WEBVTT\n\n" if kind == ".vtt" else b"")


def test_each_cue_is_there_at_once_and_the_file_when_it_is_whole(tmp_path: Path) -> None:
    path, part = tmp_path / "cues.srt", tmp_path / "cues.srt.part"
    with open_cues(path, RATE) as cues:
        cues.cue(Record(0, "a"), 0, RATE)
        assert part.read_text().endswith("a\n\n")
        assert not path.exists()
    assert path.exists()
    with suppress(ZeroDivisionError), open_cues(path, RATE) as cues:
        cues.cue(Record(0, "b"), 0, RATE)
        raise ZeroDivisionError
    assert path.read_text().endswith("a\n\n")
    assert part.read_text().endswith("b\n\n")


def test_what_cannot_be_opened_or_written(tmp_path: Path) -> None:
    for name in ("cues", "cues.txt", ".srt"):
        with pytest.raises(UsageError, match=r"\.jsonl, \.srt, \.vtt"):
            open_cues(tmp_path / name, RATE)
    assert list(tmp_path.iterdir()) == []
    assert check_cues(Path("A.SRT")) == ".srt"
    with pytest.raises(OutputError, match="make the folder"):
        open_cues(tmp_path / "none" / "a.vtt", RATE)
    full = Cues(Output(os.open("/dev/full", os.O_WRONLY), "full"), ".srt", RATE)
    with pytest.raises(OutputError, match="No space"), full:
        full.cue(Record(0, "a"), 0, 1)


@pytest.mark.slow
@needs("ffmpeg")
@pytest.mark.parametrize("kind", [".srt", ".vtt"])
def test_ffmpeg_reads_the_cues(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"cues{kind}"
    path.write_text(written(kind, "One\n\n2\n\nthree", "x --> y", "7"), "utf-8")
    told = output_of("ffmpeg", "-v", "error", "-i", str(path), "-f", "srt", "-").decode()
    assert told.replace("-->", "->").replace("\r", "").split("\n\n") == [
        "1\n00:00:00,000 -> 00:00:01,000\nOne\n2\nthree",
        "2\n00:00:01,000 -> 00:00:02,000\nx -> y",
        "3\n00:00:02,000 -> 00:00:03,000\n7",
        "",
    ]
