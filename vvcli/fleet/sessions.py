"""Opens live sessions that several workers speak."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import numpy as np

from vvcli.fleet.many import ManyFleet
from vvcli.fleet.plain_values import Plain, plain_record
from vvcli.fleet.session_run import RemoteStream, RemoteWork, SessionRun
from vvcli.script.record import Record
from vvcli.speech.session_engine import SessionEngine
from vvcli.speech.session_options import SessionOptions
from vvcli.speech.session_settings import named_only
from vvcli.speech.session_work import Part, RecordWork
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.spoken_record import RecordState
from vvcli.speech.values import Status

# Of a session, not of the record that a worker is told to speak.
_OWN = ("first_index", "max_ahead")


class FleetSessions(SessionEngine):
    """Sessions whose records are spoken by the workers of `fleet`, each by whoever has least to do.

    Args:
        fleet: nobody else uses it while a session is open.
        find_voice: finds a voice by its name or file; raises UnavailableError.
        speaking: held while a session is open.
    """

    def __init__(
        self,
        fleet: ManyFleet,
        find_voice: Callable[[str | None], object],
        speaking: threading.Lock,
    ) -> None:
        self._fleet = fleet
        self._find_voice = find_voice
        no_samples = np.zeros(0, dtype=fleet.pool.sample_type)
        super().__init__(self._begin_run, no_samples, fleet.streams * fleet.workers, speaking)

    def open_session(
        self, options: SessionOptions, on_audio: Callable[[], None] | None
    ) -> SpeechSession:
        """A session; see `Synthesizer.open_session`.

        Raises:
            ValueError: the synthesizer's samples are of another type.
            RuntimeError: the synthesizer is speaking.
            UnavailableError: the voice is missing.
        """
        if options.voice is not None:
            find = self._find_voice if options.voice_files else named_only(self._find_voice)
            find(options.voice)
        plain = {name: value for name, value in asdict(options).items() if name not in _OWN}
        return SpeechSession(self, partial(_work, plain), options, on_audio)

    def _begin_run(self) -> SessionRun:
        self._current = self._fleet.begin_sessions()
        return self._current

    def _wake_up(self) -> None:
        super()._wake_up()
        self._fleet.pool.wake()

    def _run(self) -> None:
        try:
            super()._run()
        finally:
            self._current.stop()


def _work(options: Plain, record: Record, _number: int) -> RecordWork:
    """The work of `record`, which is read where it is spoken."""
    if record.is_blank:
        return RecordWork(RecordState(record, Status.BLANK))
    parts = deque([Part(RemoteStream(options, plain_record(record)), 0)])
    return RemoteWork(RecordState(record), parts=parts)
