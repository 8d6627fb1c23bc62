"""The two steps that make speech: text windows in, one frame out. The only compute path.

Both write the slot state in place and never read a value back to the host, so they run as they are
or inside a captured graph. Slots that are idle or wait for text take part in the arithmetic, but
nothing of theirs advances.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vvcli.engine.noise import RING
from vvcli.engine.slots import SlotState
from vvcli.model.attention import CacheView
from vvcli.model.diffusion_head import DiffusionHead
from vvcli.model.solver import SolverStep, solver_steps
from vvcli.model.vibevoice import SPEECH, TEXT, VibeVoice


@dataclass(frozen=True)
class SolverTable:
    """The solver's steps and the head's embedding of their timesteps [steps, hidden]."""

    steps: tuple[SolverStep, ...]
    embedding: Tensor

    @classmethod
    def build(cls, head: DiffusionHead, count: int) -> SolverTable:
        """The table for `count` steps; it stays the same for the life of an engine."""
        steps = solver_steps(count, head.config.train_steps)
        device = next(head.parameters()).device
        timesteps = torch.tensor([step.timestep for step in steps], device=device)
        return cls(steps, head.embed_timesteps(timesteps))


@dataclass
class TextBatch:
    """Text windows of W rows; padding rows name the spare slot and count zero tokens."""

    slots: Tensor  # [W] int64
    tokens: Tensor  # [W, text_window] int64, zero-padded
    counts: Tensor  # [W] int64
    frames: Tensor  # [W] int64: frames that may follow


@dataclass
class FrameOutput:
    """One frame of the first B slots."""

    audio: Tensor  # [B, hop]
    eos: Tensor  # [B] bool: this frame is the slot's last


def text_step(
    model: VibeVoice, state: SlotState, batch: TextBatch, limit: int, text_limit: int
) -> None:
    """Run text windows through both LMs; the last token's state becomes the condition.

    `limit` and `text_limit` bound the positions attended to. Tokens beyond a row's count are
    written behind its length, where the next write overtakes them before anything reads them.
    """
    slots, counts = batch.slots, batch.counts
    offsets = torch.arange(batch.tokens.shape[1], device=slots.device)
    positions = state.lm_length[slots][:, None] + offsets
    cache = CacheView(state.lm_kv, positions, slots, text_limit)
    hidden = model.language_model(model.embed_tokens(batch.tokens), cache)

    rows = 2 * slots
    positions = state.tts_length[rows][:, None] + offsets
    cache = CacheView(state.tts_kv, positions, rows, limit)
    hidden = model.tts_language_model(hidden + model.tts_input_types.weight[TEXT], cache)

    last = (counts - 1).clamp(min=0)[:, None, None].expand(-1, 1, hidden.shape[2])
    state.condition[slots, 0] = hidden.gather(1, last)[:, 0]
    state.lm_length.index_add_(0, slots, counts)
    state.tts_length.index_add_(0, rows, counts)
    state.window_left[slots] = batch.frames


def frame_step(
    model: VibeVoice, state: SlotState, table: SolverTable, bucket: int, limit: int
) -> FrameOutput:
    """Make one frame for each of the first `bucket` slots that can.

    Latent, audio, the TTS LM's next hidden states (conditional and unconditional rows together)
    and end of speech, as in the model's generation loop.
    """
    runs = state.active[:bucket] & (state.window_left[:bucket] > 0)
    latent = sample_latent(model.prediction_head, state, table, bucket)

    audio, context = model.decode(latent[:, None], state.context[:bucket])
    keep_where(runs, state.context[:bucket], context)

    embedding = model.acoustic_connector(latent.to(model.dtype))
    embedding = embedding + model.tts_input_types.weight[SPEECH]
    pairs = embedding.repeat_interleave(2, dim=0)[:, None]  # [2B, 1, hidden]
    cache = CacheView(state.tts_kv, state.tts_length[: 2 * bucket, None], None, limit)
    hidden = model.tts_language_model(pairs, cache).view(bucket, 2, -1)
    keep_where(runs, state.condition[:bucket], hidden)

    eos = torch.sigmoid(model.eos_classifier(hidden[:, 0]).float()) > 0.5
    eos = eos & runs
    state.tts_length[: 2 * bucket] += runs.repeat_interleave(2)
    state.frame[:bucket] += runs
    state.window_left[:bucket] -= runs.long()
    state.active[:bucket] &= ~eos
    return FrameOutput(audio, eos)


def sample_latent(head: DiffusionHead, state: SlotState, table: SolverTable, bucket: int) -> Tensor:
    """Denoise one latent per slot under classifier-free guidance; [bucket, latent] float64.

    Latents, guidance and solver are float64: they are few numbers, every later frame grows from
    them, and a bfloat16 guidance scale would round 1.3.
    """
    condition = state.condition[:bucket].flatten(0, 1)  # [2B, hidden]: conditional, unconditional
    modulations = head.modulate(condition, table.embedding)
    slots = torch.arange(bucket, device=condition.device)
    x = state.noise[slots, state.frame[:bucket] % RING].double()
    guidance = state.guidance[:bucket, None].double()
    x0 = None
    for step, modulation in zip(table.steps, modulations.unbind(0), strict=True):
        pairs = x.to(condition.dtype).repeat_interleave(2, dim=0)
        conditional, unconditional = (
            head.denoise(pairs, modulation).double().view(bucket, 2, -1).unbind(1)
        )
        x, x0 = step.apply(x, unconditional + guidance * (conditional - unconditional), x0)
    return x


def keep_where(runs: Tensor, state: Tensor, new: Tensor) -> None:
    """Write `new` [B, …] over `state` in place, in the rows that run."""
    mask = runs.view(-1, *[1] * (state.dim() - 1))
    state.copy_(torch.where(mask, new, state))
