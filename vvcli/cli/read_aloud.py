"""Speaks records into a track: what `vvcli speak` does between its first and its last byte."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

from vvcli.audio.track import Track
from vvcli.progress.report import Progress
from vvcli.progress.tally import Tally
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status

if TYPE_CHECKING:
    from vvcli.synthesizer import Synthesizer


def read_aloud(
    synthesizer: Synthesizer,
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
    with closing(synthesizer.stream(records)) as chunks:
        for chunk in chunks:
            track.add(chunk)
            count_chunk(chunk, synthesizer, tally, progress)
            if chunk.status is Status.FAILED and stop_on_error:
                break
    track.finish()


def count_chunk(chunk: Chunk, synthesizer: Synthesizer, tally: Tally, progress: Progress) -> None:
    """Count a chunk that was written, and show it."""
    tally.add(chunk)
    tally.active = synthesizer.active
    tally.workers = synthesizer.report
    for retried in chunk.retried:
        if retried.remaining is not None:
            progress.note(
                f"{chunk.record.label}: what was kept of {retried.takes} takes {retried.remaining}"
            )
    progress.chunk(chunk, tally)
