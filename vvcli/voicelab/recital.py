"""A voice speaks everything that it is judged on, into a folder of wav files.

The folder has a folder a voice, and in it one a set: `held_out`, `words`, `hard`; the files are
`NNN.wav`, numbered as the lines of the set, and `whole.json` lists the numbers that were spoken to
their end. The teacher's folders have the same form, and the peers' too.
"""

from __future__ import annotations

import json
import wave
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vvcli import Record, Status, Synthesizer
from vvcli.samples import FULL_SCALE, INT16_RANGE
from vvcli.voicelab.copy_synthesis import write_wave
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.teach import load_recordings

WHOLE = "whole.json"
TEACHER = "teacher"
Lines = Mapping[int, str]


def lines_of(settings: Settings, lines: Sequence[str], voice: int, count: int) -> Lines:
    """The first `count` of the lines that are for voice number `voice`, by number."""
    return {i: lines[i] for i in range(voice, len(lines), len(settings.voices))[:count]}


def hard_lines() -> Lines:
    """Lines that break voices, dialogue and questions, as people write them."""
    text = resources.files(__package__).joinpath("hard_lines.txt").read_text("utf-8")
    return dict(enumerate(line for line in text.splitlines() if line[:1] not in ("", "#")))


def speak(synthesizer: Synthesizer, lines: Lines, folder: Path) -> None:
    """Speak `lines` into `folder`, if it is not done yet."""
    if (folder / WHOLE).exists():
        return
    records = [Record(number, text) for number, text in lines.items()]
    whole = []
    for record, utterance in zip(records, synthesizer.speak(records), strict=True):
        samples = (utterance.samples.clip(-1, 1) * FULL_SCALE).round().astype(np.int16)
        write_wave(folder / f"{record.index:03}.wav", samples)
        if utterance.status is Status.OK:
            whole.append(record.index)
    (folder / WHOLE).write_text(json.dumps(whole), "utf-8")


def write_teacher(settings: Settings, audio: Path, texts: Sequence[str], folder: Path) -> None:
    """Write recordings of `texts` from the shards in `audio` to folders of the teacher's voices."""
    numbers = {text.lower(): i for i, text in enumerate(texts)}
    recordings = load_recordings(audio)
    ends = recordings.frames.cumsum() * settings.hop
    starts = np.concatenate([[0], ends[:-1]])
    for voice in range(len(settings.voices)):
        target = folder / settings.voices[voice].name / audio.name.removesuffix("_audio")
        whole = []
        for i in np.flatnonzero(recordings.voices == voice):
            number = numbers.get(recordings.texts[i])
            if number is not None:
                samples = recordings.samples[starts[i] : ends[i]]
                write_wave(target / f"{number:03}.wav", samples)
                whole.append(number)
        (target / WHOLE).write_text(json.dumps(whole), "utf-8")


def load(folder: Path, numbers: Sequence[int]) -> list[NDArray[np.float32]]:
    """Samples, -1 to 1, of the files with these numbers."""
    found = []
    for number in numbers:
        with wave.open(str(folder / f"{number:03}.wav")) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        found.append(samples.astype(np.float32) / np.float32(INT16_RANGE))
    return found


def spoken(folder: Path) -> list[int]:
    """The numbers of the files in `folder`."""
    return sorted(int(path.stem) for path in folder.glob("*.wav"))


def whole(folder: Path) -> set[int]:
    """The numbers of those that were spoken to their end."""
    return set(json.loads((folder / WHOLE).read_text("utf-8")))
