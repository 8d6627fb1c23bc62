"""A clock that the test moves, and chunks to count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def chunk(samples: int, status: Status | None = None, error: str | None = None) -> Chunk:
    record = Record(4, "text", "book.txt:5")
    return Chunk(record, np.zeros(samples, np.float32), status, error)
