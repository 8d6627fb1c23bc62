"""Progress for programs: one JSON object a line."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, TextIO

from vvcli.progress.tally import Tally
from vvcli.samples import SAMPLE_RATE
from vvcli.speech.values import Chunk

INTERVAL = 1.0  # seconds between progress events


class JsonProgress:
    """Writes `note`, `record`, `progress` and `summary` events to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._samples = 0
        self._next_event = INTERVAL

    def note(self, text: str) -> None:
        """A sentence for people."""
        self._write("note", text=text)

    def chunk(self, chunk: Chunk, tally: Tally) -> None:
        """A record that ended, and how the run is going every second."""
        self._samples += len(chunk.samples)
        if chunk.status is not None:
            self._write(
                "record",
                index=chunk.record.index,
                source=chunk.record.source,
                status=chunk.status.value,
                duration=self._samples / SAMPLE_RATE,
                error=chunk.error,
                spoken=chunk.record.spoken,
            )
            self._samples = 0
        if tally.elapsed >= self._next_event:
            self._next_event = tally.elapsed + INTERVAL
            self._write("progress", **tally.to_dict())

    def finish(self, tally: Tally) -> None:
        """The figures of the run."""
        self._write("summary", **tally.to_dict())

    def close(self) -> None:
        """Nothing is left to put back."""

    def _write(self, event: str, **values: Any) -> None:
        with suppress(OSError):
            self._stream.write(json.dumps({"event": event, **values}) + "\n")
            self._stream.flush()
