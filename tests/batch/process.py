"""`python -m tests.batch.process ARGUMENTS`: vvcli as a process, quick to start where asked.

With VVCLI_TEST_FAKE=seconds, a synthesizer without a model speaks, so that a process can be killed
often, and nearly always while it writes; a chunk takes it so long. With VVCLI_TEST_KILL_AT=n, it
dies at the n-th time that it opens, renames or removes a file below VVCLI_TEST_KILL_IN.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType, SimpleNamespace

from tests.batch.fakes import speak
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.resume import JobStep
from vvcli.batch.runner import Events, Runner
from vvcli.cli import main
from vvcli.script.record import Record
from vvcli.speech.values import Chunk

THREADS = 3  # that encode files of FLAC


class FakeSynthesizer:
    def __init__(self, **options: object) -> None:
        self.voice = SimpleNamespace(name="Ada")
        self.streams, self.device, self.active, self.clipped = 1, "fake", 1, 0
        self.workers, self.fleet = 1, self

    def make(
        self,
        steps: Iterator[JobStep],
        runner: Runner,
        stops: Callable[[ManifestEntry], bool],
    ) -> Events:
        files, ahead = itertools.tee(steps)
        chunks = self.stream(record for step in ahead for record in step.job.records)
        for event in runner.make(files, chunks, THREADS):
            yield event
            if isinstance(event, ManifestEntry) and stops(event):
                return

    def report(self) -> list[dict[str, object]]:
        return []

    def close(self) -> None:
        pass

    def stream(self, lines: Iterable[Record]) -> Iterator[Chunk]:
        for chunk in speak(lines):
            time.sleep(float(os.environ.get("VVCLI_TEST_FAKE", 0)))
            yield chunk


def fakes() -> dict[str, ModuleType]:
    """Modules that stand for those that import torch."""
    fake = ModuleType("vvcli.synthesizer")
    fake.Synthesizer = FakeSynthesizer  # type: ignore[attr-defined]
    device = ModuleType("vvcli.speech.device")
    device.release_workspaces = lambda: None  # type: ignore[attr-defined]
    return {module.__name__: module for module in (fake, device)}


def die_at(number: int, folder: str) -> None:
    """Be killed at the `number`-th event of files, by name or from a descriptor."""
    left = number

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event not in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"):
            return
        name = str(arguments[0])
        if name.startswith("/") and not name.startswith(folder):
            return  # a module or the like
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


if __name__ == "__main__":
    if os.environ.get("VVCLI_TEST_FAKE"):
        sys.modules |= fakes()
    if os.environ.get("VVCLI_TEST_KILL_AT"):
        die_at(int(os.environ["VVCLI_TEST_KILL_AT"]), os.environ["VVCLI_TEST_KILL_IN"])
    main.main()
