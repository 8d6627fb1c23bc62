"""The parts of a back-end that can be compared one by one, and random states to run them on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from vvcli.engine.backends.backend import Backend
from vvcli.engine.sizes import CacheCapacity
from vvcli.engine.slots import SlotState
from vvcli.engine.transfer import TextBatch
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.transformer import CacheView
from vvcli.model.vibevoice import VibeVoice

FILLED = CacheCapacity(tts=128, text=64)  # positions that are filled at most
WINDOWS = 4  # of text, or fewer where there are fewer streams
STEPS = 3  # of the solver
CLEAR = 0.2  # of the classifier's typical logit: nearer to zero, rounding may decide
MAX_FRAMES = 6


@dataclass(frozen=True)
class Case:
    """A random state of slots, and the inputs of each part."""

    state: SlotState
    text: TextBatch
    latent: Tensor  # [B, latent] float64
    hidden: Tensor  # [2B, 1, H]
    text_hidden: Tensor  # [W, window, H]
    clear: Tensor  # [B] bool: whether `hidden` says clearly that speech ends, or goes on
    table: SolverTable

    @property
    def streams(self) -> int:
        """B."""
        return self.latent.shape[0]

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return self.latent.device

    @classmethod
    def random(cls, model: VibeVoice, streams: int) -> Case:
        """The same numbers each time: caches that have room, some streams that stand still."""
        config, device, dtype = model.config, model.device, model.dtype
        generator = torch.Generator().manual_seed(streams)

        def normal(*shape: int, dtype: torch.dtype = dtype) -> Tensor:
            return torch.randn(shape, generator=generator).to(device, dtype)

        def count(low: int, high: int, *shape: int) -> Tensor:
            return torch.randint(low, high, shape, generator=generator).to(device)

        capacity = CacheCapacity(2 * FILLED.tts, 2 * FILLED.text + config.text_window)
        state = SlotState.allocate(config, streams, capacity, device=device, dtype=dtype)
        for cache in (state.lm_kv, state.tts_kv):
            # Repeated over rows: drawing every number would take longer than the comparison.
            cache.copy_(normal(1, 2, 1, *cache.shape[3:]))
        state.lm_length.copy_(count(1, FILLED.text, streams + 1))
        state.tts_length.copy_(count(1, FILLED.tts, 2 * streams + 2))
        state.condition.copy_(normal(*state.condition.shape))
        state.context.copy_(normal(*state.context.shape))
        state.noise.copy_(normal(*state.noise.shape, dtype=torch.float32))
        state.frame.copy_(count(0, 100, streams + 1))
        state.window_left.copy_(count(0, MAX_FRAMES, streams + 1))
        state.active.copy_(count(0, 4, streams + 1) > 0)
        state.guidance.fill_(1.5)
        windows, size = min(WINDOWS, streams), config.lm.hidden_size
        text = TextBatch(
            torch.randperm(streams, generator=generator)[:windows].to(device),
            count(0, config.lm.vocab_size, windows, config.text_window),
            count(1, config.text_window + 1, windows),
            count(1, MAX_FRAMES, windows),
        )
        hidden = normal(2 * streams, 1, size)
        logits = model.eos_classifier(hidden.view(streams, 2, size)[:, 0]).float()
        return cls(
            state,
            text,
            normal(streams, config.head.latent_size, dtype=torch.float64),
            hidden,
            normal(windows, config.text_window, size),
            logits.abs() > CLEAR * logits.square().mean().sqrt(),
            SolverTable.build(model.prediction_head, STEPS),
        )

    def to(self, model: VibeVoice) -> Case:
        """The same numbers in the dtype of `model`."""
        values = {item.name: getattr(self.state, item.name) for item in fields(self.state)}
        floats = {"lm_kv", "tts_kv", "condition", "context"}
        state = SlotState(
            **{name: v.to(model.dtype) if name in floats else v for name, v in values.items()}
        )
        table = SolverTable(self.table.steps, self.table.embedding.to(model.dtype))
        hidden, text_hidden = self.hidden.to(model.dtype), self.text_hidden.to(model.dtype)
        return replace(self, state=state, table=table, hidden=hidden, text_hidden=text_hidden)

    def fresh(self) -> Case:
        """A copy whose state may be written to."""
        values = {item.name: getattr(self.state, item.name) for item in fields(self.state)}
        return replace(self, state=SlotState(**{name: v.clone() for name, v in values.items()}))


class PlainJoinText:
    """`JoinText` in plain torch, to compare kernels with."""

    def place(self, state: SlotState, bucket: int, text: TextBatch) -> tuple[Tensor, Tensor]:
        """See `JoinText.place`."""
        running = state.active & (state.window_left > 0)
        running[bucket:] = False
        pairs = torch.arange(2 * bucket, device=running.device)
        speech = torch.where(running[pairs // 2], pairs, 2 * state.slots)
        rows = (2 * text.slots)[:, None].expand(text.tokens.shape)
        positions = (state.tts_length[2 * text.slots] + running[text.slots])[:, None] + text.offsets
        return torch.cat([speech, rows.flatten()]), torch.cat(
            [state.tts_length[speech], positions.flatten()]
        )

    def commit(self, state: SlotState, hidden: Tensor, text: TextBatch) -> None:
        """See `JoinText.commit`."""
        count, window = text.tokens.shape
        last = torch.arange(count, device=hidden.device) * window + text.counts - 1
        state.condition[text.slots, 0] = hidden[last, 0]
        state.lm_length[text.slots] += text.counts
        state.tts_length[2 * text.slots] += text.counts
        state.window_left[text.slots] = text.frames


@dataclass(frozen=True)
class Part:
    """An operation of a back-end: the field it is, and results of it on a state it may write."""

    name: str
    field: str
    run: Callable[[Backend, Case], list[Tensor]]


def _decode(backend: Backend, case: Case) -> list[Tensor]:
    mask = case.state.active_mask(case.streams)
    context = case.state.context[: case.streams]
    return [backend.decode(case.latent, context, mask), context]


def _sample(backend: Backend, case: Case) -> list[Tensor]:
    return [backend.sample_latent(case.state, case.streams, case.table)]


def _text_lm(backend: Backend, case: Case) -> list[Tensor]:
    slots = case.text.slots
    positions = case.state.lm_length[slots][:, None] + case.text.offsets
    cache = CacheView(case.state.lm_kv, positions, slots, case.state.capacity.text)
    hidden = backend.text_lm(case.text_hidden, cache)
    return [hidden, case.state.lm_kv[:, :, slots[:, None], :, positions]]


def _tts_lm(backend: Backend, case: Case) -> list[Tensor]:
    rows = 2 * case.streams
    positions = case.state.tts_length[:rows, None]
    cache = CacheView(case.state.tts_kv, positions, None, case.state.capacity.tts)
    hidden = backend.tts_lm(case.hidden, cache)
    slots = torch.arange(rows, device=case.device)
    return [hidden, case.state.tts_kv[:, :, slots, :, positions[:, 0]]]


def _embed(backend: Backend, case: Case) -> list[Tensor]:
    return [backend.embed_latent(case.latent)]


def _commit(backend: Backend, case: Case) -> list[Tensor]:
    state = case.state
    eos = backend.commit(state, case.hidden)
    ends = torch.stack([eos, ~state.active[: case.streams]]) & case.clear
    return [state.condition, *_counters(state), ends]


def _joined_text(backend: Backend, case: Case) -> list[Tensor]:
    if backend.join_text is None:
        raise ValueError("this back-end joins no text")
    rows, positions = backend.join_text.place(case.state, case.streams, case.text)
    backend.join_text.commit(
        case.state, case.text_hidden.reshape(-1, 1, case.hidden.shape[2]), case.text
    )
    return [rows, positions, case.state.condition, *_counters(case.state)]


def _counters(state: SlotState) -> list[Tensor]:
    return [state.lm_length, state.tts_length, state.frame, state.window_left]


PARTS = (
    Part("acoustic decoder", "decode", _decode),
    Part("text LM", "text_lm", _text_lm),
    Part("TTS LM", "tts_lm", _tts_lm),
    Part("diffusion head", "sample_latent", _sample),
    Part("latent embedding", "embed_latent", _embed),
    Part("end of a frame", "commit", _commit),
    Part("joined text", "join_text", _joined_text),
)
