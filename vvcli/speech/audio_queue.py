"""Audio of a session that is made and not handed out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vvcli.samples import MAX_CHUNK_SAMPLES, SAMPLE_RATE, Samples
from vvcli.speech.session_work import RecordWork
from vvcli.speech.values import Chunk

STRETCHED_SAMPLES = SAMPLE_RATE


@dataclass
class Piece:
    """Audio of a record: samples, or so much silence, which takes no memory until it is heard."""

    work: RecordWork
    samples: Samples | None
    silence: int = 0  # samples
    ends: bool = False  # nothing of the record comes after it

    @property
    def size(self) -> int:
        """Samples."""
        return self.silence if self.samples is None else len(self.samples)


class AudioQueue:
    """Pieces in order. Whoever has several threads locks it.

    Args:
        max_ahead: samples from which on nothing more should be made.
    """

    def __init__(self, max_ahead: int) -> None:
        self._max_ahead = max_ahead
        self._pieces: deque[Piece] = deque()
        self._ahead = 0  # samples

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def put(self, piece: Piece) -> None:
        """Add a piece."""
        self._pieces.append(piece)
        self._ahead += piece.size

    def clear(self) -> None:
        """Drop all."""
        self._pieces.clear()
        self._ahead = 0

    def wants_pause(self, paused: bool) -> bool:
        """Whether the listener is so far behind that nothing more should be made.

        A stream that is `paused` goes on when half of the audio is heard.
        """
        return self._ahead > (self._max_ahead // 2 if paused else self._max_ahead)

    def take(self) -> list[Piece]:
        """The next pieces of one record, up to its end or as much as is handed out at once."""
        taken: list[Piece] = []
        size = 0
        limit = self._limit()
        while self._pieces and size < limit:
            piece = self._pieces[0]
            if taken and piece.work is not taken[0].work:
                break
            if piece.samples is None and size + piece.size > limit:
                part = limit - size
                piece.silence -= part
                piece = replace(piece, silence=part)
            else:
                self._pieces.popleft()
            taken.append(piece)
            size += piece.size
        self._ahead -= size
        return taken

    def _limit(self) -> int:
        """Samples that are handed out at once: few where each has to be stretched."""
        if self._pieces and self._pieces[0].work.stretcher is not None:
            return STRETCHED_SAMPLES
        return MAX_CHUNK_SAMPLES


def join_pieces(pieces: list[Piece], like: Samples, convert: Callable[[Samples], Samples]) -> Chunk:
    """One chunk of the pieces of one record; to be called once for each, in their order.

    Args:
        like: of the type of the samples, as silence is to be.
        convert: makes samples of the type that is handed out.
    """
    samples = [
        np.zeros(piece.silence, like.dtype) if piece.samples is None else piece.samples
        for piece in pieces
    ]
    # What is empty may be of another type.
    samples = [each for each in samples if len(each)] or samples[:1]
    joined = convert(samples[0] if len(samples) == 1 else np.concatenate(samples))
    work, ends = pieces[0].work, pieces[-1].ends
    if work.stretcher is not None:
        joined = work.stretcher.stretch(joined, ends=ends)
    status, error = (work.state.status, work.state.error) if ends else (None, None)
    return Chunk(work.state.record, joined, status, error)
