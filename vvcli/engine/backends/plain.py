"""The model's own torch modules: on any device, in any dtype, and the reference for the others."""

from __future__ import annotations

import torch
from torch import Tensor

from vvcli.engine.backends.backend import Backend
from vvcli.engine.slots import SlotState
from vvcli.engine.stream import NOISE_CHUNK
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import SPEECH, TEXT, VibeVoice


def plain_backend(model: VibeVoice, *, guided: bool = True) -> Backend:
    """A back-end that calls the modules of `model`; unless `guided`, on rows with text alone."""
    rows = 2 if guided else 1  # of a stream

    def sample_latent(state: SlotState, bucket: int, table: SolverTable) -> Tensor:
        slots = torch.arange(bucket, device=state.noise.device)
        noise = state.noise[slots, state.frame[:bucket] % NOISE_CHUNK]
        condition = state.condition[:bucket, :rows]
        guidance = state.guidance[:bucket] if guided else None
        return model.prediction_head.sample(condition, noise, guidance, table)

    def decode(latent: Tensor, context: Tensor, active_mask: Tensor) -> Tensor:
        latents = model.unscale(latent)[:, None]
        return model.acoustic_decoder.advance(latents, context, active_mask)

    def embed_latent(latent: Tensor) -> Tensor:
        embedding = model.acoustic_connector(latent.to(model.dtype))
        embedding = embedding + model.tts_input_types.weight[SPEECH]
        return embedding.repeat_interleave(rows, dim=0)[:, None]

    def commit(state: SlotState, hidden: Tensor) -> Tensor:
        bucket = hidden.shape[0] // rows
        active_mask = state.active_mask(bucket)
        hidden = hidden.view(bucket, rows, -1)
        write_active(active_mask, state.condition[:bucket, :rows], hidden)
        eos = torch.sigmoid(model.eos_classifier(hidden[:, 0]).float()) > 0.5
        eos = eos & active_mask
        state.tts_length[: 2 * bucket : 2 // rows] += active_mask.repeat_interleave(rows)
        state.frame[:bucket] += active_mask
        state.window_left[:bucket] -= active_mask.long()
        state.active[:bucket] &= ~eos
        return eos

    return Backend(
        name="plain",
        device=model.device,
        embed_tokens=model.embed_tokens,
        text_type=model.tts_input_types.weight[TEXT],
        text_lm=model.language_model,
        tts_lm=model.tts_language_model,
        sample_latent=sample_latent,
        decode=decode,
        embed_latent=embed_latent,
        commit=commit,
    )


def write_active(active_mask: Tensor, state: Tensor, new: Tensor) -> None:
    """Write `new` [B, …] over `state` in place, in the rows where `active_mask` [B] is true."""
    mask = active_mask.view(-1, *[1] * (state.dim() - 1))
    state.copy_(torch.where(mask, new, state))
