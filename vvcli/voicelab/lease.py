"""Stages one after the other within a time, on a machine that is lent and keeps nothing.

Each stage is a command of voicelab in a process of its own: one that fails or overruns its time
does not take the others' results with it, and its memory is free for the next. At the end the
weights are packed, whatever happened before.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from vvcli.voicelab.parts import pack

# Commands that take `--minutes`; those that name none are given all that is left.
BOUNDED = ("teach", "autoencoder", "decoder", "train")
# A training needs so much to save and end; packing comes after it.
ENDING_SECONDS = 15.0


def lease(
    stages: Sequence[str],
    options: Sequence[str],
    work: Path,
    output: Path,
    names: Sequence[str],
    minutes: float,
) -> list[str]:
    """Run `stages`, command lines behind the common `options`, for `minutes`; pack to `output`.

    Returns a line a stage: its command, its seconds and its exit status. A stage after one that
    failed is not run. `names` are the groups and folders of `work` that are packed.
    """
    ends = time.monotonic() + 60 * minutes
    outcomes: list[str] = []
    try:
        for stage in stages:
            start = time.monotonic()
            left = ends - start - ENDING_SECONDS
            words = shlex.split(stage)
            if words[0] in BOUNDED and "--minutes" not in words:
                words += ["--minutes", f"{max(left, 1.0) / 60:.3f}"]
            status = _run([*options, *words], max(left, 1.0) + ENDING_SECONDS)
            seconds = time.monotonic() - start
            outcomes.append(f"{shlex.join(words)}: {seconds:.0f} s, {status}")
            if status != "done":
                break
    finally:
        pack(work, output, names)
    return outcomes


def _run(arguments: Sequence[str], seconds: float) -> str:
    command = [sys.executable, "-m", "vvcli.voicelab", *arguments]
    try:
        done = subprocess.run(command, timeout=seconds, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return "ended for lack of time"
    return "done" if done.returncode == 0 else f"failed with {done.returncode}"
