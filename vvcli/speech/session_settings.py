"""What a session speaks with: a synthesizer's settings, or its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from vvcli.checkpoint.voice_search import is_voice_file
from vvcli.errors import UnavailableError
from vvcli.frontend.text_reader import TextReaders
from vvcli.model.voice import Voice
from vvcli.speech.loaded_model import LoadedModel
from vvcli.speech.session_options import SessionOptions
from vvcli.speech.speaker import SpeakerOptions
from vvcli.speech.spoken_record import RecordReader, RecordStreams

Found = TypeVar("Found")  # a voice, or its file


class SessionSettings:
    """Makes the streams of sessions of one synthesizer.

    Args:
        model: the synthesizer's.
        streams: what it speaks with itself; `default_voice` is its voice.
        options: how it reads text.
    """

    def __init__(
        self,
        model: LoadedModel,
        streams: RecordStreams,
        default_voice: Voice,
        options: SpeakerOptions,
    ) -> None:
        self._model = model
        self._streams = streams
        self._default_voice = default_voice
        self._options = options
        self._readers: dict[tuple[str | None, bool], TextReaders] = {}

    def streams(self, options: SessionOptions) -> RecordStreams:
        """The streams of one session.

        Raises:
            UnavailableError: the voice is missing, or the language unknown.
        """
        own = self._streams
        return replace(
            own,
            reader=self._reader(options),
            seed=own.seed if options.seed is None else options.seed,
            cfg_scale=own.cfg_scale if options.cfg_scale is None else options.cfg_scale,
        )

    def _reader(self, asked: SessionOptions) -> RecordReader:
        """How one session reads its text."""
        own = self._options
        voices = self._model.voice if asked.voice_files else named_only(self._model.voice)
        language = own.language if asked.language is None else asked.language
        commands = own.commands if asked.commands is None else asked.commands
        return RecordReader(
            self._model.tokenizer,
            voices,
            self._default_voice if asked.voice is None else voices(asked.voice),
            self._text_readers(language, commands),
            self._streams.config,
            split=own.split if asked.split is None else asked.split,
            speed=own.speed if asked.speed is None else asked.speed,
        )

    def _text_readers(self, language: str | None, commands: bool) -> TextReaders:
        key = language, commands
        if key not in self._readers:
            self._readers[key] = self._model.text.readers(
                self._options.lexicon, commands=commands, language=language
            )
        return self._readers[key]


def named_only(voices: Callable[[str], Found]) -> Callable[[str], Found]:
    """`voices` for text of strangers, who may name no file and learn no path."""

    def find(spec: str) -> Found:
        try:
            if not is_voice_file(spec):
                return voices(spec)
        except UnavailableError:
            pass
        raise UnavailableError(f"there is no voice {spec!r}")

    return find
