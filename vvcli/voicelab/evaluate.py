"""The table of what the embedded voice must reach, measured on sentences it was not trained on."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vvcli import Status, Synthesizer
from vvcli.voicelab.cepstra import mel_cepstral_distance
from vvcli.voicelab.recogniser import recognise, repeats, word_errors
from vvcli.voicelab.settings import Settings, Voice
from vvcli.voicelab.signals import to_16k
from vvcli.voicelab.teach import spoken

# Of the teacher's duration: outside of these an utterance is cut short or has run on. A word more
# lasts longer, so what sounds like a repeat counts from the last on; the recogniser alone hears
# repeats in the teacher's speech, too.
SHORTEST, LONGEST, LONGER = 0.8, 1.25, 1.1
SPEED_ROUNDS = 8
SPEED_LINE = "The meeting moved to Tuesday at half past nine, and everyone was told in time."


@dataclass(frozen=True)
class VoiceResult:
    """One voice beside its teacher on the same sentences."""

    name: str
    sentences: int
    errors: float  # word error rate, 0 to 1
    teacher_errors: float
    distance: float  # dB
    broken: list[str]  # sentences cut short, run on, or with repeated words


def evaluate_voice(synthesizer: Synthesizer, voice: Voice, sentences: list[str]) -> VoiceResult:
    """Let voice and teacher speak `sentences`, and the recogniser write both down."""
    ours, whole = [], []
    for utterance in synthesizer.speak(sentences):
        ours.append(to_16k(torch.from_numpy(utterance.samples)[None])[0].numpy())
        whole.append(utterance.status is Status.OK)
    theirs = [spoken(voice, s).astype(np.float32) / np.float32(32768) for s in sentences]
    heard, heard_theirs = recognise(ours), recognise(theirs)
    tempi = [len(a) / len(b) for a, b in zip(ours, theirs, strict=True)]
    broken = [
        sentence
        for sentence, ok, tempo, text in zip(sentences, whole, tempi, heard, strict=True)
        if not (ok and SHORTEST < tempo < LONGEST) or (tempo > LONGER and repeats(sentence, text))
    ]
    distances = [mel_cepstral_distance(a, b) for a, b in zip(ours, theirs, strict=True)]
    return VoiceResult(
        name=voice.name,
        sentences=len(sentences),
        errors=_error_rate(sentences, heard),
        teacher_errors=_error_rate(sentences, heard_theirs),
        distance=float(np.mean(distances)),
        broken=broken,
    )


def evaluate(settings: Settings, model: Path, sentences: list[str], count: int) -> str:
    """The whole table, as Markdown, for the model folder `model`.

    Voice i is judged on `count` of `sentences` from number i·count on.
    """
    lines = ["| | must | aim | " + " | ".join(v.name for v in settings.voices) + " |"]
    lines.append("|---" * (3 + len(settings.voices)) + "|")
    results = []
    for i, voice in enumerate(settings.voices):
        synthesizer = Synthesizer(model, voice=voice.name, device="cpu", streams=8)
        chosen = sentences[i * count : (i + 1) * count]
        results.append(evaluate_voice(synthesizer, voice, chosen))
        for sentence in results[-1].broken:
            print(f"{voice.name}: not whole: {sentence}", file=sys.stderr)  # noqa: T201
    rows = [
        ("sentences", "200", "", [str(r.sentences) for r in results]),
        ("word error rate", "", "", [f"{r.errors:.1%}" for r in results]),
        ("the teacher's", "", "", [f"{r.teacher_errors:.1%}" for r in results]),
        (
            "points above the teacher",
            "≤ 10",
            "≤ 3",
            [f"{100 * (r.errors - r.teacher_errors):.1f}" for r in results],
        ),
        ("mel-cepstral distance, dB", "", "", [f"{r.distance:.2f}" for r in results]),
        ("cut short, run on, repeated", "≤ 2", "0", [str(len(r.broken)) for r in results]),
    ]
    same = len(settings.voices)
    rows += [
        ("real-time factor, 1 stream", "≤ 0.25", "0.08", [f"{_speed(model, 1):.3f}"] * same),
        ("real-time factor, 8 streams", "≤ 0.15", "0.04", [f"{_speed(model, 8):.3f}"] * same),
        ("first bytes of a process, s", "≤ 4", "2", [f"{_first_bytes(model):.1f}"] * same),
        ("size, MB", "≤ 45", "20", [f"{_size(model) / 1e6:.1f}"] * same),
    ]
    lines += ["| " + " | ".join([what, must, aim, *got]) + " |" for what, must, aim, got in rows]
    return "\n".join(lines)


def _error_rate(sentences: list[str], heard: list[str]) -> float:
    counts = [word_errors(s, h) for s, h in zip(sentences, heard, strict=True)]
    return sum(errors for errors, _ in counts) / sum(words for _, words in counts)


def _speed(model: Path, streams: int) -> float:
    """Compute time over audio time with `streams` records at once.

    The best of several rounds: whatever else the machine does can only slow them.
    """
    synthesizer = Synthesizer(model, device="cpu", streams=streams)
    rounds = []
    for _ in range(SPEED_ROUNDS):
        start = time.perf_counter()
        utterances = synthesizer.speak([SPEED_LINE] * streams)
        seconds = sum(len(utterance.samples) for utterance in utterances) / 24_000
        rounds.append((time.perf_counter() - start) / seconds)
    return min(rounds)


def _first_bytes(model: Path) -> float:
    """Seconds from the start of a process to its first two bytes of sound."""
    command = [sys.executable, "-m", "vvcli", "speak", "-m", str(model)]
    times = []
    for _ in range(2):  # the first one warms the disk
        start = time.perf_counter()
        with subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None  # noqa: S101
            assert process.stdout is not None  # noqa: S101
            process.stdin.write(b"Hello world.\n")
            process.stdin.close()
            process.stdout.read(2)
            times.append(time.perf_counter() - start)
            process.stdout.read()
    return times[-1]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
