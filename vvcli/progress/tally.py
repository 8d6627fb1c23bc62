"""The figures of a run, counted from its chunks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from vvcli.samples import SAMPLE_RATE
from vvcli.speech.values import Chunk, Status


class Tally:
    """Counts records and audio; times are in seconds from when it was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self.spoken = 0
        self.truncated = 0
        self.failed = 0
        self.blank = 0
        self.spoken_characters = 0
        self.respelled = 0  # words that a lexicon had
        self.samples = 0
        self.retried = 0  # parts that were spoken again
        self.still_broken = 0  # of these
        self.first_audio: float | None = None
        self.active = 0  # running streams, set by the caller
        # The figures of each worker, asked for where they are shown; none where there is one.
        self.workers: Callable[[], list[dict[str, Any]]] = list

    def add(self, chunk: Chunk) -> None:
        """Count one chunk."""
        if len(chunk.samples) and self.first_audio is None:
            self.first_audio = self.elapsed
        self.samples += len(chunk.samples)
        self.retried += len(chunk.retried)
        self.still_broken += sum(retried.remaining is not None for retried in chunk.retried)
        if chunk.status is Status.FAILED:
            self.failed += 1
        elif chunk.status is Status.BLANK:
            self.blank += 1
        elif chunk.status is not None:
            self.spoken += 1
            self.truncated += chunk.status is Status.TRUNCATED
            self.spoken_characters += len(chunk.record.spoken or "")
            self.respelled += chunk.record.respelled

    @property
    def has_started(self) -> bool:
        """Whether there is anything to tell but that it is starting."""
        return bool(self.samples or self.records)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    @property
    def audio(self) -> float:
        """Seconds of audio made."""
        return self.samples / SAMPLE_RATE

    @property
    def records(self) -> int:
        """Records that were not blank."""
        return self.spoken + self.failed

    @property
    def speed(self) -> float:
        """Seconds of audio per second."""
        return self.audio / max(self.elapsed, 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """The figures for programs; times in seconds."""
        workers = self.workers()
        figures: dict[str, Any] = {"workers": workers} if workers else {}
        return {
            "records": self.records,
            "failed": self.failed,
            "truncated": self.truncated,
            "blank": self.blank,
            "spoken_characters": self.spoken_characters,
            "respelled": self.respelled,
            "retried": self.retried,
            "still_broken": self.still_broken,
            "audio": round(self.audio, 6),
            "elapsed": round(self.elapsed, 3),
            "speed": round(self.speed, 3),
            "first_audio": self.first_audio and round(self.first_audio, 4),
            **figures,
        }

    def so_far(self) -> str:
        """The figures while it works, without those that say nothing yet."""
        if not self.has_started:
            return f"starting, {duration(self.elapsed)}"
        if not self.records:
            return f"{duration(self.audio)} audio in {duration(self.elapsed)}"
        return str(self)

    def __str__(self) -> str:
        """The figures as one line: records, audio, time and their ratio, first audio."""
        parts = [count(self.records, "record")]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.truncated:
            parts.append(f"{self.truncated} truncated")
        if self.retried:
            broken = f" ({self.still_broken} still broken)" if self.still_broken else ""
            parts.append(f"{self.retried} spoken again{broken}")
        decimals = 0 if self.speed >= 10 else 2
        parts.append(
            f"{duration(self.audio)} audio in {duration(self.elapsed)} ({self.speed:.{decimals}f}×)"
        )
        if self.first_audio is not None:
            parts.append(f"first audio {self.first_audio:.2f} s")
        return ", ".join(parts)


def count(number: int, noun: str) -> str:
    """A number of things: `1 record`, `2 records`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """Seconds as `4.2 s`, `3:12` or `1:58:03`."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
