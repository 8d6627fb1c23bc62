"""`python -m tests.batch.process ARGUMENTS`: vvcli as a process, quick to start where asked.

With VVCLI_TEST_FAKE set, a synthesizer without a model speaks, so that a process can be killed
often, and nearly always while it writes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from types import ModuleType, SimpleNamespace

from tests.batch.fakes import speak
from vvcli.cli import main
from vvcli.script.record import Record
from vvcli.speech.values import Chunk


class FakeSynthesizer:
    def __init__(self, **options: object) -> None:
        self.voice = SimpleNamespace(name="Ada")
        self.streams, self.device, self.active, self.clipped = 1, "fake", 1, 0

    def stream(self, lines: Iterable[Record]) -> Iterator[Chunk]:
        for chunk in speak(lines):
            time.sleep(0.0002)
            yield chunk


if __name__ == "__main__":
    if os.environ.get("VVCLI_TEST_FAKE"):
        fake = ModuleType("vvcli.synthesizer")
        fake.Synthesizer = FakeSynthesizer  # type: ignore[attr-defined]
        sys.modules[fake.__name__] = fake
        device = ModuleType("vvcli.speech.device")  # the real one imports torch
        device.release_workspaces = lambda: None  # type: ignore[attr-defined]
        sys.modules[device.__name__] = device
    main.main()
