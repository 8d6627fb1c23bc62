"""The table: who is judged on which lines, and what counts as broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.voicelab.utterances import tone
from vvcli import Record, Status
from vvcli.voicelab import evaluate as table
from vvcli.voicelab import recital, speed
from vvcli.voicelab.copy_synthesis import write_wave
from vvcli.voicelab.judges import hearing, peers
from vvcli.voicelab.judges.panel import Panel, Verdict
from vvcli.voicelab.settings import Settings

LINES = [f"Line number {i}." for i in range(5)]
PACE = 0.02

PEER = """
import sys, wave
with wave.open(sys.argv[1], "w") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(8000)
    file.writeframes(bytes(1600))
"""


class FakeSynthesizer:
    """Speaks noise, `PACE` seconds a character; the last record is cut short."""

    def __init__(self, model: Path, voice: str, device: str, steps: int | None) -> None:
        self.made = (model, voice, device, steps)

    def speak(self, records: Sequence[Record]) -> Iterator[Any]:
        rng = np.random.default_rng(0)
        for record in records:
            status = Status.TRUNCATED if record is records[-1] else Status.OK
            samples = 0.1 * rng.standard_normal(int(24_000 * PACE) * len(record.text)).astype(
                np.float32
            )
            yield SimpleNamespace(samples=samples, status=status)


class FakePanel(Panel):
    """Hears the last word wrong, but for the teacher."""

    def judge(self, recordings: Sequence[Path], texts: Sequence[str]) -> list[Verdict]:
        found = []
        for path, text in zip(recordings, texts, strict=True):
            said = text.lower().strip(".?!").replace(",", "")
            wrong = said.rsplit(" ", 1)[0] + " oops"
            found.append(Verdict(said, said if "teacher" in path.parts else wrong, 4.0))
        return found


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "held_out.txt").write_text("\n".join(LINES))
    (tmp_path / "words.txt").write_text("The words are fox, dog, and cat.\n" * 2)
    monkeypatch.setattr(table, "Synthesizer", FakeSynthesizer)
    for name in ("real_time_factor", "first_byte", "megabytes"):
        monkeypatch.setattr(speed, name, lambda *_: 0.5)
    return tmp_path


def evaluated(work: Path) -> dict[str, list[str]]:
    text = table.evaluate(
        Settings(), Path("model"), work, FakePanel(work, work / "verdicts"), 200, work / "speech"
    )
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row[0], row[3:])
    return found


def test_each_voice_has_lines_of_its_own() -> None:
    mine, others = (recital.lines_of(Settings(), LINES, voice, 2) for voice in (0, 1))
    assert mine == {0: LINES[0], 2: LINES[2]}
    assert others == {1: LINES[1], 3: LINES[3]}


def test_there_are_seventy_hard_lines() -> None:
    assert len(recital.hard_lines()) == 70


@pytest.mark.slow
def test_the_table_without_a_teacher(work: Path) -> None:
    rows = evaluated(work)
    assert rows["sentences"] == ["3", "2"]
    assert rows["DistilMOS, mean"] == ["4.00", "4.00"]
    assert rows["word errors beyond the teacher's, %"] == ["unknown", "unknown"]
    assert rows["cut short, run on, repeated"] == ["1", "1"]
    assert rows["words in carrier sentences, wrong beyond the teacher's, %"][0] == "33.3 in all"
    assert rows["size, MB"] == ["0.5", "0.5"]


@pytest.mark.slow
def test_what_the_teacher_said_is_compared(work: Path) -> None:
    for voice, numbers in (("clara", (0, 2, 4)), ("miles", (1, 3))):
        folder = work / recital.TEACHER / voice / "held_out"
        for number in numbers:
            seconds = PACE * len(LINES[number]) * (2 if number == 2 else 1)
            samples = (9000 * tone(0, 4, seconds)).astype(np.int16)
            write_wave(folder / f"{number:03}.wav", samples)
    rows = evaluated(work)
    # Line 2 has half of the teacher's duration, and line 4 was truncated.
    assert rows["cut short, run on, repeated"] == ["2", "1"]
    assert rows["word errors beyond the teacher's, %"] == ["+33.3", "+33.3"]


@pytest.mark.slow
def test_speech_that_is_there_is_not_spoken_again(work: Path) -> None:
    evaluated(work)
    path = work / "speech/clara/held_out/000.wav"
    before = path.stat().st_mtime_ns
    evaluated(work)
    assert path.stat().st_mtime_ns == before


def test_hard_lines_may_have_one_word_wrong() -> None:
    verdicts = {
        0: Verdict("why", "oh", 4.0),
        1: Verdict("one two three", "x y z", 4.0),
        2: Verdict("fine", "fine", 4.0),
    }
    assert hearing.hard(verdicts, {0, 1}) == [1, 2]


def test_words_are_found_wherever_they_are_heard() -> None:
    verdict = Verdict("the words are fox dog and cat", "the word sir fox and dog", 4.0)
    assert hearing.words_wrong({0: verdict}) == pytest.approx(100 / 3)


def test_peers_that_are_there_are_compared(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = work / "speaks.py"
    script.write_text(PEER)
    here = peers.Peer("one", (sys.executable, str(script), "{path}", "{text}"))
    away = peers.Peer("two", ("no-such-program-of-this-name", "{path}"))
    module = peers.Peer("three", (), "no_such_module")
    monkeypatch.setattr(peers, "PEERS", (here, away, module))
    panel = FakePanel(work, work / "verdicts")
    rows = peers.compare(panel, {0: "Hello there."}, work / "peers", work).splitlines()
    assert len(rows) == 3
    assert rows[2].startswith("| one | 4.00 | 50.0 / ")
