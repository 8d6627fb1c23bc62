"""Recordings are trimmed, silent at both ends, and their targets stand where the sound is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from vvcli.voicelab.phonemes import spelled
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.teach import load_recordings, read_lines, teach
from vvcli.voicelab.teacher.batch import Speech
from vvcli.voicelab.teacher.kokoro import Line
from vvcli.voicelab.teacher.recording import finish

RATE, HOP = 24_000, 1920
FLAT = np.zeros(320, np.float32)  # a pitch curve without voice


def tone_between(start: float, end: float, seconds: float) -> np.ndarray:
    """A tone of 200 Hz from second `start` to `end`, silence around it, and an offset."""
    times = np.arange(int(RATE * seconds)) / RATE
    inside = (times >= start) & (times < end)
    return (0.01 * inside + 0.3 * inside * np.sin(2 * np.pi * 200 * times)).astype(np.float32)


class Hummer:
    """A teacher that hums: 200 Hz for 100 ms a phoneme, between silences of 500 ms."""

    def phonemes(self, spelled: str) -> list[int]:
        return [ord(c) % 178 for c in spelled if c.isalpha()]

    def speak(self, lines: Sequence[Line]) -> Iterator[tuple[int, Speech]]:
        for i in reversed(range(len(lines))):
            count = len(lines[i].phonemes)
            samples = tone_between(0.5, 0.5 + 0.1 * count, 1 + 0.1 * count)
            pitch = np.where(tone_between(0, 1, 1 + 0.1 * count)[::300] != 7, 200.0, 0.0)
            durations = torch.tensor([20, *[4] * count, 20])
            yield i, Speech(torch.from_numpy(samples), durations, torch.from_numpy(pitch))


def test_an_utterance_is_trimmed_and_silent_at_its_ends() -> None:
    samples = tone_between(1.0, 2.0, 4.0)
    utterance = finish(samples, np.array([0]), np.array([160]), FLAT, HOP)
    assert utterance is not None
    assert utterance.samples.shape == (utterance.frames * HOP,)
    assert 1.24 <= utterance.samples.size / RATE <= 1.24 + HOP / RATE
    edge = RATE * 30 // 1000
    assert not utterance.samples[:edge].any()
    assert not utterance.samples[-edge:].any()


def test_utterances_are_equally_loud_without_offset() -> None:
    for factor in (0.2, 3.0):
        samples = np.float32(factor) * tone_between(1.0, 2.0, 4.0)
        utterance = finish(samples, np.array([0]), np.array([160]), FLAT, HOP)
        assert utterance is not None
        loud = utterance.samples[RATE // 4 : RATE].astype(float) / 32768
        assert np.sqrt((loud**2).mean()) == pytest.approx(10 ** (-23 / 20), rel=0.07)


def test_targets_stand_where_the_sound_is() -> None:
    samples = tone_between(1.0, 2.0, 4.0)
    pitch = np.where((np.arange(320) >= 80) & (np.arange(320) < 160), 200.0, 0.0).astype(np.float32)
    durations = np.array([40, 20, 20, 80])
    utterance = finish(samples, np.array([0, 7, 9, 0]), durations, pitch, HOP)
    assert utterance is not None
    # The tone begins one frame of 80 ms in, changes its phoneme after 500 ms, and ends after 1 s.
    inner = slice(2, 12)
    assert utterance.voiced[inner].all()
    assert (utterance.pitch[inner] == 1).all()
    assert utterance.phonemes[2:7].tolist() == [7] * 5
    assert utterance.phonemes[8:12].tolist() == [9] * 4
    assert utterance.phonemes[0] == 0
    assert not utterance.voiced[-2:].any()
    assert utterance.energy[-1] == -5
    assert (utterance.energy[inner] > -1.3).all()


def test_silence_is_no_utterance() -> None:
    assert finish(np.zeros(2400, np.float32), np.array([0]), np.array([4]), FLAT[:8], HOP) is None


@pytest.fixture
def lines(tmp_path: Path, settings: Settings) -> list[Line]:
    rows = ["hi there\thˈI", "nothing\t.", "yes\tjˈɛs", "no\tnˈO", "so\tsˈO", "and\tænd"]
    (tmp_path / "lines.tsv").write_text("\n".join(rows), "utf-8")
    return read_lines(tmp_path / "lines.tsv", settings, Hummer())


def test_lines_alternate_between_voices(lines: list[Line]) -> None:
    assert [line.text for line in lines] == ["hi there", "yes", "no", "so", "and"]
    assert [line.voice for line in lines] == [0, 0, 1, 0, 1]


def test_recordings_keep_the_order_of_the_lines(
    tmp_path: Path, settings: Settings, lines: list[Line]
) -> None:
    teach(settings, Hummer(), lines, tmp_path)
    recordings = load_recordings(tmp_path)
    assert recordings.texts == [line.text for line in lines]
    assert recordings.voices.tolist() == [line.voice for line in lines]
    assert recordings.spoken_counts.tolist() == [len(line.phonemes) for line in lines]
    total = int(recordings.frames.sum())
    assert recordings.samples.shape == (total * settings.hop,)
    for curve in (recordings.phonemes, recordings.pitch, recordings.voiced, recordings.energy):
        assert curve.shape == (total,)


def test_shards_that_exist_are_kept(tmp_path: Path, settings: Settings, lines: list[Line]) -> None:
    teach(settings, Hummer(), lines[:3], tmp_path)
    before = (tmp_path / "0000.npz").stat().st_mtime_ns
    teach(settings, Hummer(), lines, tmp_path)
    assert (tmp_path / "0000.npz").stat().st_mtime_ns == before
    assert len(load_recordings(tmp_path).texts) == len(lines)


def test_the_letter_a_is_spelled_for_the_phonemizer() -> None:
    assert spelled("Ay b, an ay, day") == "[ay](/ˈA/) b, an [ay](/ˈA/), day"
