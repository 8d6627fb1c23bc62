"""How fast a model folder speaks on this machine's CPU, how soon, and how large it is."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from vvcli import Synthesizer
from vvcli.voicelab.settings import RATE

ROUNDS = 8
LINE = "The meeting moved to Tuesday at half past nine, and everyone was told in time."


def real_time_factor(model: Path, streams: int) -> float:
    """Compute time over audio time with `streams` records at once.

    The best of several rounds: whatever else the machine does can only slow them.
    """
    synthesizer = Synthesizer(model, device="cpu", streams=streams)
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        utterances = synthesizer.speak([LINE] * streams)
        seconds = sum(len(utterance.samples) for utterance in utterances) / RATE
        rounds.append((time.perf_counter() - start) / seconds)
    return min(rounds)


def first_byte(model: Path) -> float:
    """Seconds from the start of a process to its first two bytes of sound."""
    command = [sys.executable, "-m", "vvcli", "speak", "-m", str(model)]
    times = []
    for _ in range(3):  # the first one warms the disk
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
    return min(times[1:])


def megabytes(folder: Path) -> float:
    """The size of all files in `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
