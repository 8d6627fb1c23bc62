"""Steps as captured CUDA graphs: one replay instead of hundreds of launches.

A frame is captured whole; where that fails, as one graph a stage; where that fails too, it runs
eagerly. A graph belongs to one number of slots and to the tensors of one slot state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import torch
from torch import Tensor

from vvcli.engine.frame import FrameOutput, FrameStep, TextBatch, text_step
from vvcli.engine.slots import SlotState
from vvcli.engine.transfer import pack_text
from vvcli.errors import UnavailableError
from vvcli.model.vibevoice import VibeVoice

GraphMode = Literal["auto", "off", "require"]
Output = TypeVar("Output")

# cuBLAS, Triton and the allocator set themselves up on the first run, some on the second.
WARM_UPS = 2

logger = logging.getLogger(__name__)


@dataclass
class Counters:
    """How steps were run."""

    captures: int = 0
    replays: int = 0  # frames and text steps that were one replay
    stage_replays: int = 0  # frames that were one replay a stage
    eager_steps: int = 0
    rebuilds: int = 0  # slots built anew in a quiet moment
    growths: int = 0  # caches that had to grow under running streams
    reasons: list[str] = field(default_factory=list)  # why something was not captured


@dataclass
class Captured(Generic[Output]):
    """A captured step; `output` is overwritten by every replay."""

    graph: torch.cuda.CUDAGraph
    output: Output


class Capturer:
    """Captures steps on one stream into one memory pool."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)
        # cuBLAS keeps 32 MiB for every stream it has run on, and from here on it runs on this one.
        torch.cuda.synchronize(device)
        torch._C._cuda_clearCublasWorkspaces()
        self._pool = torch.cuda.graph_pool_handle()

    def capture(self, step: Callable[[], Output]) -> Captured[Output]:
        """Run `step` for warm-up, then capture it; its side effects happen in the warm-up alone."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            for _ in range(WARM_UPS):
                step()
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
class _Frame:
    """How frames of one bucket are run."""

    graphs: list[torch.cuda.CUDAGraph]
    output: FrameOutput


class Steps:
    """Runs the two steps of a model on one slot state, replayed where possible.

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
        self._frames: dict[int, _Frame | None] = {}
        self._texts: dict[int, tuple[Captured[None], Tensor] | None] = {}
        self._stages: dict[int, dict[str, Callable[[], object]]] = {}

    def frame(self, bucket: int, limit: int) -> FrameOutput:
        """One frame step over the first `bucket` slots; the next one may overwrite the output.

        `limit` bounds the positions an eager step attends to; a graph is captured for all.
        """
        if self._capturer is not None:
            if bucket not in self._frames:
                self._frames[bucket] = self._capture_frame(self._capturer, bucket)
            frame = self._frames[bucket]
            if frame is not None:
                for graph in frame.graphs:
                    graph.replay()
                self._counters.replays += len(frame.graphs) == 1
                self._counters.stage_replays += len(frame.graphs) > 1
                return frame.output
        self._counters.eager_steps += 1
        return self._frame_step(self.state, bucket, limit)

    def text(self, columns: Tensor, limit: int, text_limit: int) -> None:
        """One text step; `columns` is as `TextBatch.of` takes it."""
        if self._capturer is not None:
            rows = columns.shape[0]
            if rows not in self._texts:
                self._texts[rows] = self._capture_text(self._capturer, rows)
            text = self._texts[rows]
            if text is not None:
                captured, static = text
                static.copy_(columns)
                captured.graph.replay()
                self._counters.replays += 1
                return
        self._counters.eager_steps += 1
        text_step(self._model, self.state, TextBatch.of(columns), limit, text_limit)

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
                step, state, limit = self._frame_step, self.state, self.state.capacity
                latent = step.sample_latent(state, bucket)
                self._stages[bucket] = {
                    "diffusion": lambda: step.sample_latent(state, bucket),
                    "decoder": lambda: step.decode_audio(state, latent),
                    "lm": lambda: step.advance_speech(state, latent, limit),
                }
        return self._stages[bucket]

    def _capture_frame(self, capturer: Capturer, bucket: int) -> _Frame | None:
        step, state = self._frame_step, self.state
        with _standing_still(state):
            try:
                whole = capturer.capture(lambda: step(state, bucket, state.capacity))
                self._counters.captures += 1
                return _Frame([whole.graph], whole.output)
            except RuntimeError as error:
                self._note(f"frames of {bucket} streams as one graph", error)
            try:
                parts = self._capture_stages(capturer, bucket)
                self._counters.captures += len(parts)
                output = FrameOutput(parts["decoder"].output, parts["lm"].output)
                return _Frame([part.graph for part in parts.values()], output)
            except RuntimeError as error:
                self._note(f"the stages of frames of {bucket} streams", error)
        return None

    def _capture_stages(self, capturer: Capturer, bucket: int) -> dict[str, Captured[Tensor]]:
        step, state = self._frame_step, self.state
        first = capturer.capture(lambda: step.sample_latent(state, bucket))
        first.graph.replay()  # a capture computes nothing, and the next stages' warm-up reads this
        latent = first.output
        return {
            "diffusion": first,
            "decoder": capturer.capture(lambda: step.decode_audio(state, latent)),
            "lm": capturer.capture(lambda: step.advance_speech(state, latent, state.capacity)),
        }

    def _capture_text(self, capturer: Capturer, rows: int) -> tuple[Captured[None], Tensor] | None:
        state = self.state
        # Warm-up writes into the spare slot alone: each row names it, and counts no tokens.
        padding = pack_text([], rows, self._model.config.text_window, state.slots)
        static = torch.from_numpy(padding).to(self._model.device)
        batch = TextBatch.of(static)
        try:
            captured = capturer.capture(
                lambda: text_step(self._model, state, batch, state.capacity, state.text_capacity)
            )
        except RuntimeError as error:
            self._note(f"text steps of {rows} windows", error)
            return None
        self._counters.captures += 1
        return captured, static

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
