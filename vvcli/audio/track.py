"""Records one after the other on one track: gaps, cues, and a place for records that failed."""

from __future__ import annotations

from vvcli.audio.cues import Cues
from vvcli.audio.pcm import AudioWriter
from vvcli.samples import SAMPLE_RATE
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Sentence, Status

ON_ERROR = ("skip", "silence", "stop")

# Silence that stands for a record that failed is as long as its text would take to say.
CHARACTERS_PER_SECOND = 14.0
SHORTEST_SILENCE = 0.5  # seconds


class Track:
    """Writes chunks, in the order they come.

    Args:
        writer: takes samples at 24 kHz.
        gap: seconds of silence between two records that have audio; a record may ask for its own.
        on_error: `silence` keeps a failed record's place; otherwise it is left out.
        cues: is told where each record begins and ends, or each sentence of those that are
            spoken in sentences: the one lasts until the next, and the last until the record ends.
    """

    def __init__(
        self, writer: AudioWriter, gap: float, *, on_error: str = "skip", cues: Cues | None = None
    ) -> None:
        self._writer = writer
        self._gap = gap
        self._on_error = on_error
        self._cues = cues
        self._due: float | None = None  # seconds of silence before the next audio
        self._own = False  # whether a record asked for it
        self._start: int | None = None  # where the record that is being written began
        self._sentences: dict[Sentence, int] = {}  # of that record, and where they began

    def add(self, chunk: Chunk) -> None:
        """Write the chunk's samples, and what its end asks for."""
        record = chunk.record
        if len(chunk.samples):
            self._begin()
            if chunk.sentence is not None:
                start = self._writer.samples if self._sentences else self._start
                self._sentences.setdefault(chunk.sentence, start or 0)
            self._writer.write(chunk.samples)
        elif chunk.status is Status.FAILED and self._on_error == "silence":
            self._begin()
            seconds = max(SHORTEST_SILENCE, len(record.text) / CHARACTERS_PER_SECOND)
            self._writer.silence(round(seconds * SAMPLE_RATE))
        if chunk.status is None or self._start is None:
            return
        if self._cues:
            self._cue(self._cues, record, self._start, chunk.status)
        self._start = None
        self._sentences.clear()
        self._own = record.silence_after is not None
        self._due = record.silence_after if self._own else self._gap

    def finish(self) -> None:
        """Write the silence that the last record asked for itself; a gap comes only between two."""
        if self._own and self._due:
            self._writer.silence(round(self._due * SAMPLE_RATE))

    def _cue(self, cues: Cues, record: Record, start: int, status: Status) -> None:
        end = self._writer.samples
        starts = list(self._sentences.items())
        ends = [*(first for _, first in starts[1:]), end]
        for (sentence, first), last in zip(starts, ends, strict=False):
            cues.cue(record, first, last, status, sentence)
        if not starts:
            cues.cue(record, start, end, status)

    def _begin(self) -> None:
        """Go from the end of the last record to the start of this one."""
        if self._start is not None:
            return
        if self._due:
            self._writer.silence(round(self._due * SAMPLE_RATE))
        self._start = self._writer.samples
