"""Figures for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from vvcli.speech.session_backend import SessionLoad

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.4, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """The figures of one server.

    Args:
        load: what is going on now.
    """

    def __init__(self, load: Callable[[], SessionLoad]) -> None:
        self._registry = registry = CollectorRegistry()

        def gauge(name: str, text: str, read: Callable[[], float]) -> None:
            Gauge(f"vvcli_{name}", text, registry=registry).set_function(read)

        gauge("streams_playing", "Streams that are spoken now.", lambda: load().playing)
        gauge("streams_waiting", "Requests that wait for a stream.", lambda: load().waiting)
        # One is the server's own.
        gauge("sessions", "Requests and WebSockets that are open.", lambda: load().sessions - 1)
        gauge("frames", "Frames made since the start.", lambda: load().frames)
        self.first_audio = Histogram(
            "vvcli_first_audio_seconds",
            "From a whole request to its first audio.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.gap = Histogram(
            "vvcli_audio_gap_seconds",
            "Between two pieces of audio of a record.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.records = Counter(
            "vvcli_records", "Records by how they ended.", ["status"], registry=registry
        )
        self.refused = Counter(
            "vvcli_refused", "Requests that were refused, by code.", ["code"], registry=registry
        )
        self.cancelled = Counter(
            "vvcli_cancelled", "Records whose client left or cancelled.", registry=registry
        )

    def text(self) -> bytes:
        """All figures, in Prometheus's text format."""
        return generate_latest(self._registry)


class Clock:
    """Observes when a record's audio comes."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._start = self._last = time.perf_counter()
        self.first: float | None = None  # seconds to the first audio

    def tick(self) -> None:
        """Some audio is there."""
        now = time.perf_counter()
        if self.first is None:
            self.first = now - self._start
            self._metrics.first_audio.observe(self.first)
        else:
            self._metrics.gap.observe(now - self._last)
        self._last = now
