"""What the judges say of recordings: asked in a process of their own, and remembered."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vvcli.voicelab.judges import worker

_LETTER_A = re.compile(r"\bay\b", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What was said and heard in small plain words, and how natural it sounded, from 1 to 5."""

    said: str
    heard: str
    naturalness: float


class Panel:
    """The judges whose packages are in `packages`; verdicts are kept in `memory`."""

    def __init__(self, packages: Path, memory: Path) -> None:
        self._packages, self._memory = packages, memory
        memory.mkdir(parents=True, exist_ok=True)

    def judge(self, recordings: Sequence[Path], texts: Sequence[str]) -> list[Verdict]:
        """A verdict on each of `recordings`, wav files in which `texts` are said.

        Raises:
            RuntimeError: the judges ended without a verdict.
        """
        kept = [self._kept(path, text) for path, text in zip(recordings, texts, strict=True)]
        asked = [i for i, path in enumerate(kept) if not path.exists()]
        if asked:
            requests = [
                json.dumps({"path": str(recordings[i]), "text": _LETTER_A.sub("a", texts[i])})
                for i in asked
            ]
            for i, verdict in zip(asked, self._ask(requests), strict=True):
                kept[i].write_text(json.dumps(asdict(verdict)), "utf-8")
        return [Verdict(**json.loads(path.read_text("utf-8"))) for path in kept]

    def _kept(self, recording: Path, text: str) -> Path:
        digest = hashlib.sha256(recording.read_bytes() + text.encode()).hexdigest()
        return self._memory / f"{digest[:32]}.json"

    def _ask(self, requests: Sequence[str]) -> list[Verdict]:
        command = [sys.executable, worker.__file__, str(self._packages)]
        done = subprocess.run(  # noqa: S603
            command,
            input="\n".join(requests) + "\n",
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(self._packages)},
        )
        answers = [Verdict(**json.loads(line)) for line in done.stdout.splitlines()]
        if len(answers) < len(requests):
            raise RuntimeError(f"the judges in {self._packages} ended with {done.returncode}")
        return answers
