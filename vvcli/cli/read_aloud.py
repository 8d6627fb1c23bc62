"""Speaks records into a track: what `vvcli speak` does between its first and its last byte."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any, Protocol

from vvcli.audio.track import Track
from vvcli.progress.report import Progress
from vvcli.progress.tally import Tally
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status


class Speaker(Protocol):
    """A `Synthesizer` in this process, or a resident one."""

    @property
    def active(self) -> int:
        """Streams that are being spoken now."""

    def report(self) -> list[dict[str, Any]]:
        """The figures of each worker, if there are several."""

    def stream(self, lines: Iterable[Record], /) -> Generator[Chunk, None, None]:
        """Audio in order, as it is made."""


def read_aloud(
    speaker: Speaker,
    records: Iterable[Record],
    track: Track,
    tally: Tally,
    progress: Progress,
    *,
    stop_on_error: bool = False,
) -> None:
    """Speak `records` in order into `track`, counting them in `tally` as they are written.

    With `stop_on_error`, a record that fails is the last one.
    """
    with closing(speaker.stream(records)) as chunks:
        for chunk in chunks:
            track.add(chunk)
            count_chunk(chunk, speaker, tally, progress)
            if chunk.status is Status.FAILED and stop_on_error:
                break
    track.finish()


def count_chunk(chunk: Chunk, speaker: Speaker, tally: Tally, progress: Progress) -> None:
    """Count a chunk that was written, and show it."""
    tally.add(chunk)
    tally.active = speaker.active
    tally.workers = speaker.report
    for retried in chunk.retried:
        if retried.remaining is not None:
            progress.note(
                f"{chunk.record.label}: what was kept of {retried.takes} takes {retried.remaining}"
            )
    progress.chunk(chunk, tally)
