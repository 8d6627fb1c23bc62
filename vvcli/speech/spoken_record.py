"""A record as it is spoken: its text read, in parts that the context holds, streams, and status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field, replace
from fractions import Fraction

from vvcli.engine.stream import End, NoiseSource, Stream
from vvcli.errors import RecordError, UnavailableError
from vvcli.frontend.commands import Segment
from vvcli.frontend.text_reader import SpokenText, TextReader
from vvcli.model.config import ModelConfig
from vvcli.model.voice import Voice
from vvcli.samples import SAMPLE_RATE
from vvcli.script.record import Record
from vvcli.speech.loaded_model import TextEncoder
from vvcli.speech.stretch import Stretcher
from vvcli.speech.values import Retried, Sentence, Status

# Parts of a split record draw the noise of indices that no run has records for.
PART_STRIDE = 1 << 32


@dataclass(frozen=True)
class SpokenPart:
    """The part of a record that one stream speaks."""

    text: str  # what the tokenizer was given
    tokens: list[int]
    voice: Voice
    pause: int = 0  # samples of silence after it
    sentence: Sentence | None = None  # that it is, or is a part of


@dataclass(frozen=True)
class SpokenRecord:
    """A record and the parts that are spoken of it: none if it is blank, or a pause alone."""

    record: Record  # its `spoken` is set
    parts: tuple[SpokenPart, ...]
    lead: int = 0  # samples of silence before the first part
    speed: float = 1.0  # at which all of this, silence included, is to be played

    @property
    def is_blank(self) -> bool:
        """Whether it is silent, and asks for no pause."""
        return not (self.parts or self.lead)

    def stretcher(self) -> Stretcher | None:
        """Brings its audio to its speed; None at the model's own."""
        return None if self.speed == 1 else Stretcher(self.speed)

    def stretchers(self) -> list[Stretcher | None]:
        """That of each part: one for all, or one a sentence, where it is spoken in sentences."""
        found: list[Stretcher | None] = []
        for number, part in enumerate(self.parts):
            is_new = not number or part.sentence != self.parts[number - 1].sentence
            found.append(self.stretcher() if is_new else found[-1])
        return found


@dataclass(frozen=True)
class RecordReader:
    """Makes the parts of records for one model.

    Attributes:
        encoder: the model's tokenizer.
        voices: a voice by its name or file.
        default_voice: for records that name none.
        reader: reads text for the voice of a name.
        config: the model's.
        split: whether a text that is too long for the context is cut.
        by_sentence: whether each sentence is a part of its own.
        speed: of records that name none.
    """

    encoder: TextEncoder
    voices: Callable[[str], Voice]
    default_voice: Voice
    reader: Callable[[str], TextReader]
    config: ModelConfig
    _: KW_ONLY
    split: bool
    by_sentence: bool = False
    speed: float = 1.0

    def read(self, record: Record) -> SpokenRecord:
        """The parts of `record`.

        Raises:
            RecordError: it cannot be spoken; the message begins with its source.
        """
        if record.error is not None:
            raise RecordError(record.error)
        try:
            return self._read(record)
        except (UnavailableError, RecordError) as error:
            raise RecordError(f"{record.label}: {error}") from error

    def _read(self, record: Record) -> SpokenRecord:
        own = self.voices(record.voice) if record.voice else self.default_voice
        spoken: list[Segment] = []
        parts: list[SpokenPart] = []
        lead = 0
        speed = self.speed if record.speed is None else record.speed
        segments, respelled = self._segments(record.text, self.reader(own.name))
        sentences = 0
        for segment in segments:
            voice = self.voices(segment.voice) if segment.voice else own
            reader = self.reader(voice.name)
            said = self._say(record, segment.text, voice, reader)
            sentence = Sentence(sentences, segment.written) if segment.written else None
            sentences += bool(said)
            parts += [SpokenPart(*each, voice, sentence=sentence) for each in said]
            if segment.pause:
                # The silence is stretched with the rest, and then as long as was asked for.
                pause = round(segment.pause * SAMPLE_RATE * Fraction(speed))
                if parts:
                    parts[-1] = replace(parts[-1], pause=parts[-1].pause + pause)
                else:
                    lead += pause
            spoken.append(replace(segment, text=" ".join(text for text, _ in said)))
        text = SpokenText(tuple(s for s in spoken if s.text or s.pause), respelled)
        record = replace(record, spoken=str(text), respelled=respelled)
        return SpokenRecord(record, tuple(parts), lead, speed)

    def _segments(self, text: str, reader: TextReader) -> tuple[list[Segment], int]:
        if not self.by_sentence:
            return reader.segments(text)
        # Only here, as below.
        from vvcli.speech.split import cut_at_sentences

        return reader.segments(text, cut_at_sentences)

    def _say(
        self, record: Record, text: str, voice: Voice, reader: TextReader
    ) -> list[tuple[str, list[int]]]:
        """`text` as it is spoken, with tokens, in parts that the context holds with their speech.

        Most texts are one part, which is read once: reading takes longer than a frame on a GPU.
        """
        positions = self.config.lm.max_positions - voice.tts_kv.shape[3]
        max_tokens = int(positions / (1 + self.config.frames_per_token))
        if self.split and len(text) < max_tokens:
            said = reader.speak(text)
            tokens = self.encoder.encode(said)
            if len(tokens) <= max_tokens:
                return [(said, tokens)] if said else []
        parts = self._split(record, text, max_tokens, reader) if self.split else [text]
        spoken = [reader.speak(part) for part in parts]
        return [(said, self.encoder.encode(said)) for said in spoken if said]

    def _split(self, record: Record, text: str, max_tokens: int, reader: TextReader) -> list[str]:
        """`text` in parts of up to `max_tokens`."""
        # Only here: the sentence library is a shared object of megabytes.
        from vvcli.speech.split import split_record

        def count(part: str) -> int:
            return len(self.encoder.encode(reader.speak(part)))

        return [
            part.text
            for part in split_record(replace(record, text=text), count, max(1, max_tokens))
        ]


@dataclass(frozen=True)
class RecordStreams:
    """Makes the streams of records.

    Attributes:
        reader: reads a record's text.
        config: the model's.
        seed: picks the noise, together with a record's index, for records that name none.
        cfg_scale: guidance for records that name none.
        frames: frames a text is spoken in, for weights that cannot tell where speech ends.
    """

    reader: RecordReader
    config: ModelConfig
    seed: int
    cfg_scale: float
    frames: Callable[[str], int] | None = None

    def __call__(self, record: Record, first_number: int) -> tuple[SpokenRecord, list[Stream]]:
        """`record` as it is spoken, and a stream for each of its parts.

        Raises:
            RecordError: this record cannot be spoken.
        """
        read = self.reader.read(record)
        seed, index = (self.seed, record.index) if record.seed is None else (record.seed, 0)
        guidance = self.cfg_scale if record.cfg_scale is None else record.cfg_scale
        return read, [
            Stream(
                number=first_number + i,
                tokens=part.tokens,
                voice=part.voice,
                noise=NoiseSource(seed, index + i * PART_STRIDE, self.config.head.latent_size),
                guidance=guidance,
                max_frames=self.frames(part.text) if self.frames else None,
            )
            for i, part in enumerate(read.parts)
        ]


MakeStreams = Callable[[Record, int], tuple[SpokenRecord, list[Stream]]]  # as `RecordStreams` does


@dataclass
class RecordState:
    """A record that is started, and the status of its parts so far."""

    record: Record
    status: Status = Status.OK
    error: str | None = None
    retried: list[Retried] = field(default_factory=list)

    def note_end(self, end: End | None) -> None:
        """Take in how a part ended; the first failure is the record's, cut short is less."""
        if end is End.BROKEN:
            self._fail(Status.FAILED, "the model made samples that are not finite, or far too loud")
        elif end is End.TRUNCATED and self.status is Status.OK:
            reason = "the model's context is full, the rest of the text is not spoken"
            self._fail(Status.TRUNCATED, reason)

    def _fail(self, status: Status, reason: str) -> None:
        """Set the status, and the error to a sentence that names the record."""
        self.status = status
        self.error = f"{self.record.label}: {reason}"


def start_record(
    record: Record, make_streams: MakeStreams, number: int
) -> tuple[RecordState, SpokenRecord, list[Stream]]:
    """Read `record`, whose streams are numbered from `number` on.

    There is no stream for one that is blank, fails, or is a pause alone.
    """
    if record.is_blank:
        return RecordState(record, Status.BLANK), SpokenRecord(record, ()), []
    try:
        read, streams = make_streams(record, number)
    except RecordError as error:
        return RecordState(record, Status.FAILED, str(error)), SpokenRecord(record, ()), []
    return RecordState(read.record, Status.BLANK if read.is_blank else Status.OK), read, streams
