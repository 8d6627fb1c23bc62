"""The public API: lines in, audio out, in order. The command line is its first user."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.fleet.open import open_fleet
from vvcli.frontend.lexicon import Lexicon
from vvcli.samples import SAMPLE_RATE, SampleType
from vvcli.script.lines import numbered
from vvcli.script.record import Record
from vvcli.speech.loaded_model import LoadedModel
from vvcli.speech.parameters import check_parameters
from vvcli.speech.session_options import MAX_AHEAD, SessionOptions
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.speaker import Speaker, SpeakerOptions
from vvcli.speech.values import Chunk, Utterance, join_chunks

if TYPE_CHECKING:
    from vvcli.engine.engine import Engine
    from vvcli.fleet.ray_cluster import RayCluster


class Synthesizer:
    """A model and a voice, ready to speak.

    Args:
        model: a model folder, or the id of one in the Hugging Face cache; or one that is loaded,
            which is on its device and of its dtype already.
        voice: a voice's name or file, for records that name none; default: the model's own.
        device: `auto`, `cpu`, `cuda` or `cuda:N`; or several, `cuda:all`, `cuda:0,1` or a list of
            names, each of which has a worker, a process of its own.
        dtype: `auto`, which suits the device, `float32`, `bfloat16`, `float16` or `float64`.
        streams: records that a worker speaks at the same time; `auto` suits the device.
        steps: solver steps per frame; default: the model's own.
        cfg_scale: classifier-free guidance, for records that name none; default: the model's own.
        seed: picks the noise, together with a record's index, for records that name none.
        speed: 0.5 to 2 times the model's, at its pitch, for records that name none.
        split: speak a record that is too long for the context in parts, cut at sentence ends.
        by_sentence: speak every sentence by itself; chunks then say which one they are of.
        retries: how often what `vvcli.speech.faults` finds broken is spoken again, before it comes.
        lexicon: respellings, for any model; see `vvcli.frontend.lexicon`.
        commands: obey `[[pause 500ms]]`, `[[voice NAME]]` and `[[spell ABC]]` in text.
        language: `en-US` or `en-GB`, where the model has text read for it; default: its voice's.
        max_ahead: seconds of audio made ahead of the record that is being handed out, before no
            further record is started; default: enough to keep all streams busy.
        deterministic: compute at full width, so that a record's bits depend on nothing else.
        require_graphs: never run a step other than as a CUDA graph.
        sample_type: of the audio: `float32`, or `int16`, rounded and cut off at full scale on the
            device, which is half the work for the host.
        threads: of each worker on a CPU; `auto` is one a core, at most 4 for a small model.
        workers: on a CPU; with more than one, each is a process with its share of the processors.
        cluster: makes the files of a batch on its GPUs, or `workers` on each machine's CPU.

    The audio of a record does not depend on the number of workers. Several of them are ended by
    `close`, or by leaving a `with` statement. Sessions speak once, whatever comes of it.

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
        device: str | Sequence[str] = "auto",
        dtype: str = "auto",
        streams: int | str = "auto",
        steps: int | None = None,
        cfg_scale: float | None = None,
        seed: int = 0,
        speed: float = 1.0,
        split: bool = True,
        by_sentence: bool = False,
        retries: int = 0,
        lexicon: Lexicon | None = None,
        commands: bool = True,
        language: str | None = None,
        max_ahead: float | None = None,
        deterministic: bool = False,
        require_graphs: bool = False,
        sample_type: SampleType = "float32",
        threads: int | str = "auto",
        workers: int = 1,
        cluster: RayCluster | None = None,
    ) -> None:
        check_parameters(model=model, dtype=dtype, device=device, workers=workers)
        options = SpeakerOptions(
            voice=None if voice is None else str(voice),
            streams=streams,
            steps=steps,
            cfg_scale=cfg_scale,
            seed=seed,
            speed=speed,
            split=split,
            by_sentence=by_sentence,
            retries=retries,
            lexicon=lexicon,
            commands=commands,
            language=language,
            deterministic=deterministic,
            require_graphs=require_graphs,
            sample_type=sample_type,
            threads=threads,
        )
        check_parameters(max_ahead=max_ahead, **vars(options))
        found = open_fleet(model, device, workers, cluster, dtype, options, max_ahead)
        self.device, self.dtype = found.device, found.dtype
        self.config, self.voice = found.config, found.voice
        self.fleet, self._speaker = found.fleet, found.speaker
        self._speaking = threading.Lock()
        self._sessions = found.sessions and found.sessions(self._speaking)

    @property
    def workers(self) -> int:
        """Engines that speak at the same time, one on each device."""
        return self.fleet.workers

    @property
    def streams(self) -> int:
        """Records that each worker speaks at the same time."""
        return self.fleet.streams

    @property
    def engine(self) -> Engine:
        """The engine, for its counters and to warm it up; RuntimeError as from `speaker`."""
        return self.speaker.engine

    @property
    def speaker(self) -> Speaker:
        """The model on its device, with what makes its streams and its engine.

        Raises:
            RuntimeError: there are several workers, each with its own, outside of this process.
        """
        if self._speaker is None:
            raise RuntimeError("the engines of several workers are in processes of their own")
        return self._speaker

    @property
    def clipped(self) -> int:
        """Samples of `int16` that were cut off at full scale."""
        return self.fleet.clipped

    @property
    def active(self) -> int:
        """Streams that are being spoken now."""
        return self.fleet.active

    def report(self) -> list[dict[str, Any]]:
        """The figures of each worker of the latest run, if there are several."""
        return self.fleet.report()

    def close(self) -> None:
        """End the workers: what is not spoken yet raises RuntimeError. One alone needs no end."""
        self.fleet.close()

    def __enter__(self) -> Synthesizer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

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
        for, on a GPU it stops when `max_ahead` is made. To stop early, close the generator.

        Raises:
            TypeError: `lines` is one text, or holds what is neither str nor Record.
            ValueError: a record's seed or guidance is out of range.
            RuntimeError: this synthesizer is speaking already, one run at a time; or is closed.
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
        split: bool | None = None,
        speed: float | None = None,
        sample_type: SampleType | None = None,
        voice_files: bool = True,
        first_index: int = 0,
        max_ahead: float = MAX_AHEAD,
        on_audio: Callable[[], None] | None = None,
    ) -> SpeechSession:
        """A live session: text as it is written, audio as it is made, beside other sessions.

        `speak` and `stream` need all sessions closed. None is this synthesizer's own setting.

        Args:
            voice, seed, cfg_scale, speed: for records that name none, as of a synthesizer.
            language, commands, split: as of a synthesizer.
            sample_type: `int16` of a synthesizer of float32 is that of one of int16.
            voice_files: find voices by their files as well: not for text of strangers.
            first_index: of the first text.
            max_ahead: seconds of audio made and not read, at which the session's stream pauses.
            on_audio: called in another thread once there is audio that `read` had not found.

        Raises:
            ValueError: a number is out of its range; or the workers are a cluster's.
            RuntimeError: this synthesizer is speaking.
            UnavailableError: the voice is missing, or the language unknown.
        """
        if self._sessions is None:
            raise ValueError("a cluster makes files, and speaks no sessions")
        own = (voice, seed, cfg_scale, language, commands, split, speed, sample_type, voice_files)
        return self._sessions.open_session(SessionOptions(*own, first_index, max_ahead), on_audio)

    def _stream(self, records: Iterable[Record]) -> Generator[Chunk, None, None]:
        if not self._speaking.acquire(blocking=False):
            raise RuntimeError(
                "this Synthesizer is speaking already: finish or close() the other generator and "
                "close() its sessions, or make another Synthesizer"
            )
        pending = self.fleet.stream(records)
        try:
            with closing(pending):
                for chunk in pending:
                    yield chunk.join()
        finally:
            self._speaking.release()
