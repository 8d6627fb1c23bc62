"""What a session speaks with: a synthesizer's settings, or its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vvcli.checkpoint.voice_search import is_voice_file
from vvcli.errors import UnavailableError
from vvcli.frontend.text_reader import TextReaders
from vvcli.model.voice import Voice
from vvcli.speech.loaded_model import LoadedModel
from vvcli.speech.parameters import check_parameters
from vvcli.speech.record_streams import RecordStreams
from vvcli.speech.speaker import SpeakerOptions
from vvcli.speech.spoken_record import RecordReader


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

    def reader(
        self,
        voice: str | None,
        language: str | None,
        commands: bool | None,
        split: bool | None,
        speed: float | None,
        voice_files: bool,
    ) -> RecordReader:
        """How one session reads its text; None is the synthesizer's own setting.

        Raises:
            ValueError: an argument is not one of those allowed.
            UnavailableError: the voice is missing, or the language unknown.
        """
        own = self._options
        split = own.split if split is None else split
        speed = own.speed if speed is None else speed
        check_parameters(voice=voice, split=split, speed=speed)
        voices = self._model.voice if voice_files else named_only(self._model.voice)
        language = own.language if language is None else language
        commands = own.commands if commands is None else commands
        return RecordReader(
            self._model.tokenizer,
            voices,
            self._default_voice if voice is None else voices(voice),
            self._text_readers(language, commands),
            self._streams.config,
            split=split,
            speed=speed,
        )

    def streams(
        self, reader: RecordReader, seed: int | None, cfg_scale: float | None
    ) -> RecordStreams:
        """The streams of one session; None is the synthesizer's own setting.

        Raises:
            ValueError: a number is out of its range.
        """
        own = self._streams
        seed = own.seed if seed is None else seed
        cfg_scale = own.cfg_scale if cfg_scale is None else cfg_scale
        check_parameters(seed=seed, cfg_scale=cfg_scale)
        return replace(own, reader=reader, seed=seed, cfg_scale=cfg_scale)

    def _text_readers(self, language: str | None, commands: bool) -> TextReaders:
        key = language, commands
        if key not in self._readers:
            self._readers[key] = self._model.text.readers(
                self._options.lexicon, commands=commands, language=language
            )
        return self._readers[key]


def named_only(voices: Callable[[str], Voice]) -> Callable[[str], Voice]:
    """`voices` for text of strangers, who may name no file and learn no path."""

    def find(spec: str) -> Voice:
        try:
            if not is_voice_file(spec):
                return voices(spec)
        except UnavailableError:
            pass
        raise UnavailableError(f"there is no voice {spec!r}")

    return find
