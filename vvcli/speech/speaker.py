"""A model on its device, ready to speak: its voice, what makes its streams, and its engine."""

from __future__ import annotations

from dataclasses import dataclass

from vvcli.engine.engine import Engine
from vvcli.frontend.lexicon import Lexicon
from vvcli.samples import SampleType
from vvcli.speech.device import pick_streams
from vvcli.speech.loaded_model import LoadedModel
from vvcli.speech.spoken_record import RecordReader, RecordStreams


@dataclass(frozen=True, kw_only=True)
class SpeakerOptions:
    """How a model speaks; see `Synthesizer`, which takes the same arguments."""

    voice: str | None = None
    streams: int | str = "auto"
    steps: int | None = None
    cfg_scale: float | None = None
    seed: int = 0
    speed: float = 1.0
    split: bool = True
    by_sentence: bool = False
    retries: int = 0
    lexicon: Lexicon | None = None
    commands: bool = True
    language: str | None = None
    deterministic: bool = False
    require_graphs: bool = False
    threads: int | str = "auto"
    sample_type: SampleType = "float32"


class Speaker:
    """A loaded model that speaks as `options` say.

    Attributes:
        model: as it was given.
        options: as they were given.
        device: the model's.
        config: the model's.
        voice: for records that name none.
        retries: how often a stream that is broken is spoken again.
        steps: solver steps per frame.
        streams: records that are spoken at the same time.
        record_streams: makes the streams of a record.
        engine: runs them.

    Raises:
        UnavailableError: the voice is unavailable, or the device has no memory for the streams.
    """

    def __init__(self, model: LoadedModel, options: SpeakerOptions) -> None:
        self.model = model
        self.options = options
        self.device = model.model.device
        self.config = model.model.config
        self.voice = model.voice(options.voice)
        readers = model.text.readers(
            options.lexicon, commands=options.commands, language=options.language
        )
        reader = RecordReader(
            *(model.tokenizer, model.voice, self.voice, readers, self.config),
            split=options.split,
            by_sentence=options.by_sentence,
            speed=options.speed,
        )
        self.retries = options.retries
        guidance = self.config.pick_cfg_scale(options.cfg_scale)
        self.record_streams = RecordStreams(
            reader, self.config, options.seed, guidance, model.frames
        )
        self.steps = self.config.pick_steps(options.steps)
        self.streams = pick_streams(options.streams, self.device)
        self.engine = Engine(
            model.model,
            slots=self.streams,
            steps=self.steps,
            graphs="require" if options.require_graphs else "auto",
            deterministic=options.deterministic,
            sample_type=options.sample_type,
        )
