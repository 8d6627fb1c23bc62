"""A step's frames: their layout on the device, whose they are, and their memory on the host."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vvcli.engine.host_memory import HostMemory
from vvcli.engine.plan import Plan, PlannedFrame
from vvcli.engine.stream import End, StreamFrame
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
        self.rows[:, -2].copy_(eos)

    @property
    def audio(self) -> Tensor:
        """[B, hop], of the type of the samples."""
        return self.rows[:, :-EXTRA]

    @property
    def clipped(self) -> Tensor:
        """[B]: samples that int16 cut off."""
        return self.rows[:, -1]

    @property
    def eos(self) -> Tensor:
        """[B] bool: this frame is the slot's last."""
        return self.rows[:, -2] > 0

    @property
    def broken(self) -> Tensor:
        """[B] bool: some of the samples are not finite, or far beyond full scale."""
        return self.rows[:, -EXTRA] > 0


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

    def collect(self, depth: int) -> Iterator[StreamFrame]:
        """Frames of the steps that have arrived, waiting for all but the last `depth`.

        A stream is closed with its last frame; frames after that are dropped.
        """
        while self._steps and (len(self._steps) > depth or self._has_arrived()):
            yield from self._read(*self._steps.popleft())

    def _has_arrived(self) -> bool:
        _, pending = self._steps[0]
        return pending is None or pending.arrived

    def _read(self, plan: Plan, pending: PendingRows | None) -> Iterator[StreamFrame]:
        if pending is not None:
            yield from self._read_frames(plan.frames, FrameOutput(pending.read()))
        for stream in plan.ended:
            if not stream.closed:
                stream.closed = True
                yield StreamFrame(stream, self.no_samples, stream.end)

    def _read_frames(
        self, planned: list[PlannedFrame], output: FrameOutput
    ) -> Iterator[StreamFrame]:
        samples = self._memory.copy(output.audio.numpy())
        ends, is_broken = output.eos.tolist(), output.broken.tolist()
        clipped = output.clipped.numpy()
        any_clipped = bool(clipped.any())
        for slot, stream, planned_end in planned:
            if stream.closed:  # it ended in the frame before, which the plan could not know
                continue
            if is_broken[slot]:
                stream.closed = True
                yield StreamFrame(stream, self.no_samples, End.BROKEN)
                continue
            end = End.EOS if ends[slot] else planned_end
            if any_clipped:
                self.clipped += int(clipped[slot])
            stream.closed = end is not None
            yield StreamFrame(stream, samples[slot], end)
