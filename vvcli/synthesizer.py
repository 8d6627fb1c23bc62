"""The public API: lines in, audio out, in order. The command line is its first user."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from vvcli.audio.order import OrderBuffer
from vvcli.checkpoint.folder import load_model
from vvcli.checkpoint.hub import resolve_model
from vvcli.checkpoint.tokenizer import load_tokenizer
from vvcli.checkpoint.voice_search import find_voice, list_voices, voice_folders
from vvcli.checkpoint.voices import load_voice
from vvcli.device import pick_device, pick_dtype, pick_streams
from vvcli.engine.engine import Engine
from vvcli.engine.noise import NoiseSource
from vvcli.engine.stream import End, Stream, StreamFrame
from vvcli.errors import RecordError, UnavailableError
from vvcli.model.config import SAMPLE_RATE
from vvcli.model.voice import Voice
from vvcli.script.feed import Feed
from vvcli.script.record import Record
from vvcli.utterance import Chunk, Status, Utterance

NO_SAMPLES = np.zeros(0, dtype=np.float32)

# Audio made ahead of the record that is being handed out, before no further record is started.
AHEAD_AT_LEAST, AHEAD_PER_STREAM = 600.0, 30.0  # seconds

# Records read and not handed out. The seconds above do not bound blank and failed records, which
# would be read without end, and before the next frame, for as long as the input has more.
RECORDS_AHEAD = 8192


class Synthesizer:
    """A model and a voice, ready to speak.

    Args:
        model: a model folder, or the id of one in the Hugging Face cache.
        voice: a voice's name or file, for records that name none; default: the model's first.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        dtype: `auto`, `float32`, `bfloat16` or `float64`; `auto` is bfloat16 on CUDA.
        streams: records that are spoken at the same time; `auto` suits the device.
        steps: solver steps per frame.
        cfg_scale: classifier-free guidance, for records that name none.
        seed: picks the noise, together with a record's index, for records that name none.

    Raises:
        UnavailableError: model, voice, tokenizer or device cannot be had.
    """

    sample_rate = SAMPLE_RATE

    def __init__(
        self,
        model: str | Path,
        voice: str | None = None,
        *,
        device: str = "auto",
        dtype: str = "auto",
        streams: int | str = "auto",
        steps: int = 5,
        cfg_scale: float = 1.5,
        seed: int = 0,
    ) -> None:
        folder = resolve_model(str(model))
        self._voice_folders = voice_folders(folder)
        self._tokenizer = load_tokenizer(folder)
        self.device = pick_device(device)
        self._dtype = pick_dtype(dtype, self.device)
        self._cfg_scale = cfg_scale
        self._seed = seed
        loaded = load_model(folder, self._dtype).to(self.device)
        self.config = loaded.config
        self._voices: dict[str, Voice] = {}
        self.voice = self._voice(voice or self._first_voice())
        self.streams = pick_streams(streams, self.device)
        self._engine = Engine(loaded, slots=self.streams, steps=steps)
        self._max_ahead = max(AHEAD_AT_LEAST, AHEAD_PER_STREAM * self.streams) * SAMPLE_RATE
        self._speaking = threading.Lock()

    def speak(self, lines: Iterable[str | Record]) -> Generator[Utterance, None, None]:
        """Each record's whole audio, in order.

        Raises:
            RuntimeError: as `stream` does.

        Example:
            for utterance in Synthesizer("model/").speak(["Good morning.", "Good night."]):
                soundfile.write("out.wav", utterance.samples, 24000)
        """
        parts: list[np.ndarray] = []
        with closing(self.stream(lines)) as chunks:
            for chunk in chunks:
                parts.append(chunk.samples)
                if chunk.status is not None:
                    samples = np.concatenate(parts)
                    yield Utterance(chunk.record, samples, chunk.status, chunk.error)
                    parts.clear()

    def stream(self, lines: Iterable[str | Record]) -> Generator[Chunk, None, None]:
        """Audio in order, as it is made: the head record's frames come out one by one.

        `lines` may be endless and slow: what has been read is spoken while the next line is
        awaited. Work is done only while the consumer asks for more, so a slow reader holds it up.
        To stop early, close the generator.

        Raises:
            RuntimeError: this synthesizer is speaking already; one run at a time.
        """
        if not self._speaking.acquire(blocking=False):
            raise RuntimeError(
                "this Synthesizer is speaking already: finish or close() the other generator, "
                "or make another Synthesizer"
            )
        feed = Feed(_records(lines), depth=2 * self.streams)
        run = _Run(self._engine, self._prepare)
        try:
            while True:
                while self._engine.waiting < self.streams and run.records < RECORDS_AHEAD:
                    record = feed.get(wait=run.idle)
                    if record is None:
                        break
                    run.start(record)
                    yield from run.ready()
                if feed.ended and run.idle:
                    return
                run.step(admit=run.ahead <= self._max_ahead)
                yield from run.ready()
        finally:
            feed.close()
            run.cancel()
            self._speaking.release()

    def _prepare(self, record: Record, number: int) -> Stream:
        """A stream for `record`, with everything it leaves open filled in.

        Raises:
            RecordError: this record cannot be spoken.
        """
        if record.error is not None:
            raise RecordError(record.error)
        own_seed = record.seed is not None
        seed, index = (record.seed, 0) if own_seed else (self._seed, record.index)
        try:
            voice = self._voice(record.voice) if record.voice else self.voice
            tokens = self._tokenizer.encode(record.text)
        except (UnavailableError, RecordError) as error:
            raise RecordError(f"{record.source or f'record {record.index}'}: {error}") from error
        return Stream(
            number=number,
            tokens=tokens,
            voice=voice,
            noise=NoiseSource(seed or 0, index, self.config.head.latent_size),
            guidance=self._cfg_scale if record.cfg_scale is None else record.cfg_scale,
        )

    def _voice(self, spec: str) -> Voice:
        """The voice named `spec`, loaded once."""
        if spec not in self._voices:
            voice = load_voice(find_voice(spec, self._voice_folders), self.config, self._dtype)
            self._voices[spec] = voice.to(self.device, self._dtype)
        return self._voices[spec]

    def _first_voice(self) -> str:
        found = list_voices(self._voice_folders)
        if not found:
            folders = " or ".join(map(str, self._voice_folders))
            raise UnavailableError(f"there is no voice in {folders}: name a voice file with -V")
        return str(found[0])


class _Run:
    """One pass of records through the engine, back in order."""

    def __init__(self, engine: Engine, prepare: Callable[[Record, int], Stream]) -> None:
        self._engine = engine
        self._prepare = prepare
        self._order: OrderBuffer[Chunk] = OrderBuffer()
        self._active: dict[Stream, Record] = {}
        self._started = 0

    @property
    def idle(self) -> bool:
        """Whether no stream is waiting or running."""
        return not self._active

    @property
    def records(self) -> int:
        """Records started and not handed out whole."""
        return self._started - self._order.head

    @property
    def ahead(self) -> int:
        """Samples made and held back until their turn."""
        return self._order.waiting

    def start(self, record: Record) -> None:
        """Queue `record`; one that cannot be spoken ends here."""
        number, self._started = self._started, self._started + 1
        if record.is_blank:
            self._order.put(number, Chunk(record, NO_SAMPLES, Status.BLANK), last=True)
            return
        try:
            stream = self._prepare(record, number)
        except RecordError as error:
            chunk = Chunk(record, NO_SAMPLES, Status.FAILED, str(error))
            self._order.put(number, chunk, last=True)
            return
        self._active[stream] = record
        self._engine.submit(stream)

    def step(self, *, admit: bool) -> None:
        """One step of the engine."""
        for frame in self._engine.step(admit=admit):
            self._deliver(frame)

    def ready(self) -> Iterator[Chunk]:
        """The chunks whose turn it is."""
        return self._order.drain()

    def cancel(self) -> None:
        """Take every stream that is left out of the engine."""
        for stream in self._active:
            self._engine.cancel(stream)

    def _deliver(self, frame: StreamFrame) -> None:
        record = self._active[frame.stream]
        status = None
        if frame.end is not None:
            status = Status.TRUNCATED if frame.end is End.TRUNCATED else Status.OK
            del self._active[frame.stream]
        chunk = Chunk(record, frame.samples, status)
        size = len(frame.samples)
        self._order.put(frame.stream.number, chunk, size=size, last=status is not None)


def _records(lines: Iterable[str | Record]) -> Iterator[Record]:
    for index, line in enumerate(lines):
        if not isinstance(line, str | Record):
            raise TypeError(f"line {index} is of type {type(line).__name__}, not str or Record")
        yield Record(index, line) if isinstance(line, str) else line
