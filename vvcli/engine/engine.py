"""Runs plans on a model: streams go in, frames come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vvcli.engine.backends.choose import can_fuse, fused_frame_step
from vvcli.engine.backends.cpu.layers import fit_to_cpu
from vvcli.engine.buckets import Buckets, limit_of
from vvcli.engine.frame_output import FrameOutput
from vvcli.engine.graphs import Counters, GraphMode, Steps
from vvcli.engine.host_frames import FrameMemory
from vvcli.engine.noise import CHUNK
from vvcli.engine.noise_refill import NoiseRefill
from vvcli.engine.scheduler import Plan, PlannedFrame, Room, Scheduler
from vvcli.engine.slots import SlotState, alike, check_voice
from vvcli.engine.step import FrameStep
from vvcli.engine.stream import End, Stream, StreamFrame
from vvcli.engine.transfer import Downloader, Result, Uploader, pack_text
from vvcli.errors import UnavailableError
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice
from vvcli.samples import Samples, SampleType

POSITIONS_AT_START = 512
TEXT_POSITIONS_AT_START = 256

# Text windows after a frame on a GPU, so that joining streams do not hold up running ones.
MOST_WINDOWS = 256


@dataclass(frozen=True)
class _Dispatched:
    """A step that the device may not have finished."""

    ended: list[Stream]
    frames: list[PlannedFrame]
    result: Result | None


class Engine:
    """A model, its slots and their scheduler.

    On CUDA a step's frames come out one step later, so that the host plans the next step while the
    device computes this one.

    Args:
        model: on its device; its layers are replaced by faster ones of the same results.
        slots: streams that run at the same time.
        steps: solver steps per frame.
        graphs: see `Steps`.
        deterministic: run every step at full width, so that not even rounding depends on how many
            streams there are.
        sample_type: of the frames' samples. Those of int16 are cut off at full scale.

    Raises:
        UnavailableError: the device has no memory for so many slots, or graphs are required and
            cannot be had.
    """

    def __init__(
        self,
        model: VibeVoice,
        *,
        slots: int,
        steps: int,
        graphs: GraphMode = "auto",
        deterministic: bool = False,
        sample_type: SampleType = "float32",
    ) -> None:
        config = model.config
        self.model = model
        self.counters = Counters()
        self.clipped = 0  # samples of int16 that were cut off at full scale
        table = SolverTable.build(model.prediction_head, steps)
        if can_fuse(model):
            self._frame_step = fused_frame_step(
                model, table, sample_type, deterministic=deterministic
            )
        else:
            self._frame_step = FrameStep(model, table, sample_type)
        on_cuda = model.device.type == "cuda"
        if not on_cuda:
            fit_to_cpu(model)
        windows = min(slots, MOST_WINDOWS) if on_cuda else slots
        self._buckets = Buckets(slots, windows, on_cuda, deterministic)
        self._slots = slots
        self._text_window = config.text_window
        self._graphs = graphs
        room = Room(POSITIONS_AT_START, TEXT_POSITIONS_AT_START)
        self._steps = self._steps_on(self._allocate(room))
        self._scheduler = Scheduler(
            slots,
            text_window=config.text_window,
            speech_window=config.speech_window,
            max_positions=config.lm.max_positions,
            noise_chunk=CHUNK,
            windows_per_step=windows,
            bucket=self._buckets.streams,
            # A graph belongs to the caches it was captured with.
            room=room if on_cuda and graphs != "off" else None,
        )
        self._uploader = Uploader(model.device)
        self._downloader = Downloader(model.device, slots, config.decoder.hop, sample_type)
        self._memory = FrameMemory(config.decoder.hop, sample_type)
        self.no_samples: Samples = np.zeros(0, dtype=sample_type)  # of a stream that has no more
        self._dispatched: deque[_Dispatched] = deque()
        self._in_flight = 1 if on_cuda else 0  # steps that may be unfinished when one is planned
        self._noise = NoiseRefill(config.head.latent_size)

    @property
    def state(self) -> SlotState:
        """The slots."""
        return self._steps.state

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
        return bool(self.waiting or self.running or self._dispatched)

    def submit(self, stream: Stream) -> None:
        """Queue a stream; streams start in the order they are submitted."""
        if not stream.tokens:
            raise ValueError(f"stream {stream.number} has no tokens")
        check_voice(stream.voice, self.model.config)
        self._scheduler.submit(stream)

    def cancel(self, stream: Stream) -> None:
        """Stop a stream at once, wherever it is; none of its frames come out any more."""
        self._scheduler.finish(stream, End.CANCELLED)
        stream.closed = True

    def step(self, *, admit: bool = True) -> list[StreamFrame]:
        """One frame for every running stream; with `admit` false no waiting one joins them."""
        with self._computing():
            return self._step(self._scheduler.plan(admit=admit))

    def _step(self, plan: Plan) -> list[StreamFrame]:
        self._make_room(plan)
        self._place(plan)
        columns = self._upload(plan)
        result = None
        made_any = bool(plan.frames or plan.windows)
        if made_any:
            limits = self._limits(plan.length, plan.text_length)
            output = self._steps.run(plan.bucket, limits, columns)
            if output is not None:
                result = self._downloader.fetch(output)
        if plan.frames or plan.ended:
            self._dispatched.append(_Dispatched(plan.ended, plan.frames, result))
        frames: list[StreamFrame] = []
        while self._dispatched and (
            len(self._dispatched) > (self._in_flight if made_any else 0) or self._has_arrived()
        ):
            frames += self._collect(self._dispatched.popleft())
        return frames

    def warm_up(self) -> None:
        """Capture all there is to capture now, the widest first, instead of on first use.

        Raises:
            UnavailableError: graphs are required, and something cannot be captured.
        """
        with self._computing():
            for bucket, rows in self._buckets.every():
                columns = self._steps.padding(rows) if rows else None
                self._steps.run(bucket, self.state.room, columns)

    def frame(self, bucket: int, positions: int) -> FrameOutput | None:
        """Start one frame of the first `bucket` slots and nothing else, to be timed.

        `positions` is the longest cache in use.
        """
        with self._computing():
            return self._steps.run(bucket, self._limits(positions, 0))

    def stages(self, bucket: int) -> dict[str, Callable[[], object]]:
        """See `Steps.stages`."""
        with self._computing():
            return self._steps.stages(bucket)

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """No gradients, and this model's device as that of streams, graphs and kernels."""
        on_device: AbstractContextManager[None] = nullcontext()
        if self.model.device.type == "cuda":
            on_device = torch.cuda.device(self.model.device)
        with torch.inference_mode(), on_device:
            yield

    def _has_arrived(self) -> bool:
        result = self._dispatched[0].result
        return result is None or result.arrived

    def _collect(self, step: _Dispatched) -> list[StreamFrame]:
        frames = []
        if step.result is not None:
            audio, broken, eos, clipped = step.result.read()
            is_broken = broken.tolist()
            samples, ends = self._memory.keep(audio), eos.tolist()
            beyond = clipped if clipped.any() else None
            for slot, stream, end in step.frames:
                if stream.closed:  # it ended in the frame before, which the plan could not know
                    continue
                if ends[slot] or is_broken[slot]:
                    end = End.BROKEN if is_broken[slot] else End.EOS
                    self._scheduler.finish(stream, end)
                    stream.end = end
                if is_broken[slot]:
                    stream.closed = True
                    frames.append(StreamFrame(stream, self.no_samples, end))
                    continue
                if beyond is not None:
                    self.clipped += int(beyond[slot])
                stream.closed = end is not None
                frames.append(StreamFrame(stream, samples[slot], end))
        for stream in step.ended:
            if not stream.closed:
                stream.closed = True
                frames.append(StreamFrame(stream, self.no_samples, stream.end))
        return frames

    def _place(self, plan: Plan) -> None:
        for slot in plan.released:
            self.state.release(slot)
        for source, target in plan.moves:
            self.state.move(source, target)
        for slot, stream, count in alike(plan.admitted):
            self.state.load(slot, stream, count)

    def _upload(self, plan: Plan) -> Tensor | None:
        """Send noise, and text windows, which come back as `TextBatch.of` takes them."""
        places, values = self._noise.draw(plan)
        if not len(places) and not plan.windows:
            return None
        rows = self._buckets.text(len(plan.windows), plan.bucket)
        columns = pack_text(plan.windows, rows, self._text_window, self._slots)
        text, where, what = self._uploader.send(columns, places, values)
        if len(places):
            self.state.refill_noise(where, what)
        return text if rows else None

    def _limits(self, length: int, text_length: int) -> Room:
        """Positions to attend to in caches of such lengths."""
        room = self.state.room
        return Room(limit_of(length, room.speech), limit_of(text_length, room.text))

    def _make_room(self, plan: Plan) -> None:
        """Build the slots anew, or grow caches in which a row after this step would not fit.

        Padding tokens of a text window are written behind the row's end, and need room too.
        """
        if plan.room is not None:
            self.state.free()  # before, so that old and new need not fit together
            self._steps = self._steps_on(self._allocate(plan.room))
            self.counters.rebuilds += 1
        slack = self._text_window
        capacity, text_capacity = self.state.capacity, self.state.text_capacity
        while capacity < plan.length + slack:
            capacity *= 2
        while text_capacity < plan.text_length + slack:
            text_capacity *= 2
        if (capacity, text_capacity) != (self.state.capacity, self.state.text_capacity):
            self._steps = self._steps_on(self.state.grown(capacity, text_capacity))
            self.counters.growths += 1
            if self._scheduler.room is not None:
                self._scheduler.room = Room(capacity, text_capacity)

    def _steps_on(self, state: SlotState) -> Steps:
        return Steps(self.model, self._frame_step, state, self._graphs, self.counters)

    def _allocate(self, room: Room) -> SlotState:
        """Slots with nobody in them."""
        try:
            return SlotState.allocate(self.model, self._slots, room.speech, room.text)
        except torch.OutOfMemoryError as error:
            raise UnavailableError(
                f"the device has no memory for {self._slots} streams of {room.speech} positions: "
                "ask for fewer streams (-j)"
            ) from error
