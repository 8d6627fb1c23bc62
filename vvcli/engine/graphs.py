"""Steps as captured CUDA graphs: one replay instead of hundreds of launches.

The fallback ladder, for each number of slots and text windows: the whole step as one graph; one
graph a stage; eager. Where operations of the back-end fail by themselves, its fallback takes its
place and the ladder starts anew. A graph belongs to the tensors of one slot state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vvcli.engine.counters import Counters
from vvcli.engine.frames import FrameOutput
from vvcli.engine.graph_capture import GraphCapturer
from vvcli.engine.sizes import AttentionLimit, SizeChoice, StepSize
from vvcli.engine.slots import SlotState
from vvcli.engine.step import FrameStep, Stage, StepValues
from vvcli.engine.transfer import TextBatch
from vvcli.errors import UnavailableError

GraphMode = Literal["auto", "off", "require"]


@dataclass(frozen=True)
class CapturedStep:
    """The graphs of one step, replayed in order; each replay overwrites `frame`."""

    graphs: Sequence[torch.cuda.CUDAGraph]
    frame: FrameOutput | None
    packed_text: Tensor | None  # where the graphs read the text


class GraphRunner:
    """Runs steps on one slot state, replayed where possible.

    Args:
        frame_step: the step to run.
        state: the slots; graphs hold on to its tensors.
        text_window: tokens of a text window.
        mode: `auto` captures on CUDA; `off` never; `require` makes a step that cannot be captured
            an error.
        counters: are kept up to date.
        exact: run every step at the size that is wanted.

    Raises:
        UnavailableError: graphs are required, and this is no GPU.
    """

    def __init__(
        self,
        frame_step: FrameStep,
        state: SlotState,
        text_window: int,
        mode: GraphMode,
        counters: Counters,
        *,
        exact: bool = False,
    ) -> None:
        device = frame_step.backend.device
        if mode == "require" and device.type != "cuda":
            raise UnavailableError(
                "CUDA graphs are required, but the model is on the CPU", remedy="cuda"
            )
        self.state = state
        self.frame_step = frame_step  # with another back-end once that of the caller has failed
        self._text_window = text_window
        self._required = mode == "require"
        self._counters = counters
        on_cuda = device.type == "cuda"
        self._capturer = GraphCapturer(device) if on_cuda and mode != "off" else None
        # None where the step is run eagerly.
        self._captured: dict[StepSize, CapturedStep | None] = {}
        self._choice = None if exact else SizeChoice(text_window)
        self._stages: dict[int, dict[str, Callable[[], object]]] = {}

    def pick(self, wanted: StepSize) -> StepSize:
        """The size to run a step at: `wanted`, or for a few steps a larger one that is captured."""
        is_known = wanted in self._captured or not any(wanted)
        if self._choice is None or self._capturer is None or is_known:
            return wanted
        captured = [size for size, step in self._captured.items() if step is not None]
        return self._choice.pick(wanted, captured)

    def run(
        self, bucket: int, limit: AttentionLimit, packed_text: Tensor | None = None
    ) -> FrameOutput | None:
        """A frame of the first `bucket` slots, none with 0; then the text that `packed_text` holds.

        The next step may overwrite the output. `limit` bounds the positions an eager step attends
        to; a graph is captured for all.
        """
        key = StepSize(bucket, 0 if packed_text is None else packed_text.shape[0])
        if key not in self._captured:
            with _standing_still(self.state):
                self._captured[key] = self._prepare(*key)
        captured = self._captured[key]
        if captured is None:
            self._counters.eager_steps += 1
            text = None if packed_text is None else TextBatch.unpack(packed_text)
            return self.frame_step(self.state, bucket, limit, text)
        if captured.packed_text is not None and packed_text is not None:
            captured.packed_text.copy_(packed_text)
        for graph in captured.graphs:
            graph.replay()
        self._counters.replays += len(captured.graphs) == 1
        self._counters.stage_replays += len(captured.graphs) > 1
        return captured.frame

    def padding(self, rows: int) -> Tensor:
        """Packed text of `rows` padding rows, which no slot reads."""
        packed = TextBatch.pack([], rows, self._text_window, self.state.slots)
        return torch.from_numpy(packed).to(self.frame_step.backend.device)

    def stages(self, bucket: int) -> dict[str, Callable[[], object]]:
        """The stages of a frame by name, in order, to be timed one by one.

        All have run once, so that each finds the results of those before it.
        """
        if bucket not in self._stages:
            with _standing_still(self.state):
                if self._capturer is None:
                    stages = self._list_stages(StepValues(), bucket, None)
                    _run_in_order(stages)
                    self._stages[bucket] = {stage.name: stage.run for stage in stages}
                else:
                    graphs, _ = self._capture_stages(self._capturer, bucket, None)
                    self._stages[bucket] = {name: graph.replay for name, graph in graphs.items()}
        return self._stages[bucket]

    def _prepare(self, bucket: int, rows: int) -> CapturedStep | None:
        """Capture a step on the highest rung of the ladder that holds; None for an eager step."""
        packed_text = self.padding(rows) if rows else None
        text = None if packed_text is None else TextBatch.unpack(packed_text)
        if self._capturer is None:
            self._check_backend(bucket, text)
            return None
        steps = f"steps of {bucket} streams and {rows} text windows"
        first_run, limit = self.frame_step.backend.first_run, self._no_limit
        # A compiler or a driver may raise errors of any class.
        try:
            graph, frame = self._capturer.capture(
                lambda: self.frame_step(self.state, bucket, limit, text), first_run
            )
            self._counters.captures += 1
            return CapturedStep([graph], frame, packed_text)
        except Exception as error:
            if not self._check_backend(bucket, text):
                return self._prepare(bucket, rows)
            self._note(f"{steps} as one graph", error)
        try:
            graphs, values = self._capture_stages(self._capturer, bucket, text)
            self._counters.captures += len(graphs)
            frame = values.frame if bucket else None
            return CapturedStep([*graphs.values()], frame, packed_text)
        except Exception as error:
            self._note(f"the stages of {steps}", error)
        return None

    def _capture_stages(
        self, capturer: GraphCapturer, bucket: int, text: TextBatch | None
    ) -> tuple[dict[str, torch.cuda.CUDAGraph], StepValues]:
        """A graph for each stage, by name, and the tensors that they pass on.

        Those need not be kept: whatever takes their memory later, a replay writes them anew.
        """
        values, graphs = StepValues(), {}
        for stage in self._list_stages(values, bucket, text):
            graph, _ = capturer.capture(stage.run, self.frame_step.backend.first_run)
            graph.replay()  # a capture computes nothing, and the next stage's warm-up reads this
            graphs[stage.name] = graph
        return graphs, values

    def _list_stages(
        self, values: StepValues, bucket: int, text: TextBatch | None
    ) -> Sequence[Stage]:
        return self.frame_step.stages(values, self.state, bucket, self._no_limit, text)

    @property
    def _no_limit(self) -> AttentionLimit:
        capacity = self.state.capacity
        return AttentionLimit.of(capacity, capacity)

    def _check_backend(self, bucket: int, text: TextBatch | None) -> bool:
        """Run a step's stages outside of any graph, if the back-end has a fallback.

        If they fail, the fallback takes over from here on. Returns whether they ran.
        """
        backend = self.frame_step.backend
        if backend.fallback is None:
            return True
        try:
            backend.first_run(lambda: _run_in_order(self._list_stages(StepValues(), bucket, text)))
            _synchronize(backend.device)  # an error of a launch may come late
        except torch.OutOfMemoryError:
            return True  # the fallback needs as much
        except Exception as error:
            self._counters.note(f"operations of the {backend.name} back-end failed", error)
            self.frame_step = self.frame_step.with_backend(backend.fallback)
            self._captured.clear()
            self._stages.clear()
            return False
        return True

    def _note(self, subject: str, error: Exception) -> None:
        """Note why something could not be captured.

        Raises:
            UnavailableError: graphs are required.
        """
        _synchronize(self.frame_step.backend.device)
        reason = self._counters.note(f"{subject} could not be captured", error)
        if self._required:
            raise UnavailableError(f"{reason} (CUDA graphs are required)") from error


def _run_in_order(stages: Sequence[Stage]) -> None:
    for stage in stages:
        stage.run()


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _standing_still(state: SlotState) -> Iterator[None]:
    """While this is entered no slot runs, so that a warm-up moves none of them.

    Entries that it writes behind the end of a cache are overwritten before anything reads them.
    """
    active = state.active.clone()
    state.active.zero_()
    try:
        yield
    finally:
        state.active.copy_(active)
