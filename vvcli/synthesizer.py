"""The public API: lines in, audio out, in order. The command line is its first user."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.engine.engine import Engine
from vvcli.frontend.lexicon import Lexicon
from vvcli.samples import SAMPLE_RATE, SampleType
from vvcli.script.lines import numbered
from vvcli.script.record import Record
from vvcli.speech.device import pick_streams
from vvcli.speech.loaded_model import LoadedModel, load
from vvcli.speech.look_ahead import Feed, look_ahead
from vvcli.speech.parameters import check_parameters
from vvcli.speech.record_streams import RecordStreams
from vvcli.speech.run import OrderedRun, PendingChunk
from vvcli.speech.session_engine import SessionEngine
from vvcli.speech.session_settings import SessionSettings
from vvcli.speech.sessions import MAX_AHEAD, SpeechSession
from vvcli.speech.spoken_record import RecordReader
from vvcli.speech.values import Chunk, Utterance, join_chunks

AHEAD_AT_LEAST, AHEAD_PER_STREAM = 600.0, 30.0  # seconds

# Records read and not handed out. The seconds above do not bound blank and failed records, which
# would be read without end, and before the next frame, for as long as the input has more.
RECORDS_AHEAD = 8192


class Synthesizer:
    """A model and a voice, ready to speak.

    Args:
        model: a model folder, or the id of one in the Hugging Face cache; or one that is loaded,
            which is on its device and of its dtype already.
        voice: a voice's name or file, for records that name none; default: the model's own.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        dtype: `auto`, `float32`, `bfloat16` or `float64`; `auto` is bfloat16 on CUDA.
        streams: records that are spoken at the same time; `auto` suits the device.
        steps: solver steps per frame.
        cfg_scale: classifier-free guidance, for records that name none; default: the model's own.
        seed: picks the noise, together with a record's index, for records that name none.
        split: speak a record that is too long for the context in parts, cut at sentence ends.
        lexicon: respellings, for any model; see `vvcli.frontend.lexicon`.
        commands: obey `[[pause 500ms]]`, `[[voice NAME]]` and `[[spell ABC]]` in text.
        language: `en-US` or `en-GB`, where the model has text read for it; default: its voice's.
        max_ahead: seconds of audio made ahead of the record that is being handed out, before no
            further record is started; default: enough to keep all streams busy.
        deterministic: compute at full width, so that a record's bits depend on nothing else.
        require_graphs: never run a step other than as a CUDA graph.
        sample_type: of the audio: `float32`, or `int16`, rounded and cut off at full scale on the
            device, which is half the work for the host.

    Raises:
        ValueError: a number is out of its range, or a word is not one of those allowed.
        UnavailableError: a model, voice, tokenizer or device is unavailable.
    """

    sample_rate = SAMPLE_RATE

    def __init__(
        self,
        model: str | Path | ModelFolder | LoadedModel,
        voice: str | Path | None = None,
        *,
        device: str = "auto",
        dtype: str = "auto",
        streams: int | str = "auto",
        steps: int = 5,
        cfg_scale: float | None = None,
        seed: int = 0,
        split: bool = True,
        lexicon: Lexicon | None = None,
        commands: bool = True,
        language: str | None = None,
        max_ahead: float | None = None,
        deterministic: bool = False,
        require_graphs: bool = False,
        sample_type: SampleType = "float32",
    ) -> None:
        check_parameters(model=model, voice=voice, device=device)
        check_parameters(streams=streams, steps=steps, cfg_scale=cfg_scale, seed=seed)
        check_parameters(dtype=dtype, sample_type=sample_type, max_ahead=max_ahead, split=split)
        check_parameters(deterministic=deterministic, require_graphs=require_graphs)
        if not isinstance(model, LoadedModel):
            model = load(model, device=device, dtype=dtype)
        self.device = model.model.device
        self.config = model.model.config
        self.voice = model.voice(None if voice is None else str(voice))
        readers = model.text.readers(lexicon, commands=commands, language=language)
        reader = RecordReader(
            model.tokenizer, model.voice, self.voice, readers, self.config, split=split
        )
        guidance = self.config.cfg_scale if cfg_scale is None else cfg_scale
        self._streams = RecordStreams(reader, self.config, seed, guidance, model.frames)
        self._session_settings = SessionSettings(
            model, self._streams, self.voice, lexicon, language, commands
        )
        self.streams = pick_streams(streams, self.device)
        self._engine = Engine(
            model.model,
            slots=self.streams,
            steps=steps,
            graphs="require" if require_graphs else "auto",
            deterministic=deterministic,
            sample_type=sample_type,
        )
        if max_ahead is None:
            max_ahead = max(AHEAD_AT_LEAST, AHEAD_PER_STREAM * self.streams)
        self._max_ahead = max_ahead * SAMPLE_RATE
        # On a CPU nothing would be gained: there the steps themselves keep the processor busy.
        self._runs_ahead = self.device.type == "cuda"
        self._speaking = threading.Lock()
        self._sessions = SessionEngine(self._engine, self.streams, self._speaking)

    @property
    def engine(self) -> Engine:
        """The engine, for its counters and to warm it up."""
        return self._engine

    @property
    def clipped(self) -> int:
        """Samples of `int16` that were cut off at full scale."""
        return self._engine.clipped

    @property
    def active(self) -> int:
        """Streams that are being spoken now."""
        return self._engine.running

    def speak(self, lines: Iterable[str | Record]) -> Generator[Utterance, None, None]:
        """Each record's whole audio, in order.

        Raises:
            TypeError, ValueError, RuntimeError: as `stream` does.

        Example:
            for utterance in Synthesizer("model/").speak(["Good morning.", "Good night."]):
                soundfile.write("out.wav", utterance.samples, 24000)
        """
        return join_chunks(self.stream(lines))

    def stream(self, lines: Iterable[str | Record]) -> Generator[Chunk, None, None]:
        """Audio in order, as it is made: the head record's frames come out one by one.

        `lines` may be endless and slow: what has been read is spoken while the next line is
        awaited. A slow consumer holds the work up: on a CPU it is done only while more is asked
        for, on a GPU it stops when `max_ahead` is made.
        To stop early, close the generator.

        Raises:
            TypeError: `lines` is one text, or holds what is neither str nor Record.
            ValueError: a record's seed or guidance is out of range.
            RuntimeError: this synthesizer is speaking already; one run at a time.
        """
        return self._stream(numbered(lines))

    def open_session(
        self,
        *,
        voice: str | None = None,
        seed: int | None = None,
        cfg_scale: float | None = None,
        language: str | None = None,
        commands: bool | None = None,
        split: bool = True,
        voice_files: bool = True,
        first_index: int = 0,
        max_ahead: float = MAX_AHEAD,
        on_audio: Callable[[], None] | None = None,
    ) -> SpeechSession:
        """A live session: text as it is written, audio as it is made, beside other sessions.

        `speak` and `stream` need the engine for themselves: sessions have to be closed before.
        Arguments that are None are this synthesizer's own.

        Args:
            voice: a voice's name or file, for records that name none.
            seed: picks the noise, together with a record's index, for records that name none.
            cfg_scale: classifier-free guidance, for records that name none.
            language: `en-US` or `en-GB`, where the model has text read for it.
            commands: obey `[[pause 500ms]]`, `[[voice NAME]]` and `[[spell ABC]]` in text.
            split: speak text that is too long for the context in parts.
            voice_files: find voices by their files as well: not for text of strangers.
            first_index: of the first text.
            max_ahead: seconds of audio made and not read, at which the session's stream pauses.
            on_audio: called in another thread when there is audio after `read` had none. It must
                return at once, and not use the session.

        Raises:
            ValueError: a number is out of its range.
            RuntimeError: this synthesizer is speaking.
            UnavailableError: the voice is missing, or the language unknown.
        """
        check_parameters(max_ahead=max_ahead)
        own = self._session_settings.reading(voice, language, commands, split, voice_files)
        streams = self._session_settings.streams(own, seed, cfg_scale)
        return SpeechSession(self._sessions, streams, first_index, max_ahead, on_audio)

    def _stream(self, records: Iterable[Record]) -> Generator[Chunk, None, None]:
        if not self._speaking.acquire(blocking=False):
            raise RuntimeError(
                "this Synthesizer is speaking already: finish or close() the other generator, "
                "or make another Synthesizer"
            )
        feed = Feed(records, depth=2 * self.streams)
        pending = self._pending(feed)
        if self._runs_ahead:
            # While audio is joined, encoded and written, the next steps are already on their way.
            pending = look_ahead(pending, _size, int(self._max_ahead), feed.close)
        try:
            with closing(pending):
                for chunk in pending:
                    yield chunk.join()
        finally:
            self._speaking.release()

    def _pending(self, feed: Feed) -> Generator[PendingChunk, None, None]:
        """The chunks of the records of `feed`, in order."""
        run = OrderedRun(self._engine, self._streams)
        try:
            while True:
                while self._engine.waiting < self.streams and run.records < RECORDS_AHEAD:
                    if run.idle:  # and so the next line may be long in coming
                        yield from run.ready()
                    record = feed.get(wait=run.idle)
                    if record is None:
                        break
                    run.start(record)
                if feed.ended and run.idle:
                    yield from run.ready()
                    return
                run.step(admit=run.ahead <= self._max_ahead)
                yield from run.ready()
        finally:
            feed.close()
            run.cancel()


def _size(chunk: PendingChunk) -> int:
    return chunk.size + 1  # one, so that records without audio are bounded as well
