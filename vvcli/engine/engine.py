"""Runs the scheduler's plans on a model: streams go in, frames come out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import Tensor

from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.choose import choose_backend
from vvcli.engine.counters import Counters
from vvcli.engine.frames import EXTRA, FrameOutput, InFlightSteps
from vvcli.engine.graphs import GraphMode, GraphRunner
from vvcli.engine.plan import Plan
from vvcli.engine.scheduler import Scheduler
from vvcli.engine.sizes import (
    INITIAL_CAPACITY,
    MAX_WINDOWS,
    AttentionLimit,
    Buckets,
    CacheCapacity,
)
from vvcli.engine.slots import SlotState, group_by_prefill
from vvcli.engine.step import FrameStep
from vvcli.engine.stream import NOISE_CHUNK, End, Stream, StreamFrame
from vvcli.engine.threads import make_frame_step
from vvcli.engine.transfer import Downloader, TextBatch, Uploader, draw_noise
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice
from vvcli.samples import Samples, SampleType


class Engine:
    """A model, its slots and their scheduler.

    On CUDA a step's frames come out one step later, so that the host plans the next step while the
    device computes this one.

    Args:
        model: on its device; it stays as it is, and engines can share one.
        backend: made of `model`; default: the fastest for its device.
        slots: streams that run at the same time.
        steps: solver steps per frame.
        graphs: see `GraphRunner`.
        deterministic: run each step at full width, so that no rounding depends on other streams.
        sample_type: of the frames' samples. int16 samples are clipped at full scale.

    Raises:
        UnavailableError: the device has no memory for so many slots, or graphs are required and
            unavailable.
    """

    def __init__(
        self,
        model: VibeVoice,
        backend: Backend | None = None,
        *,
        slots: int,
        steps: int,
        graphs: GraphMode = "auto",
        deterministic: bool = False,
        sample_type: SampleType = "float32",
    ) -> None:
        config = self.config = model.config
        self.device, self.dtype = model.device, model.dtype
        self.counters = Counters()
        on_cuda = self.device.type == "cuda"
        # Makes the model's device that of new streams, graphs and kernels.
        self._on_device = torch.cuda.device(self.device) if on_cuda else nullcontext()
        max_windows = min(slots, MAX_WINDOWS) if on_cuda else slots
        self._buckets = Buckets(slots, max_windows, on_cuda, deterministic)
        self._slots = slots
        self._graphs = graphs
        frame_step = make_frame_step(
            backend or choose_backend(model, fixed=deterministic),
            SolverTable.build(model.prediction_head, steps),
            sample_type,
            adapt_rows=not deterministic,
        )
        self._runner = self._make_runner(frame_step, self._allocate(INITIAL_CAPACITY))
        self._scheduler = Scheduler(
            slots,
            text_window=config.text_window,
            speech_window=config.speech_window,
            max_positions=config.lm.max_positions,
            noise_chunk=NOISE_CHUNK,
            max_windows=max_windows,
            bucket=self._buckets.streams,
            widens_at_once=on_cuda,
            # A graph belongs to the caches it was captured with.
            capacity=INITIAL_CAPACITY if on_cuda and graphs != "off" else None,
        )
        self._uploader = Uploader(self.device)
        width = config.decoder.hop + EXTRA
        self._downloader = Downloader(self.device, slots, width, sample_type)
        self._in_flight = InFlightSteps(config.decoder.hop, sample_type, depth=int(on_cuda))
        self.stalled = False  # nothing was left to do in the last step: all streams are paused

    @property
    def state(self) -> SlotState:
        """The slots."""
        return self._runner.state

    @property
    def waiting(self) -> int:
        """Streams submitted and not yet in a slot."""
        return self._scheduler.waiting

    @property
    def running(self) -> int:
        """Streams in a slot."""
        return self._scheduler.running

    @property
    def busy(self) -> bool:
        """Whether streams wait or run, or frames are still to come out."""
        return bool(self.waiting or self.running or self._in_flight)

    @property
    def clipped(self) -> int:
        """Samples of int16 that were beyond full scale."""
        return self._in_flight.clipped

    @property
    def no_samples(self) -> Samples:
        """The samples of a stream that has no more."""
        return self._in_flight.no_samples

    def submit(self, stream: Stream) -> None:
        """Queue a stream; streams start in the order they are submitted."""
        if not stream.tokens:
            raise ValueError(f"stream {stream.number} has no tokens")
        self.state.check(stream.voice)
        self._scheduler.submit(stream)

    def cancel(self, stream: Stream) -> None:
        """Stop a stream at once, wherever it is; none of its frames come out any more."""
        self._scheduler.finish(stream, End.CANCELLED)
        stream.closed = True

    def pause(self, stream: Stream, *, paused: bool = True) -> None:
        """Let a stream stand still in its slot, or go on: no audio depends on it."""
        self._scheduler.pause(stream, paused=paused)

    def step(self, *, admit: bool = True) -> list[StreamFrame]:
        """One frame for every running stream; with `admit` false no waiting one joins them."""
        with torch.inference_mode(), self._on_device:
            return self._step(self._scheduler.plan(admit=admit))

    def _step(self, plan: Plan) -> list[StreamFrame]:
        self._ensure_capacity(plan)
        self._place(plan)
        size = self._runner.pick(self._buckets.size(plan.bucket, len(plan.windows)))
        packed_text = self._upload(plan, size.windows)
        pending = None
        launched = any(size)
        if launched:
            limit = self._limit(plan.max_length, plan.max_text_length)
            output = self._runner.run(size.streams, limit, packed_text)
            if output is not None and plan.frames:
                pending = self._downloader.fetch(output.rows[: plan.bucket])
        self._in_flight.add(plan, pending)
        self.stalled = not (launched or plan.ended or self._in_flight)
        frames = self._in_flight.collect(self._in_flight.depth if launched else 0)
        for stream, _, end in frames:
            if end is not None:  # the device may have decided that
                self._scheduler.finish(stream, end)
                stream.end = end
        return frames

    def warm_up(self) -> None:
        """Capture every step that can occur now, the widest first, instead of on first use.

        Raises:
            UnavailableError: graphs are required, and something cannot be captured.
        """
        with torch.inference_mode(), self._on_device:
            for bucket, rows in self._buckets.every():
                packed_text = self._runner.padding(rows) if rows else None
                capacity = self.state.capacity
                self._runner.run(bucket, AttentionLimit.of(capacity, capacity), packed_text)

    def frame(self, bucket: int, positions: int) -> FrameOutput | None:
        """Start one frame of the first `bucket` slots and nothing else, to be timed.

        `positions` is the longest cache in use.
        """
        with torch.inference_mode(), self._on_device:
            return self._runner.run(bucket, self._limit(positions, 0))

    def stages(self, bucket: int) -> dict[str, Callable[[], object]]:
        """See `GraphRunner.stages`."""
        with torch.inference_mode(), self._on_device:
            return self._runner.stages(bucket)

    def _place(self, plan: Plan) -> None:
        for slot in plan.released:
            self.state.release(slot)
        for source, target in plan.moves:
            self.state.move(source, target)
        for slot, stream, count in group_by_prefill(plan.admitted):
            self.state.load(slot, stream, count)
        for slot, halted in plan.halted:
            self.state.halt(slot, halted=halted)

    def _upload(self, plan: Plan, rows: int) -> Tensor | None:
        """Send noise, which goes into the slots, and text windows, which come back in `rows`."""
        slots, chunks = draw_noise(plan, self.config.head.latent_size)
        if not (len(slots) or rows):
            return None
        tokens = self._buckets.tokens(plan.longest_window, self.config.text_window)
        packed = TextBatch.pack(plan.windows, rows, tokens, self._slots)
        packed_text, sent_slots, sent_chunks = self._uploader.send(packed, slots, chunks)
        if len(slots):
            self.state.refill_noise(sent_slots, sent_chunks)
        return packed_text if rows else None

    def _limit(self, length: int, text_length: int) -> AttentionLimit:
        """Positions to attend to in caches of up to such lengths."""
        return AttentionLimit.of(CacheCapacity(length, text_length), self.state.capacity)

    def _ensure_capacity(self, plan: Plan) -> None:
        """Rebuild the slots, or grow caches in which a row after this step would not fit.

        Padding tokens of a text window are written behind the row's end, and need capacity too.
        """
        if plan.rebuild is not None:
            self.state.free()  # before, so that old and new need not fit together
            self._runner = self._make_runner(self._runner.frame_step, self._allocate(plan.rebuild))
            self.counters.rebuilds += 1
        window = self.config.text_window
        needed = CacheCapacity(plan.max_length + window, plan.max_text_length + window)
        if not self.state.capacity.holds(needed):
            capacity = self.state.capacity.doubled(needed)
            self._runner = self._make_runner(self._runner.frame_step, self.state.grown(capacity))
            self.counters.growths += 1
            if self._scheduler.capacity is not None:
                self._scheduler.capacity = capacity

    def _make_runner(self, frame_step: FrameStep, state: SlotState) -> GraphRunner:
        window = self.config.text_window
        given = frame_step, state, window, self._graphs, self.counters
        return GraphRunner(*given, exact=self._buckets.fixed)

    def _allocate(self, capacity: CacheCapacity) -> SlotState:
        return SlotState.allocate(
            self.config, self._slots, capacity, device=self.device, dtype=self.dtype
        )
