"""Steps of a small model on several threads of a CPU.

Operators of such a model are too short to be shared out: threads that meet after each of them cost
more than they save. So each thread takes some of a frame's streams from noise to samples, and they
meet once. Text of streams that begin is read meanwhile, and a stream that is alone has its decoder
beside its language model.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor

from vvcli.engine.backends.backend import Backend
from vvcli.engine.frames import FrameOutput
from vvcli.engine.sizes import AttentionLimit
from vvcli.engine.slots import SlotState
from vvcli.engine.step import FrameStep, StepValues
from vvcli.engine.transfer import TextBatch
from vvcli.model.diffusion_head import SolverTable
from vvcli.samples import SampleType

Result = TypeVar("Result")


class _Count:
    """Threads of this process that streams are shared out to, as torch has a number for operators.

    Engines that are made later have so many.
    """

    value = 1


def step_threads() -> int:
    """Threads that an engine on a CPU shares its streams out to."""
    return _Count.value


def set_step_threads(count: int) -> None:
    """Have engines that are made from now on share streams out to `count` threads."""
    _Count.value = count


def make_frame_step(
    backend: Backend, table: SolverTable, sample_type: SampleType, *, adapt_rows: bool
) -> FrameStep:
    """The step of an engine, on as many threads as it may have."""
    threads = step_threads() if backend.device.type == "cpu" else 1
    if threads == 1:
        return FrameStep(backend, table, sample_type, adapt_rows=adapt_rows)
    return ThreadedStep(backend, table, sample_type, adapt_rows=adapt_rows, threads=threads)


class ThreadedStep(FrameStep):
    """A `FrameStep` on a CPU whose streams are shared out to threads, this one among them.

    Args:
        threads: how many, at least 2.
    """

    def __init__(
        self,
        backend: Backend,
        table: SolverTable,
        sample_type: SampleType = "float32",
        *,
        adapt_rows: bool = False,
        threads: int,
    ) -> None:
        super().__init__(backend, table, sample_type, adapt_rows=adapt_rows)
        self._threads = threads
        # Operators compute in the thread that calls them.
        self._pool = ThreadPoolExecutor(
            threads - 1, "step", initializer=torch.set_num_threads, initargs=(1,)
        )

    def __call__(
        self,
        state: SlotState,
        bucket: int,
        limit: AttentionLimit,
        text: TextBatch | None = None,
    ) -> FrameOutput | None:
        """Run the step; see `FrameStep`."""
        if not bucket:
            return super().__call__(state, 0, limit, text)
        if text is not None and _stand_still(state, text.slots):
            return self._run_beside_text(state, bucket, limit, text)
        if bucket == 1:
            return self._run_alone(state, limit, text)
        parts = min(self._threads, bucket)
        bounds = [part * bucket // parts for part in range(parts + 1)]
        others = [self._submit_frame(state, limit, *part) for part in pairwise(bounds[1:])]
        try:
            first = self._run_frame(state, limit, 0, bounds[1])
        finally:
            wait(others)
        if text is not None:
            super().__call__(state, 0, limit, text)
        return FrameOutput(torch.cat([first, *(other.result() for other in others)]))

    def _run_beside_text(
        self, state: SlotState, bucket: int, limit: AttentionLimit, text: TextBatch
    ) -> FrameOutput:
        """Read text for slots that wait for it, while the other threads run the frame of others."""
        waiting = sorted(slot for slot in text.slots.tolist() if slot < bucket)
        size = -(-(bucket - len(waiting)) // (self._threads - 1))
        pieces = [
            (start, min(start + size, end))
            for before, end in pairwise([-1, *waiting, bucket])
            for start in range(before + 1, end, size)
        ]
        pending = [self._submit_frame(state, limit, *piece) for piece in pieces]
        try:
            super().__call__(state, 0, limit, text)
        finally:
            wait(pending)
        found = [rows.result() for rows in pending]
        rows = found[0].new_zeros(bucket, found[0].shape[1])
        for (start, end), part in zip(pieces, found, strict=True):
            rows[start:end] = part
        return FrameOutput(rows)

    def _run_frame(self, state: SlotState, limit: AttentionLimit, start: int, end: int) -> Tensor:
        """Rows of a frame of the slots from `start` to `end`."""
        frame = super().__call__(state.part(start, end), end - start, limit)
        assert frame is not None  # noqa: S101 - for mypy
        return frame.rows

    def _submit_frame(
        self, state: SlotState, limit: AttentionLimit, start: int, end: int
    ) -> Future[Tensor]:
        return self._submit(partial(self._run_frame, state, limit, start, end))

    def _run_alone(
        self, state: SlotState, limit: AttentionLimit, text: TextBatch | None
    ) -> FrameOutput:
        values, decoding = StepValues(), Future[None]()
        decoding.set_result(None)
        try:
            for stage in self.stages(values, state, 1, limit, text):
                if stage.name == "decoder":
                    decoding = self._submit(stage.run)
                    continue
                stage.run()
                if stage.joins:
                    decoding.result()
        finally:
            wait([decoding])
        return values.frame

    def _submit(self, call: Callable[[], Result]) -> Future[Result]:
        def run() -> Result:
            with torch.inference_mode():  # which is each thread's own
                return call()

        return self._pool.submit(run)


def _stand_still(state: SlotState, slots: Tensor) -> bool:
    """Whether none of `slots` makes a frame now."""
    return not bool((state.active & (state.window_left > 0))[slots].any())
