"""One step: a frame for every slot that can make one, then text for the slots that are due.

The only compute path. It writes the slot state in place and, with a back-end that can be captured,
never reads a value back to the host: it runs as it is or inside a graph. Slots that are idle or
wait for text take part in the arithmetic, but nothing of theirs advances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vvcli.engine.backends.backend import Backend
from vvcli.engine.frames import FrameOutput
from vvcli.engine.sizes import AttentionLimit
from vvcli.engine.slots import SlotState
from vvcli.engine.transfer import TextBatch
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.transformer import CacheView
from vvcli.samples import SampleType


class SideStream:
    """Forks work off the current stream and joins it again, also inside a graph capture.

    On a CPU forked work runs in line. A tensor that one stream makes and the other reads must stay
    referenced until `join`: freed earlier, its memory would go to the next tensor of its own stream
    while the other stream still reads it.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    @contextmanager
    def fork(self) -> Iterator[None]:
        """Launch work on the side stream, after everything launched so far."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            yield

    def join(self) -> None:
        """Make the current stream wait for everything forked so far."""
        if self._stream is not None:
            torch.cuda.current_stream().wait_stream(self._stream)


@dataclass(frozen=True)
class Stage:
    """A part of a step that can be run, captured and timed by itself, after those before it."""

    name: str
    run: Callable[[], None]
    on_side: bool = False  # forked off: runs beside the stages after it
    joins: bool = False  # forked work is waited for once this stage is launched


@dataclass
class StepValues:
    """Tensors that the stages of one step pass on, alive until the step is over."""

    active_mask: Tensor = field(init=False)  # [B] bool: slots that make a frame
    text_hidden: Tensor | None = None  # [W, text_window, H], of text that joins the frame
    latent: Tensor = field(init=False)  # [B, latent] float64
    frame: FrameOutput = field(init=False)
    eos: Tensor = field(init=False)  # [B] bool: this frame is the slot's last


class FrameStep:
    """The step of one model: a list of stages over a slot state.

    The decoder, which makes the audio, runs beside the language model, which makes the next
    condition: on a GPU neither fills it.

    Args:
        backend: computes the stages.
        table: solver steps.
        sample_type: of the samples that come out.
        adapt_rows: take text through the TTS LM together with the frame, and leave rows without
            text out of frames that are not guided, if the back-end can. The number of rows, and so
            the rounding of a stream, then depends on what others are given.
    """

    def __init__(
        self,
        backend: Backend,
        table: SolverTable,
        sample_type: SampleType = "float32",
        *,
        adapt_rows: bool = False,
    ) -> None:
        self._backend = backend
        self._table = table
        self._sample_type = sample_type
        self._adapts_rows = adapt_rows
        self._side = SideStream(backend.device)

    @property
    def backend(self) -> Backend:
        """The operations that the stages call."""
        return self._backend

    def with_backend(self, backend: Backend) -> FrameStep:
        """The same step, computed by `backend`."""
        return FrameStep(backend, self._table, self._sample_type, adapt_rows=self._adapts_rows)

    def __call__(
        self,
        state: SlotState,
        bucket: int,
        limit: AttentionLimit,
        text: TextBatch | None = None,
    ) -> FrameOutput | None:
        """Run the step; see `stages`. Returns the frames, or None with a bucket of zero."""
        values = StepValues()
        for stage in self.stages(values, state, bucket, limit, text):
            if stage.on_side:
                with self._side.fork():
                    stage.run()
            else:
                stage.run()
            if stage.joins:
                self._side.join()
        return values.frame if bucket else None

    def stages(
        self,
        values: StepValues,
        state: SlotState,
        bucket: int,
        limit: AttentionLimit,
        text: TextBatch | None = None,
    ) -> Sequence[Stage]:
        """A frame of the first `bucket` slots, none with 0; then the windows of `text`.

        `limit` bounds the positions attended to.
        """
        backend, joined = self._backend, None
        if self._adapts_rows and bucket:
            joined = text if backend.join_text is not None else None
            if backend.unguided is not None and not state.is_guided(bucket):
                backend = backend.unguided

        def prepare() -> None:
            values.active_mask = state.active_mask(bucket)
            if joined is not None:
                values.text_hidden = _encode_text(backend, state, joined, limit)

        def diffusion() -> None:
            values.latent = backend.sample_latent(state, bucket, self._table)

        def decoder() -> None:
            audio = backend.decode(values.latent, state.context[:bucket], values.active_mask)
            values.frame = FrameOutput.of(audio, self._sample_type)

        def lm() -> None:
            values.eos = _advance(backend, state, values, limit, joined)

        def prefill_text() -> None:
            assert text is not None  # noqa: S101 - for mypy
            _prefill_text(backend, state, text, limit)

        def ends() -> None:
            values.frame.mark_ends(values.eos)

        if not bucket:
            return [Stage("text", prefill_text)] if text is not None else []
        has_text_left = text is not None and joined is None
        return [
            Stage("prepare", prepare, on_side=True),
            # The LM reads `text_hidden`, and its end overwrites the counters behind `active_mask`.
            Stage("diffusion", diffusion, joins=True),
            Stage("decoder", decoder, on_side=True),
            Stage("lm", lm, joins=not has_text_left),
            *([Stage("text", prefill_text, joins=True)] if has_text_left else []),
            Stage("ends", ends),
        ]


def _encode_text(
    backend: Backend, state: SlotState, text: TextBatch, limit: AttentionLimit
) -> Tensor:
    """Run text windows through the text LM; inputs [W, text_window, hidden] of the TTS LM."""
    positions = state.lm_length[text.slots][:, None] + text.offsets
    cache = CacheView(state.lm_kv, positions, text.slots, limit.text)
    return backend.text_lm(backend.embed_tokens(text.tokens), cache) + backend.text_type


def _prefill_text(
    backend: Backend, state: SlotState, text: TextBatch, limit: AttentionLimit
) -> None:
    """Run text windows through both LMs; the last token's state becomes the condition.

    Tokens beyond a row's count are written behind its length, where the next write overtakes them
    before anything reads them.
    """
    slots, counts = text.slots, text.counts
    hidden = _encode_text(backend, state, text, limit)
    rows = 2 * slots
    positions = state.tts_length[rows][:, None] + text.offsets
    cache = CacheView(state.tts_kv, positions, rows, limit.tts)
    hidden = backend.tts_lm(hidden, cache)

    last = (counts - 1).clamp(min=0)[:, None, None].expand(-1, 1, hidden.shape[2])
    state.condition[slots, 0] = hidden.gather(1, last)[:, 0]
    state.lm_length.index_add_(0, slots, counts)
    state.tts_length.index_add_(0, rows, counts)
    state.window_left[slots] = text.frames


def _advance(
    backend: Backend,
    state: SlotState,
    values: StepValues,
    limit: AttentionLimit,
    text: TextBatch | None,
) -> Tensor:
    """Run the new latents through the TTS LM, with the rows of `text` in the same pass, and commit.

    Conditional and unconditional rows run together, if there are such. Returns which slots end,
    [bucket] bool.
    """
    pairs = backend.embed_latent(values.latent)
    speech_rows, bucket = pairs.shape[0], values.latent.shape[0]
    if text is None or values.text_hidden is None or backend.join_text is None:
        every = 2 * bucket // speech_rows  # row, or every second: those with text
        positions = state.tts_length[: 2 * bucket : every, None]
        cache = CacheView(state.tts_kv[:, :, ::every], positions, None, limit.tts)
        return backend.commit(state, backend.tts_lm(pairs, cache))
    rows, positions = backend.join_text.place(state, bucket, text)
    cache = CacheView(state.tts_kv, positions[:, None], rows, limit.tts)
    inputs = torch.cat([pairs, values.text_hidden.view(-1, 1, pairs.shape[2])])
    hidden = backend.tts_lm(inputs, cache)
    eos = backend.commit(state, hidden[:speech_rows])
    backend.join_text.commit(state, hidden[speech_rows:], text)
    return eos
