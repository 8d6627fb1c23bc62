"""The operations of a step over the weights of one model, as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from vvcli.engine.slots import SlotState
from vvcli.engine.transfer import TextBatch
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.transformer import CacheView


class JoinText(Protocol):
    """Takes text windows through the TTS LM as rows of the frame's own pass."""

    def place(self, state: SlotState, bucket: int, text: TextBatch) -> tuple[Tensor, Tensor]:
        """Cache rows and positions of the frame's rows, then the tokens', [2B + W·window] int64."""

    def commit(self, state: SlotState, hidden: Tensor, text: TextBatch) -> None:
        """Make the last tokens' states of `hidden` [W·window, 1, H] conditions; after the frame."""


@dataclass(frozen=True)
class Backend:
    """Operations of a step. They read the model's weights, and change nothing but the slot state.

    B streams are 2B rows of the TTS LM: 2i with text, 2i + 1 without. R is 2B, or B where a frame
    is computed without the rows that have no text: see `unguided`.
    """

    name: str
    device: torch.device
    embed_tokens: Callable[[Tensor], Tensor]  # [W, window] int64 to [W, window, H]
    text_type: Tensor  # [H], added to the text LM's output before the TTS LM reads it
    text_lm: Callable[[Tensor, CacheView], Tensor]  # [R, S, H] to the same shape
    tts_lm: Callable[[Tensor, CacheView], Tensor]
    # Denoised latents of the first B slots, [B, latent] float64.
    sample_latent: Callable[[SlotState, int, SolverTable], Tensor]
    # Samples [B, hop] of such latents; contexts [B, size] advance in place where the mask [B] is
    # true.
    decode: Callable[[Tensor, Tensor, Tensor], Tensor]
    # Latents to inputs [R, 1, H] of the TTS LM, the same for both rows of a pair.
    embed_latent: Callable[[Tensor], Tensor]
    # Makes the states [R, 1, H] of a frame the next conditions and advances the counters of the
    # slots that are active; returns which of them end with this frame, [B] bool.
    commit: Callable[[SlotState, Tensor], Tensor]
    join_text: JoinText | None = None
    # Runs a step for the first time at a size; a back-end may compile its kernels side by side.
    first_run: Callable[[Callable[[], object]], object] = field(default=lambda step: step())
    # Compiles what a step would launch, without running it.
    compile_ahead: Callable[[Callable[[], object]], object] = field(default=lambda step: None)
    # Computes frames whose streams all have a guidance of 1, at which rows without text count for
    # nothing, without those rows. To choose it, the host reads the guidance: no graph can.
    unguided: Backend | None = None
    fallback: Backend | None = None  # takes over where these operations do not compile or launch
