"""Steps that the device may not have finished, and the frames that come out of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vvcli.engine.host_frames import HostFrames
from vvcli.engine.plan import Plan, PlannedFrame
from vvcli.engine.stream import End, Stream, StreamFrame
from vvcli.engine.transfer import PendingFrames
from vvcli.samples import Samples, SampleType


@dataclass(frozen=True)
class _LaunchedStep:
    ended: list[Stream]
    frames: list[PlannedFrame]
    pending: PendingFrames | None


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
        self._host_frames = HostFrames(hop, sample_type)
        self._steps: deque[_LaunchedStep] = deque()

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, plan: Plan, pending: PendingFrames | None) -> None:
        """Queue the step of `plan`, whose frames, if any, are `pending`."""
        if plan.frames or plan.ended:
            self._steps.append(_LaunchedStep(plan.ended, plan.frames, pending))

    def collect(self, depth: int) -> Iterator[StreamFrame]:
        """Frames of the steps that have arrived, waiting for all but the last `depth`.

        A stream is closed with its last frame; frames after that are dropped.
        """
        while self._steps and (len(self._steps) > depth or self._has_arrived()):
            yield from self._read(self._steps.popleft())

    def _has_arrived(self) -> bool:
        pending = self._steps[0].pending
        return pending is None or pending.arrived

    def _read(self, step: _LaunchedStep) -> Iterator[StreamFrame]:
        if step.pending is not None:
            audio, broken, eos, clipped = step.pending.read()
            samples, ends = self._host_frames.copy(audio), eos.tolist()
            is_broken = broken.tolist()
            any_clipped = bool(clipped.any())
            for slot, stream, planned_end in step.frames:
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
        for stream in step.ended:
            if not stream.closed:
                stream.closed = True
                yield StreamFrame(stream, self.no_samples, stream.end)
