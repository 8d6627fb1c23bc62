"""Opens the sessions of one synthesizer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from vvcli.speech.parameters import check_parameters
from vvcli.speech.session_engine import SessionEngine
from vvcli.speech.session_settings import SessionSettings
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.speaker import Speaker, SpeakerOptions


class SessionOpener:
    """Sessions that `speaker` speaks, which reads as `options` say.

    `speaking` is held while a session is open, so that nobody else uses the engine.
    """

    def __init__(self, speaker: Speaker, options: SpeakerOptions, speaking: threading.Lock) -> None:
        self._settings = SessionSettings(
            speaker.model,
            speaker.record_streams,
            speaker.voice,
            options,
        )
        self._engine = SessionEngine(speaker.engine, speaker.streams, speaking)

    def open(
        self,
        voice: str | None,
        seed: int | None,
        cfg_scale: float | None,
        language: str | None,
        commands: bool | None,
        split: bool | None,
        speed: float | None,
        voice_files: bool,
        first_index: int,
        max_ahead: float,
        on_audio: Callable[[], None] | None,
    ) -> SpeechSession:
        """A session; see `Synthesizer.open_session`.

        Raises:
            ValueError: a number is out of its range.
            RuntimeError: the synthesizer is speaking.
            UnavailableError: the voice is missing, or the language unknown.
        """
        check_parameters(max_ahead=max_ahead)
        reader = self._settings.reader(voice, language, commands, split, speed, voice_files)
        streams = self._settings.streams(reader, seed, cfg_scale)
        return SpeechSession(self._engine, streams, first_index, max_ahead, on_audio)
