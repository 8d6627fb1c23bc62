"""Other synthesizers on the same sentences, so that the table has something to stand beside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vvcli.voicelab import recital
from vvcli.voicelab.judges.hearing import error_rates
from vvcli.voicelab.judges.panel import Panel


@dataclass(frozen=True)
class Peer:
    """A program that speaks `{text}` into the file `{path}`."""

    name: str
    command: tuple[str, ...]
    module: str | None = None  # of Python, in the folder of the teacher's packages

    def present(self, packages: Path) -> bool:
        """Whether it is installed."""
        if self.module is not None:
            return (packages / self.module).is_dir()
        return shutil.which(self.command[0]) is not None

    def speak(self, text: str, path: Path, packages: Path) -> float:
        """Speak `text` into `path`; returns the seconds that it took, its start included.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [part.format(text=text, path=path) for part in self.command]
        start = time.perf_counter()
        subprocess.run(  # noqa: S603
            command,
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(packages)},
        )
        return time.perf_counter() - start


PEERS = (
    Peer("hibari-tts", (sys.executable, "-m", "hibari.cli", "{text}", "-o", "{path}"), "hibari"),
    Peer("flite slt", ("flite", "-voice", "slt", "-t", "{text}", "-o", "{path}")),
    Peer("flite rms", ("flite", "-voice", "rms", "-t", "{text}", "-o", "{path}")),
    Peer("espeak-ng", ("espeak-ng", "-w", "{path}", "{text}")),
)


def compare(panel: Panel, lines: recital.Lines, folder: Path, packages: Path) -> str:
    """A table of the peers that are installed, as Markdown; their speech is kept in `folder`.

    `packages` is the folder of the teacher's packages, one of which is a peer.
    """
    head = ["", "DistilMOS", "word / character errors, %", "seconds a second of speech"]
    rows = [head, ["---"] * len(head)]
    for peer in PEERS:
        if not peer.present(packages):
            continue
        paths = [folder / peer.name / f"{number:03}.wav" for number in lines]
        spent = sum(
            peer.speak(text, path, packages)
            for path, text in zip(paths, lines.values(), strict=True)
        )
        verdicts = panel.judge(paths, list(lines.values()))
        naturalness = np.mean([verdict.naturalness for verdict in verdicts])
        wer, cer = error_rates(verdicts)
        speech = sum(map(_seconds, paths))
        rows.append(
            [peer.name, f"{naturalness:.2f}", f"{wer:.1f} / {cer:.1f}", f"{spent / speech:.3f}"]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()
