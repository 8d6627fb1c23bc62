"""A live session: text goes in as it is written, audio comes out as it is made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from vvcli.samples import SAMPLE_RATE, Samples, SampleType, count_clipped, to_int16
from vvcli.script.lines import numbered
from vvcli.script.record import Record
from vvcli.speech.audio_queue import join_pieces
from vvcli.speech.session_engine import SessionEngine
from vvcli.speech.session_options import SessionOptions
from vvcli.speech.session_state import SessionState
from vvcli.speech.session_work import MakeWork, RecordWork
from vvcli.speech.values import Chunk

OWN = SessionOptions()  # nothing differs from the synthesizer


class SpeechSession(SessionState):
    """Text in, audio out, beside other sessions of the same `Synthesizer`.

    Made by `Synthesizer.open_session`. Every method may be called from any thread. Audio is that of
    `Synthesizer.speak` for the same records: neither other sessions nor pauses change it.

    Attributes:
        engine: drives it and all sessions of its synthesizer, for their figures and queue.
        clipped: samples of the record that was read last, cut off at full scale in this session.

    Example:
        with synthesizer.open_session() as session:
            session.submit("Good morning.")
            session.end()
            for chunk in session:
                play(chunk.samples)
    """

    def __init__(
        self,
        engine: SessionEngine,
        make_work: MakeWork,
        options: SessionOptions = OWN,
        on_audio: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(engine.lock, make_work, round(options.max_ahead * SAMPLE_RATE), on_audio)
        self.clipped = 0
        self._heard: RecordWork | None = None
        self._is_rounded = rounds(engine.no_samples, options.sample_type)
        self._has_ended = self._is_closed = False
        self.engine = engine
        # The writer's:
        self._writing = threading.Lock()
        self._next_index = options.first_index
        self._text = ""  # that has no sentence end yet
        self._text_epoch = 0
        engine.open(self)

    # --- for whoever has text

    def submit(self, text: str | Record) -> Record:
        """Speak `text` after all that was submitted before; returns at once, but reads it first.

        A string is a record whose index is its place in the session, which picks its noise; a
        record has its own, and whatever else it asks for.

        Raises:
            BusyError: it would have to wait for its turn, and as many wait as may.
            ValueError: the record asks for a number that is out of its range.
            RuntimeError: the session was ended or closed, or the engine has failed.
        """
        with self._writing:
            return self._submit(text)

    def write(self, text: str) -> list[Record]:
        """Speak text that comes in pieces, such as an LLM's: each sentence once it is whole.

        Returns:
            The records that were submitted: sentences that `text` completed.

        Raises:
            BusyError, RuntimeError: as `submit`; `text` is not taken then.
        """
        from vvcli.script.flow import next_piece  # a shared object of megabytes

        with self._writing:
            self._check_open()
            rest = self._pending_text() + text
            found = []
            while end := next_piece(rest):
                piece, rest = rest[:end].strip(), rest[end:]
                if piece:
                    found.append(self._submit(piece))
            self._text = rest
            return found

    def flush(self) -> list[Record]:
        """Speak what `write` was given and has no sentence end yet.

        Raises:
            BusyError, RuntimeError: as `submit`.
        """
        with self._writing:
            text = self._pending_text().strip()
            found = [self._submit(text)] if text else []
            self._text = ""
            return found

    def end(self) -> None:
        """Say that no more text comes: iterating ends once all is heard."""
        self.flush()
        with self.engine.lock:
            self._has_ended = True
            self.wake()

    def cancel(self) -> None:
        """Drop all text and audio not handed out; the slot is free with the next frame."""
        self.engine.cancel(self)

    def close(self) -> None:
        """Drop everything and leave. Twice is once."""
        with self.engine.lock:
            self._is_closed = True
        self.engine.close(self)

    # --- for whoever hears it

    def read(self, *, wait: bool = True, timeout: float | None = None) -> Chunk | None:
        """The next audio, as much of a record as there is; None if the session is over.

        Without `wait`, or after `timeout` seconds, also None if there is none yet; `on_audio` is
        called once there is.

        Raises:
            RuntimeError: the engine has failed.
        """
        with self.engine.lock:
            if wait and not self.audio:
                self.heard.wait_for(self._has_news, timeout)
            if not self.audio:
                self.engine.check()
                self.is_starved = True
                return None
            pieces = self.audio.take()
            if self.is_waited_for:
                self.engine.touch(self)
            if pieces[0].work is not self._heard:
                self._heard, self.clipped = pieces[0].work, 0
            self.clipped += pieces[0].work.clipped if pieces[-1].ends else 0
        return join_pieces(pieces, self.engine.no_samples, self._convert)

    @property
    def finished(self) -> bool:
        """Whether all is heard after `end`, or the session is closed."""
        with self.engine.lock:
            return self._is_over and not self.audio

    @property
    def has_text(self) -> bool:
        """Whether `write` was given text that has no sentence end yet."""
        with self._writing:
            return bool(self._pending_text().strip())

    @property
    def next_index(self) -> int:
        """The index of the next text that is no record."""
        return self._next_index

    @property
    def pending(self) -> int:
        """Records that are not spoken whole."""
        with self.engine.lock:
            return len(self.works) + self.reading + (self.work is not None)

    @property
    def waiting(self) -> bool:
        """Whether there is something to say, and others are spoken first."""
        with self.engine.lock:
            return self.has_work and not self.engine.turns.holds(self)

    def __iter__(self) -> Iterator[Chunk]:
        while (chunk := self.read()) is not None:
            yield chunk

    def __enter__(self) -> SpeechSession:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- inside

    @property
    def _is_over(self) -> bool:
        return self._is_closed or (self._has_ended and not self.has_work and not self.reading)

    def _convert(self, samples: Samples) -> Samples:
        """`samples` of the type of the session: before they are stretched, as in `speak`."""
        if not self._is_rounded:
            return samples
        self.clipped += count_clipped(samples)
        return to_int16(samples)

    def _has_news(self) -> bool:
        return bool(self.audio) or self._is_over or self.engine.error is not None

    def _pending_text(self) -> str:
        with self.engine.lock:
            if self._text_epoch != self.epoch:
                self._text, self._text_epoch = "", self.epoch
        return self._text

    def _submit(self, text: str | Record) -> Record:
        if isinstance(text, Record):
            (record,) = numbered([text])
        else:
            record = replace(next(numbered([text])), index=self._next_index)
        self._check_open()
        self.engine.put(self, record)
        self._next_index = record.index + 1
        return record

    def _check_open(self) -> None:
        with self.engine.lock:
            self.engine.check()
            if self._is_closed or self._has_ended:
                raise RuntimeError("the session is over: open another one")


def rounds(made: Samples, wanted: SampleType | None) -> bool:
    """Whether samples of the type of `made` are to be rounded, for the type that is `wanted`.

    Raises:
        ValueError: what is wanted was rounded before.
    """
    if made.dtype == np.int16 and wanted == "float32":
        raise ValueError("sample_type: the samples of this synthesizer are int16")
    return made.dtype == np.float32 and wanted == "int16"
