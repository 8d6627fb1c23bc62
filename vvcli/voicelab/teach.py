"""The teacher's recordings: shards of int16 samples at 24 kHz, with targets for each frame.

A shard is `NNNN.npz`: its utterances end to end, padded to whole latent frames, with texts,
voices, phonemes and curves. Shards that exist are kept, so a run resumes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vvcli.voicelab.settings import RATE, Settings
from vvcli.voicelab.teacher.batch import Speech
from vvcli.voicelab.teacher.kokoro import Line, Teacher
from vvcli.voicelab.teacher.recording import Utterance, finish


@dataclass(frozen=True)
class Recordings:
    """U utterances end to end, utterance i of `frames[i]` latent frames; F frames in all."""

    samples: NDArray[np.int16]  # [F·hop] at 24 kHz
    frames: NDArray[np.int64]  # [U]
    voices: NDArray[np.int64]  # [U]
    spoken_counts: NDArray[np.int64]  # [U] phonemes of each utterance
    spoken: NDArray[np.uint8]  # [sum(spoken_counts)] ids
    phonemes: NDArray[np.uint8]  # [F], and so are the curves; see `teacher.recording`
    pitch: NDArray[np.float16]
    voiced: NDArray[np.bool_]
    energy: NDArray[np.float16]
    texts: list[str]


def read_lines(path: Path, settings: Settings, teacher: Teacher) -> list[Line]:
    """Lines of `text<TAB>phonemes`; line i is for voice i modulo the number of voices.

    Lines that are too long for the teacher, or have nothing to say, are left out.
    """
    lines = []
    for i, row in enumerate(path.read_text("utf-8").splitlines()):
        text, _, spelled = row.partition("\t")
        phonemes = teacher.phonemes(spelled)
        if 2 <= len(phonemes) <= settings.teaching.max_phonemes:
            lines.append(Line(text, phonemes, i % len(settings.voices)))
    return lines


def teach(
    settings: Settings,
    teacher: Teacher,
    lines: list[Line],
    folder: Path,
    minutes: float | None = None,
) -> None:
    """Have `lines` spoken into shards in `folder`, for so many `minutes` at most."""
    folder.mkdir(parents=True, exist_ok=True)
    size = settings.teaching.shard_lines
    started, seconds = time.monotonic(), 0.0
    # The teacher's GPU goes on while threads trim and write what it has spoken.
    with ThreadPoolExecutor(8) as pool, ThreadPoolExecutor(1) as writer:
        writes: list[Future[None]] = []
        for number, start in enumerate(range(0, len(lines), size)):
            path = folder / f"{number:04}.npz"
            elapsed = time.monotonic() - started
            if path.exists() or (minutes is not None and elapsed > 60 * minutes):
                continue
            chosen = lines[start : start + size]
            done: dict[int, Future[Utterance | None]] = {}
            for i, speech in teacher.speak(chosen):
                seconds += len(speech.samples) / RATE
                phonemes = np.array([0, *chosen[i].phonemes, 0])
                done[i] = pool.submit(_finish, speech, phonemes, settings.hop)
            writes.append(writer.submit(_write, path, chosen, done))
            elapsed = time.monotonic() - started
            line = f"teach {path.stem} {elapsed:.0f}s {seconds / 3600:.2f} hours"
            print(f"{line} {seconds / elapsed:.0f} x", file=sys.stderr, flush=True)  # noqa: T201
        for write in writes:
            write.result()


def _finish(speech: Speech, phonemes: NDArray[np.int64], hop: int) -> Utterance | None:
    samples, durations, pitch = (
        tensor.cpu().numpy() for tensor in (speech.samples, speech.durations, speech.pitch)
    )
    return finish(samples, phonemes, durations, pitch, hop)


def _write(path: Path, lines: list[Line], done: dict[int, Future[Utterance | None]]) -> None:
    pairs = [(lines[i], done[i].result()) for i in sorted(done)]
    heard = [(line, utterance) for line, utterance in pairs if utterance is not None]
    utterances = [utterance for _, utterance in heard]
    # Under another name until it is whole, so that a shard which exists is complete.
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        samples=np.concatenate([u.samples for u in utterances]),
        frames=np.array([u.frames for u in utterances]),
        voices=np.array([line.voice for line, _ in heard]),
        spoken_counts=np.array([len(line.phonemes) for line, _ in heard]),
        spoken=np.concatenate([np.array(line.phonemes, np.uint8) for line, _ in heard]),
        phonemes=np.concatenate([u.phonemes for u in utterances]),
        pitch=np.concatenate([u.pitch for u in utterances]),
        voiced=np.concatenate([u.voiced for u in utterances]),
        energy=np.concatenate([u.energy for u in utterances]),
        texts=np.array([line.text for line, _ in heard]),
    )
    partial.rename(path)


def load_recordings(folder: Path, shards: int | None = None) -> Recordings:
    """The first `shards` shards of `folder`, or all, in order."""
    paths = sorted(p for p in folder.glob("*.npz") if ".partial" not in p.name)[:shards]
    return joined(np.load(path) for path in paths)


def joined(shards: Iterable[np.lib.npyio.NpzFile]) -> Recordings:
    """The utterances of `shards`, end to end."""
    loaded = list(shards)
    names = [field.name for field in fields(Recordings) if field.name != "texts"]
    arrays = {name: np.concatenate([shard[name] for shard in loaded]) for name in names}
    return Recordings(**arrays, texts=[str(text) for shard in loaded for text in shard["texts"]])
