"""A whole job, end to end: lines in through a pipe, audio out through another, as in `speak`."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vvcli.audio.output import Output
from vvcli.audio.pcm import S16LE, AudioWriter
from vvcli.audio.track import Track
from vvcli.audio.writer import open_writer
from vvcli.bench.frame_time import frame_ms
from vvcli.bench.pipes import Listener, TextPipe
from vvcli.bench.readings import GpuUse, Memory, read_memory, start_memory
from vvcli.bench.streams import StreamMaker, first_audio_ms, prepare
from vvcli.cli.read_aloud import read_aloud
from vvcli.progress.report import open_progress
from vvcli.progress.tally import Tally
from vvcli.samples import SAMPLE_RATE
from vvcli.script.sources import read_files
from vvcli.speech.loaded_model import LoadedModel
from vvcli.speech.values import Chunk, Status
from vvcli.synthesizer import Synthesizer

GAP = 0.2  # seconds, which is what `speak` puts between records

LATENCIES = 20

STDERR = 2


@dataclass(frozen=True)
class JobResult:
    """How the job went."""

    records: int
    streams: int
    characters: int
    audio_s: float
    elapsed_s: float  # from the first line written to the last byte read
    audio_s_per_s: float
    bound_audio_s_per_s: float  # if every step were a full frame and nothing else
    bound_frame_ms: float
    share_of_bound: float
    first_audio_s: float | None  # from the first line written to the first byte read
    first_audio_warm_ms: float  # median, one stream, from its submission to samples on the host
    first_audio_warm_worst_ms: float
    warm_up_s: float  # capture, before the run
    in_order: bool  # and every record whole
    bytes_written: int
    bytes_read: int
    gpu_percent: float | None
    memory: Memory
    counters: dict[str, Any]  # how the steps of the run were run


def run_job(
    loaded: LoadedModel, texts: Sequence[str], *, streams: int, steps: int, bound_frames: int
) -> JobResult:
    """Speak `texts` with `streams` slots.

    Raises:
        UsageError: a text is too long for the model's context.
        UnavailableError: the device has no memory for so many streams.
    """
    model, maker = loaded.model, StreamMaker(loaded)
    longest = max(texts, key=len)
    maker.check(longest)
    bound = frame_ms(model, streams, bound_frames, steps)
    start_memory(model.device)
    synthesizer = Synthesizer(loaded, streams=streams, steps=steps, sample_type="int16")
    start = time.perf_counter()
    prepare(synthesizer.engine, maker.make(longest))
    warm_up = time.perf_counter() - start
    waits = first_audio_ms(synthesizer.engine, maker, longest, LATENCIES)

    counters = dict(vars(synthesizer.engine.counters))
    expected = [model.config.decoder.hop * maker.frames(text) for text in texts]
    lines, listener, tally = TextPipe(texts), Listener(), Tally()
    with GpuUse(model.device) as gpu:
        with Output(listener.descriptor, "the pipe") as output:
            writer = open_writer("s16le", output, SAMPLE_RATE, input_rate=SAMPLE_RATE)
            lines.start()
            records = read_files([Path("-")], lines.descriptor)
            track = CheckedTrack(writer, GAP, expected)
            progress = open_progress("none", sys.stderr, STDERR)
            read_aloud(synthesizer, records, track, tally, progress)
            writer.finish()
        heard = listener.wait()
    os.close(lines.descriptor)
    elapsed = heard.last - lines.started
    audio = tally.audio
    bound_speed = streams * 1e3 / model.config.frame_rate / bound
    return JobResult(
        records=tally.records,
        streams=streams,
        characters=sum(map(len, texts)),
        audio_s=audio,
        elapsed_s=elapsed,
        audio_s_per_s=audio / elapsed,
        bound_audio_s_per_s=bound_speed,
        bound_frame_ms=bound,
        share_of_bound=audio / elapsed / bound_speed,
        first_audio_s=heard.first and heard.first - lines.started,
        first_audio_warm_ms=statistics.median(waits),
        first_audio_warm_worst_ms=max(waits),
        warm_up_s=warm_up,
        in_order=track.as_expected and heard.size == S16LE.width * track.expected_samples,
        bytes_written=writer.samples * S16LE.width,
        bytes_read=heard.size,
        gpu_percent=gpu.percent,
        memory=read_memory(model.device),
        counters=_since(counters, vars(synthesizer.engine.counters)),
    )


class CheckedTrack(Track):
    """A track that knows how many samples each record has, and so whether all is in order."""

    def __init__(self, writer: AudioWriter, gap: float, expected: Sequence[int]) -> None:
        super().__init__(writer, gap)
        self.expected_samples = sum(expected) + (len(expected) - 1) * round(gap * SAMPLE_RATE)
        self._expected = expected
        self._samples = 0  # of the record that is being written
        self._written = 0  # records
        self._wrong = False

    @property
    def as_expected(self) -> bool:
        """Whether every record came once, in order, spoken, and with all its samples."""
        return self._written == len(self._expected) and not self._wrong

    def add(self, chunk: Chunk) -> None:
        """Write the chunk, and check its place."""
        super().add(chunk)
        self._wrong |= chunk.record.index != self._written
        self._samples += len(chunk.samples)
        if chunk.status is not None:
            whole = self._samples == self._expected[min(self._written, len(self._expected) - 1)]
            self._wrong |= chunk.status is not Status.OK or not whole
            self._written, self._samples = self._written + 1, 0


def _since(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The counts in between; values that are no numbers are as they are now."""
    return {
        name: value - before[name] if isinstance(value, int | float) else value
        for name, value in now.items()
    }
