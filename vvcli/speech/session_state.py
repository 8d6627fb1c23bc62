"""The side of a session that the engine's thread sees; everything here is under its lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from vvcli.speech.audio_queue import AudioQueue, Piece
from vvcli.speech.session_work import MakeWork, RecordWork, SessionStream


class SessionState:
    """What a session has to say, and what it has said.

    Args:
        lock: the engine's.
        make_work: reads a record, in the thread that has it.
        max_ahead: samples made and not heard, from which on nothing more is made.
        on_audio: called when there is audio for a listener who found none.
    """

    def __init__(
        self,
        lock: threading.Lock,
        make_work: MakeWork,
        max_ahead: int,
        on_audio: Callable[[], None] | None,
    ) -> None:
        self.make_work = make_work
        self.works: deque[RecordWork] = deque()  # not begun
        self.work: RecordWork | None = None  # that is being spoken
        self.stream: SessionStream | None = None
        self.pause = 0  # samples of silence after `stream`
        self.reading = 0  # records whose text is being read
        self.epoch = 0  # how often all was dropped
        self.audio = AudioQueue(max_ahead)
        self.is_starved = False  # whether the listener has found no audio
        self.heard = threading.Condition(lock)
        self._on_audio = on_audio

    @property
    def has_work(self) -> bool:
        """Whether there is something to say."""
        return bool(self.works) or self.work is not None

    @property
    def is_waited_for(self) -> bool:
        """Whether the engine has stopped until the listener has caught up, as it now has."""
        if self.stream is None:
            return self.has_work and not self.audio.wants_pause(False)
        return self.stream.paused and not self.audio.wants_pause(True)

    def put(self, piece: Piece) -> None:
        """Add audio."""
        if piece.size or piece.ends:
            self.audio.put(piece)
            self.wake()

    def wake(self) -> None:
        """Tell whoever waits for audio."""
        self.heard.notify_all()
        if self.is_starved and self._on_audio is not None:
            self.is_starved = False
            self._on_audio()

    def forget(self) -> SessionStream | None:
        """Drop everything; returns the stream that was being spoken."""
        stream, self.stream, self.work = self.stream, None, None
        self.works.clear()
        self.audio.clear()
        self.epoch += 1
        self.wake()
        return stream
