"""A recogniser as the judge of clarity: pocketsphinx in batch (Debian package pocketsphinx)."""

from __future__ import annotations

import subprocess
import tempfile
import wave
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODELS = Path("/usr/share/pocketsphinx/model/en-us")  # pocketsphinx-en-us
RATE = 16_000


def recognise(recordings: Sequence[NDArray[np.float32]]) -> list[str]:
    """What the recogniser hears in each of `recordings`, samples at 16 kHz."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"{i:05}" for i in range(len(recordings))]
        for file, samples in zip(names, recordings, strict=True):
            _write_wave(folder / f"{file}.wav", samples)
        (folder / "list").write_text("\n".join(names) + "\n")
        command = [
            "pocketsphinx_batch",
            *("-hmm", str(MODELS / "en-us")),
            *("-lm", str(MODELS / "en-us.lm.bin")),
            *("-dict", str(MODELS / "cmudict-en-us.dict")),
            *("-adcin", "yes", "-adchdr", "44", "-cepdir", name, "-cepext", ".wav"),
            *("-ctl", str(folder / "list"), "-hyp", str(folder / "heard")),
        ]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        heard = {}
        for line in (folder / "heard").read_text().splitlines():
            text, _, tail = line.rpartition(" (")
            heard[tail.split()[0]] = text.strip()
        return [heard.get(file, "") for file in names]


def word_errors(text: str, heard: str) -> tuple[int, int]:
    """Substitutions, insertions and deletions between the words of two texts, and words of the
    first.

    >>> word_errors("the cat sat.", "the bad cat")
    (2, 3)
    """
    ours, theirs = _words(text), _words(heard)
    row = list(range(len(theirs) + 1))
    for i, word in enumerate(ours, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(theirs, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1], len(ours)


def repeats(text: str, heard: str) -> bool:
    """Whether a word is heard twice in a row that is not in `text` twice in a row."""
    ours, theirs = _words(text), _words(heard)
    doubled = {a for a, b in pairwise(ours) if a == b}
    return any(a == b and a not in doubled for a, b in pairwise(theirs))


def _words(text: str) -> list[str]:
    return "".join(c if c.isalpha() or c == "'" else " " for c in text.lower()).split()


def _write_wave(path: Path, samples: NDArray[np.float32]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).clip(-32767, 32767).astype("<i2").tobytes())
