"""Steps as captured CUDA graphs: one replay instead of hundreds of launches.

A step is captured whole; where that fails, as one graph a stage; where that fails too, it runs
eagerly. A graph belongs to one number of slots and of text windows, and to the tensors of one slot
state.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import torch
from torch import Tensor

from vvcli.engine.frame_output import FrameOutput
from vvcli.engine.scheduler import Room
from vvcli.engine.slots import SlotState
from vvcli.engine.step import FrameStep, TextBatch, running, text_step
from vvcli.engine.transfer import pack_text
from vvcli.errors import UnavailableError
from vvcli.model.vibevoice import VibeVoice

GraphMode = Literal["auto", "off", "require"]
Output = TypeVar("Output")

# Every step is run before it is captured, since Triton compiles and cuBLAS chooses on the first run
# of a size. What they set up for the stream, some of it on the second run, the first step does.
FIRST_WARM_UPS, WARM_UPS = 2, 1

logger = logging.getLogger(__name__)


@dataclass
class Counters:
    """How steps were run."""

    captures: int = 0
    replays: int = 0  # steps that were one replay
    stage_replays: int = 0  # steps that were one replay a stage
    eager_steps: int = 0
    rebuilds: int = 0  # slots built anew in a quiet moment
    growths: int = 0  # caches that had to grow under running streams
    reasons: list[str] = field(default_factory=list)  # why something was not captured


@dataclass
class Captured(Generic[Output]):
    """A captured step; `output` is overwritten by every replay."""

    graph: torch.cuda.CUDAGraph
    output: Output


def run_compiled(step: Callable[[], object]) -> None:
    """Run `step`, with its kernels compiled beforehand if it has any."""
    if "triton" not in sys.modules:
        step()
        return
    from vvcli.engine.backends.triton import compile_ahead

    compile_ahead.run_compiled(step)


class Capturer:
    """Captures steps on one stream into one memory pool."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()
        self._warm_ups = FIRST_WARM_UPS

    def capture(self, step: Callable[[], Output]) -> Captured[Output]:
        """Run `step` for warm-up, then capture it; its side effects happen in the warm-up alone."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            run_compiled(step)
            for _ in range(self._warm_ups - 1):
                step()
        self._warm_ups = WARM_UPS
        self._stream.synchronize()
        # The graph's intermediate results lie in a pool of their own; those of the warm-up would
        # be kept beside them.
        torch.cuda.empty_cache()
        graph = torch.cuda.CUDAGraph()
        # Another thread, which may read input or watch the device, does not break the capture.
        with torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        ):
            output = step()
        torch.cuda.current_stream().wait_stream(self._stream)
        return Captured(graph, output)


@dataclass
class _Step:
    """How steps of one bucket and number of text rows are run."""

    graphs: list[torch.cuda.CUDAGraph]
    output: FrameOutput | None
    columns: Tensor | None  # where the text is expected


class Steps:
    """Runs the step of a model on one slot state, replayed where possible.

    Args:
        model: on its device.
        frame_step: the model's, plain or fused.
        state: the slots; graphs hold on to its tensors.
        mode: `auto` captures on CUDA; `off` never; `require` makes a step that cannot be captured
            an error.
        counters: are kept up to date.

    Raises:
        UnavailableError: graphs are required, and this is no GPU.
    """

    def __init__(
        self,
        model: VibeVoice,
        frame_step: FrameStep,
        state: SlotState,
        mode: GraphMode,
        counters: Counters,
    ) -> None:
        on_cuda = model.device.type == "cuda"
        if mode == "require" and not on_cuda:
            raise UnavailableError(
                "CUDA graphs are required, but the model is on the CPU: use --device cuda"
            )
        self.state = state
        self._model = model
        self._frame_step = frame_step
        self._required = mode == "require"
        self._counters = counters
        self._capturer = Capturer(model.device) if on_cuda and mode != "off" else None
        self._steps: dict[tuple[int, int], _Step | None] = {}
        self._stages: dict[int, dict[str, Callable[[], object]]] = {}

    def run(self, bucket: int, limits: Room, columns: Tensor | None = None) -> FrameOutput | None:
        """A frame of the first `bucket` slots, none with 0; then text, `columns` as `TextBatch.of`
        takes them. The next step may overwrite the output.

        `limits` bound the positions an eager step attends to; a graph is captured for all.
        """
        if self._capturer is not None:
            rows = 0 if columns is None else columns.shape[0]
            if (bucket, rows) not in self._steps:
                self._steps[bucket, rows] = self._capture(self._capturer, bucket, rows)
            step = self._steps[bucket, rows]
            if step is not None:
                if step.columns is not None and columns is not None:
                    step.columns.copy_(columns)
                for graph in step.graphs:
                    graph.replay()
                self._counters.replays += len(step.graphs) == 1
                self._counters.stage_replays += len(step.graphs) > 1
                return step.output
        self._counters.eager_steps += 1
        text = None if columns is None else TextBatch.of(columns)
        return self._frame_step(self.state, bucket, limits, text)

    def padding(self, rows: int) -> Tensor:
        """Columns for `run` that give no text: each row names the spare slot, and has no tokens."""
        packed = pack_text([], rows, self._model.config.text_window, self.state.slots)
        return torch.from_numpy(packed).to(self._model.device)

    def stages(self, bucket: int) -> dict[str, Callable[[], object]]:
        """Each stage of a frame alone, by name, to be timed; their order is diffusion, decoder, lm.

        The latent that the later two read is that of the first one's last run.
        """
        if bucket not in self._stages:
            if self._capturer is not None:
                with _standing_still(self.state):
                    captured = self._capture_stages(self._capturer, bucket)
                self._stages[bucket] = {name: one.graph.replay for name, one in captured.items()}
            else:
                latent = self._frame_step.sample_latent(self.state, bucket)
                self._stages[bucket] = {
                    "diffusion": lambda: self._frame_step.sample_latent(self.state, bucket),
                    **self._later_stages(latent),
                }
        return self._stages[bucket]

    def _capture(self, capturer: Capturer, bucket: int, rows: int) -> _Step | None:
        state, columns, text = self.state, None, None
        if rows:
            columns = self.padding(rows)
            text = TextBatch.of(columns)
        what = f"steps of {bucket} streams and {rows} text windows"
        with _standing_still(state):
            try:
                whole = capturer.capture(lambda: self._frame_step(state, bucket, state.room, text))
                self._counters.captures += 1
                return _Step([whole.graph], whole.output, columns)
            except RuntimeError as error:
                self._note(f"{what} as one graph", error)
            try:
                parts = self._capture_parts(capturer, bucket, text)
                self._counters.captures += len(parts)
                output = parts["decoder"].output if bucket else None
                return _Step([part.graph for part in parts.values()], output, columns)
            except RuntimeError as error:
                self._note(f"the parts of {what}", error)
        return None

    def _capture_parts(
        self, capturer: Capturer, bucket: int, text: TextBatch | None
    ) -> dict[str, Captured[Any]]:
        state = self.state
        parts: dict[str, Captured[Any]] = {}
        if bucket:
            parts |= self._capture_stages(capturer, bucket)
            output, eos = parts["decoder"].output, parts["lm"].output
            parts["ends"] = capturer.capture(partial(output.mark_ends, eos))
        if text is not None:
            read = partial(text_step, self._model, state, text, state.room)
            parts["text"] = capturer.capture(read)
        return parts

    def _capture_stages(self, capturer: Capturer, bucket: int) -> dict[str, Captured[Any]]:
        first = capturer.capture(lambda: self._frame_step.sample_latent(self.state, bucket))
        first.graph.replay()  # a capture computes nothing, and the next stages' warm-up reads this
        later = self._later_stages(first.output)
        return {"diffusion": first} | {name: capturer.capture(one) for name, one in later.items()}

    def _later_stages(self, latent: Tensor) -> dict[str, Callable[[], object]]:
        """The stages after the first, one after the other."""
        step, state = self._frame_step, self.state
        return {
            "decoder": lambda: step.decode_audio(state, latent, running(state, len(latent))),
            "lm": lambda: step.advance_speech(state, latent, state.room),
        }

    def _note(self, what: str, error: RuntimeError) -> None:
        """Tell, once for each thing, why it could not be captured."""
        torch.cuda.synchronize()
        reason = f"{what} could not be captured: {str(error).splitlines()[0]}"
        self._counters.reasons.append(reason)
        if self._required:
            raise UnavailableError(f"{reason} (CUDA graphs are required)") from error
        logger.warning("%s; running them another way", reason)


@contextmanager
def _standing_still(state: SlotState) -> Iterator[None]:
    """While this is entered no slot runs, so that the warm-up of a capture moves none of them.

    What it writes behind the end of a cache is overwritten before anything reads it.
    """
    active = state.active.clone()
    state.active.zero_()
    try:
        yield
    finally:
        state.active.copy_(active)
