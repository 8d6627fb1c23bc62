"""A step's frames: their layout on the device, whose they are, and their memory on the host."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from vvcli.engine.host_memory import HostMemory
from vvcli.engine.plan import Plan
from vvcli.engine.stream import End, Stream, StreamFrame
from vvcli.engine.transfer import PendingRows
from vvcli.samples import FULL_SCALE, Samples, SampleType

EXTRA = 3  # numbers behind the samples

# Times full scale. Beyond it samples are as broken as those that are not finite: the filter of a
# resampler would make infinities of the largest floats, and LAME aborts the process at those.
MAX_SAMPLE = 1e6


@dataclass(frozen=True)
class FrameOutput:
    """One frame of the first B slots: samples and flags of a slot in one row, for one copy.

    A row holds the samples, whether they are broken, whether the frame is the slot's last, and how
    many samples were beyond full scale and therefore clipped in int16.
    """

    rows: Tensor  # [B, hop + EXTRA] float32 or int16

    @classmethod
    def of(cls, audio: Tensor, sample_type: SampleType) -> FrameOutput:
        """Rows for `audio` [B, hop], with samples rounded to the nearest of their type.

        They are rounded from float32 in every case: full scale of int16 is not representable in
        bfloat16, whose nearest number is above it and would wrap to the lowest int16.
        """
        audio, dtype = audio.float(), getattr(torch, sample_type)
        rows = audio.new_empty(audio.shape[0], audio.shape[1] + EXTRA, dtype=dtype)
        size = audio.abs()
        # Here, where they are float still: a NaN is some number or other of int16. The largest of
        # numbers one of which is NaN is NaN, and is below nothing.
        rows[:, -EXTRA].copy_(~(size.amax(1) <= MAX_SAMPLE))
        if dtype is torch.int16:
            scaled = (audio * FULL_SCALE).clamp_(-FULL_SCALE, FULL_SCALE)
            rows[:, :-EXTRA].copy_(scaled.round_())
            rows[:, -1].copy_((size > 1).sum(1))
        else:
            rows[:, :-EXTRA].copy_(audio)
            rows[:, -1].zero_()
        return cls(rows)

    def mark_ends(self, eos: Tensor) -> None:
        """Note which of the frames are a slot's last, [B] bool."""
        self.marks[:, 1].copy_(eos)

    @property
    def audio(self) -> Tensor:
        """[B, hop], of the type of the samples."""
        return self.rows[:, :-EXTRA]

    @property
    def marks(self) -> Tensor:
        """[B, EXTRA]: whether the frame is broken, whether it is the last, clipped samples."""
        return self.rows[:, -EXTRA:]

    @property
    def eos(self) -> Tensor:
        """[B] bool: this frame is the slot's last."""
        return self.marks[:, 1] > 0

    @property
    def broken(self) -> Tensor:
        """[B] bool: some of the samples are not finite, or far beyond full scale."""
        return self.marks[:, 0] > 0


class InFlightSteps:
    """A queue of launched steps.

    Args:
        hop: samples of a frame.
        sample_type: of the frames' samples.
        depth: steps that may be unfinished when the next one is planned.
    """

    def __init__(self, hop: int, sample_type: SampleType, depth: int) -> None:
        self.depth = depth
        self.clipped = 0  # samples of int16 that were beyond full scale
        self.no_samples: Samples = np.zeros(0, dtype=sample_type)  # of an end without a frame
        self._memory = HostMemory(sample_type, hop)
        self._steps: deque[tuple[Plan, PendingRows | None]] = deque()

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, plan: Plan, pending: PendingRows | None) -> None:
        """Queue the step of `plan`, whose frames, if any, are `pending`."""
        if plan.frames or plan.ended:
            self._steps.append((plan, pending))

    def collect(self, depth: int) -> list[StreamFrame]:
        """Frames of the steps that have arrived, waiting for all but the last `depth`.

        A stream is closed with its last frame; frames after that are dropped.
        """
        frames: list[StreamFrame] = []
        while self._steps and (len(self._steps) > depth or self._has_arrived()):
            plan, pending = self._steps.popleft()
            if pending is not None:
                self._read_frames(plan, FrameOutput(pending.read()), frames)
            for stream in plan.ended:
                if not stream.closed:
                    stream.closed = True
                    frames.append(StreamFrame(stream, self.no_samples, stream.end))
        return frames

    def _has_arrived(self) -> bool:
        _, pending = self._steps[0]
        return pending is None or pending.arrived

    def _read_frames(self, plan: Plan, output: FrameOutput, frames: list[StreamFrame]) -> None:
        """Add the frames of `plan`, whose output is `output`, to `frames`."""
        samples, marks = self._memory.copy(output.audio.numpy()), output.marks.numpy()
        special = {*marks.any(1).nonzero()[0].tolist(), *plan.ends}
        for slot, stream in plan.frames:
            if stream.closed:  # it ended in the frame before, which the plan could not know
                continue
            if slot not in special:
                frames.append(_new_frame((stream, samples[slot], None)))
                continue
            is_broken, is_eos, clipped = marks[slot].tolist()
            end = End.BROKEN if is_broken else End.EOS if is_eos else plan.ends.get(slot)
            stream.closed = end is not None
            self.clipped += 0 if is_broken else int(clipped)
            frames.append(StreamFrame(stream, self.no_samples if is_broken else samples[slot], end))


# Without the checks of arguments that take half of the time.
_new_frame: Callable[[tuple[Stream, Samples, None]], StreamFrame] = partial(
    tuple.__new__, StreamFrame
)
