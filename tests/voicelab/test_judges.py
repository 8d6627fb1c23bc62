"""Meters and counts know what they are given; verdicts are asked for once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.voicelab.utterances import tone
from vvcli.voicelab.copy_synthesis import write_wave
from vvcli.voicelab.judges import meters, paired, worker
from vvcli.voicelab.judges.panel import Panel, Verdict
from vvcli.voicelab.judges.words import errors, repeats, word_errors

FAKE = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    with open(sys.argv[1] + "/asked", "a") as file:
        file.write(request["text"] + "|")
    if request["text"] == "die":
        sys.exit(3)
    print(json.dumps({"said": request["text"], "heard": "a b", "naturalness": 4.5}), flush=True)
"""


@pytest.mark.parametrize("semitones", [-6.0, 0.0, 8.0, 15.0])
def test_the_pitch_of_a_buzz_is_found(semitones: float) -> None:
    found = meters.pitches(tone(semitones))
    assert len(found) > 80
    np.testing.assert_allclose(np.median(found), semitones, atol=0.3)


def test_the_spread_grows_with_the_swing() -> None:
    flat, wide = (meters.spread(meters.pitches(tone(4, swing))) for swing in (0, 4))
    assert flat < 0.2
    # From the 10th to the 90th percentile of a sine: 0.95 of its height up and down.
    np.testing.assert_allclose(wide, 4 * 2 * 0.951 / 2.563, rtol=0.1)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(24_000).astype(np.float32)
    assert len(meters.pitches(noise)) < 10
    assert meters.spread(meters.pitches(np.zeros(100, np.float32))) == 0.0


def test_levels_are_in_decibels() -> None:
    time = np.arange(24_000) / 24_000
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (1000, 10_000))
    np.testing.assert_allclose(meters.above_8k(low + 0.1 * high), -20.04, atol=0.1)
    quiet = np.concatenate([np.zeros(720), 0.5 * low, np.full(720, 0.001)]).astype(np.float32)
    np.testing.assert_allclose(meters.edges(quiet), -60, atol=0.1)
    np.testing.assert_allclose(meters.offset(0.01 + low), -40, atol=0.1)


@pytest.mark.parametrize(
    ("said", "heard", "count"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "", 3),
        ("a b", "a x b", 1),
        ("some where else", "somewhere else", 0),
        ("a b", "b a", 2),
        ("12345678910", "one 2 3 4 5 6 7 8 9 10", 0),
        ("no one came", "no 1 came", 0),
        ("it is false", "it is false i am sorry i am sorry i am sorry i am sorry i am", 3),
        ("no no no no no", "no no no no", 1),  # said so: nothing is a loop
        ("a b", "a b b b b x", 4),  # it went on after them: no loop
    ],
)
def test_word_errors_are_counted(said: str, heard: str, count: int) -> None:
    assert word_errors(said, heard) == count


def test_errors_are_a_distance() -> None:
    assert errors("abc", "abc") == 0
    assert errors("", "abc") == errors("abc", "") == 3
    assert errors("kitten", "sitting") == errors("sitting", "kitten") == 3


def test_repeats_are_those_the_text_has_not() -> None:
    assert repeats("one two", "one one two")
    assert not repeats("that that is", "that that is")


@pytest.fixture
def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Panel:
    program = tmp_path / "fake.py"
    program.write_text(FAKE)
    monkeypatch.setattr(worker, "__file__", str(program))
    return Panel(tmp_path, tmp_path / "memory")


def recordings(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{i:03}.wav" for i in range(count)]
    for i, path in enumerate(paths):
        write_wave(path, np.full(10, i, np.int16))
    return paths


def test_verdicts_come_in_order_and_are_asked_for_once(panel: Panel, tmp_path: Path) -> None:
    paths = recordings(tmp_path, 3)
    texts = ["one", "seven ay m", "three"]
    found = panel.judge(paths, texts)
    assert [verdict.said for verdict in found] == ["one", "seven a m", "three"]
    assert panel.judge(paths[::-1], texts[::-1]) == found[::-1]
    assert (tmp_path / "asked").read_text() == "one|seven a m|three|"
    write_wave(paths[0], np.ones(99, np.int16))
    panel.judge(paths, texts)
    assert (tmp_path / "asked").read_text() == "one|seven a m|three|one|"


def test_judges_that_die_are_an_error(panel: Panel, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        panel.judge(recordings(tmp_path, 2), ["one", "die"])
    assert list((tmp_path / "memory").iterdir()) == []


class Recognizer(Panel):
    """In the folder `two`, hears the first words alone, and likes later lines better."""

    def judge(self, recordings: Sequence[Path], texts: Sequence[str]) -> list[Verdict]:
        found = []
        for path, text in zip(recordings, texts, strict=True):
            is_second = path.parent.name == "two"
            heard = text.split()[0] if is_second else text
            found.append(Verdict(text, heard, 4.0 + is_second * int(path.stem) / 10))
        return found


def test_two_recitals_are_compared_line_by_line(tmp_path: Path) -> None:
    lines = {1: "a b", 2: "a b c d", 3: "a", 4: "spoken by one alone"}
    for folder, numbers in (("one", (1, 2, 3, 4)), ("two", (1, 2, 3, 7))):
        for number in numbers:
            write_wave(tmp_path / folder / f"{number:03}.wav", np.zeros(100, np.int16))
    panel = Recognizer(tmp_path, tmp_path / "verdicts")
    found = paired.compare(panel, lines, tmp_path / "one", tmp_path / "two")
    # Differences 0.1, 0.2, 0.3; 1, 3 and 0 more errors in 7 words.
    assert found == ("3", "+0.200 ± 0.058", "+57.1 ± 37.8")
    same = paired.compare(panel, lines, tmp_path / "one", tmp_path / "one")
    assert same == ("4", "+0.000 ± 0.000", "+0.0 ± 0.0")
    assert paired.table([("clara", *found)]).splitlines()[-1].startswith("| clara | 3 | +0.200")
