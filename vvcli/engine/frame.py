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
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import SPEECH, TEXT, VibeVoice


@dataclass
class TextBatch:
    """Text windows of W rows; padding rows name the spare slot and count zero tokens."""

    slots: Tensor  # [W] int64
    tokens: Tensor  # [W, text_window] int64, zero-padded
    counts: Tensor  # [W] int64
    frames: Tensor  # [W] int64: frames that may follow

    @staticmethod
    def columns(text_window: int) -> int:
        """Columns of a packed batch."""
        return text_window + 3

    @classmethod
    def of(cls, packed: Tensor) -> TextBatch:
        """The parts of `packed` [W, columns] int64: slot, count, frames, tokens."""
        return cls(packed[:, 0], packed[:, 3:], packed[:, 1], packed[:, 2])


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


class FrameStep:
    """Makes one frame for each of the first slots that can; three stages, one after the other.

    Args:
        model: whose parts are run.
        table: solver steps.
    """

    def __init__(self, model: VibeVoice, table: SolverTable) -> None:
        self._model = model
        self._table = table

    def __call__(self, state: SlotState, bucket: int, limit: int) -> FrameOutput:
        """One frame of the first `bucket` slots; `limit` bounds the positions attended to."""
        latent = self.sample_latent(state, bucket)
        audio = self.decode_audio(state, latent)
        eos = self.advance_speech(state, latent, limit)
        return FrameOutput(audio, eos)

    def sample_latent(self, state: SlotState, bucket: int) -> Tensor:
        """Stage 1: denoise a latent per slot; [bucket, latent] float64."""
        slots = torch.arange(bucket, device=state.noise.device)
        noise = state.noise[slots, state.frame[:bucket] % RING]
        condition, guidance = state.condition[:bucket], state.guidance[:bucket]
        return self._model.prediction_head.sample(condition, noise, guidance, self._table)

    def decode_audio(self, state: SlotState, latent: Tensor) -> Tensor:
        """Stage 2: samples [bucket, hop] of `latent`; the decoder's contexts move on."""
        bucket = latent.shape[0]
        context, runs = state.context[:bucket], running(state, bucket)
        return self._model.acoustic_decoder.advance(
            self._model.unscale(latent)[:, None], context, runs
        )

    def advance_speech(self, state: SlotState, latent: Tensor, limit: int) -> Tensor:
        """Stage 3: the TTS LM hears `latent`; [bucket] bool, whether a slot ends with this frame.

        Conditional and unconditional rows run together.
        """
        pairs = self.hear(latent)
        positions = state.tts_length[: pairs.shape[0], None]
        cache = CacheView(state.tts_kv, positions, None, limit)
        return self.finish(state, self._model.tts_language_model(pairs, cache))

    def hear(self, latent: Tensor) -> Tensor:
        """Inputs [2B, 1, hidden] of the TTS LM for `latent` [B, latent]: the same for a pair."""
        model = self._model
        embedding = model.acoustic_connector(latent.to(model.dtype))
        embedding = embedding + model.tts_input_types.weight[SPEECH]
        return embedding.repeat_interleave(2, dim=0)[:, None]

    def finish(self, state: SlotState, hidden: Tensor) -> Tensor:
        """The states `hidden` [2B, 1, H] become the next condition, and the counters advance.

        Returns which slots end with this frame, [B] bool.
        """
        bucket = hidden.shape[0] // 2
        runs = running(state, bucket)
        hidden = hidden.view(bucket, 2, -1)
        keep_where(runs, state.condition[:bucket], hidden)
        eos = torch.sigmoid(self._model.eos_classifier(hidden[:, 0]).float()) > 0.5
        eos = eos & runs
        state.tts_length[: 2 * bucket] += runs.repeat_interleave(2)
        state.frame[:bucket] += runs
        state.window_left[:bucket] -= runs.long()
        state.active[:bucket] &= ~eos
        return eos


def running(state: SlotState, bucket: int) -> Tensor:
    """Which of the first `bucket` slots make a frame, [bucket] bool; stages before the last."""
    return state.active[:bucket] & (state.window_left[:bucket] > 0)


def keep_where(runs: Tensor, state: Tensor, new: Tensor) -> None:
    """Write `new` [B, …] over `state` in place, in the rows that run."""
    mask = runs.view(-1, *[1] * (state.dim() - 1))
    state.copy_(torch.where(mask, new, state))
