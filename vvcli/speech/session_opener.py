"""Opens the sessions of one synthesizer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from vvcli.speech.session_engine import SessionEngine
from vvcli.speech.session_options import SessionOptions
from vvcli.speech.session_settings import SessionSettings
from vvcli.speech.session_work import RecordWork
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.speaker import Speaker


class SessionOpener:
    """Sessions that `speaker` speaks.

    `speaking` is held while a session is open, so that nobody else uses the engine.
    """

    def __init__(self, speaker: Speaker, speaking: threading.Lock) -> None:
        self._settings = SessionSettings(
            speaker.model,
            speaker.record_streams,
            speaker.voice,
            speaker.options,
        )
        self._engine = SessionEngine(
            lambda: speaker.engine, speaker.engine.no_samples, speaker.streams, speaking
        )

    def open_session(
        self, options: SessionOptions, on_audio: Callable[[], None] | None
    ) -> SpeechSession:
        """A session; see `Synthesizer.open_session`.

        Raises:
            ValueError: the synthesizer's samples are of another type.
            RuntimeError: the synthesizer is speaking.
            UnavailableError: the voice is missing, or the language unknown.
        """
        read = partial(RecordWork.read, self._settings.streams(options))
        return SpeechSession(self._engine, read, options, on_audio)
