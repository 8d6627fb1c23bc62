"""The kernels' back-end: each part that they fit, and the plain modules for the rest."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.plain import plain_backend
from vvcli.engine.backends.triton.acoustic.decoder import FusedAcousticDecoder
from vvcli.engine.backends.triton.acoustic.decoder import supports as supports_decoder
from vvcli.engine.backends.triton.common.card import Card, card_of
from vvcli.engine.backends.triton.compile_ahead import compile_ahead, fix_cache_keys, run_compiled
from vvcli.engine.backends.triton.head.diffusion_head import FusedDiffusionHead
from vvcli.engine.backends.triton.head.diffusion_head import supports as supports_head
from vvcli.engine.backends.triton.lm.commit import FusedCommit
from vvcli.engine.backends.triton.lm.embed_latent import FusedEmbedLatent
from vvcli.engine.backends.triton.lm.join_text import FusedJoinText
from vvcli.engine.backends.triton.lm.transformer import FusedTransformer
from vvcli.engine.backends.triton.lm.transformer import supports as supports_transformer
from vvcli.engine.slots import SlotState
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice


def triton_backend(model: VibeVoice, card: Card | None = None) -> Backend:
    """A back-end on the kernels; a part of an unusual shape is computed by its plain module.

    Without kernels for the language models, those of the head are left out too. The tiles suit
    `card`, by default the one that the model lies on.
    """
    card = card or card_of(model.device)
    plain = plain_backend(model)
    backend = replace(
        plain, name="triton", first_run=run_compiled, compile_ahead=compile_ahead, fallback=plain
    )
    if supports_decoder(model.acoustic_decoder):
        backend = _with_decoder(backend, model, card)
    if not all(map(supports_transformer, (model.language_model, model.tts_language_model))):
        return backend
    backend = replace(
        backend,
        text_lm=FusedTransformer(model.language_model, card),
        tts_lm=FusedTransformer(model.tts_language_model, card),
    )
    return _with_head(backend, model, card) if supports_head(model.prediction_head) else backend


def _with_decoder(backend: Backend, model: VibeVoice, card: Card) -> Backend:
    decoder = FusedAcousticDecoder(model.acoustic_decoder, card)

    def decode(latent: Tensor, context: Tensor, active_mask: Tensor) -> Tensor:
        return decoder.advance(model.unscale(latent)[:, None], context, active_mask)

    return replace(backend, decode=decode)


def _with_head(backend: Backend, model: VibeVoice, card: Card) -> Backend:
    """`backend` with the head's kernels and those that stand between head and language model."""
    head = FusedDiffusionHead(model.prediction_head, card)

    def sample_latent(state: SlotState, bucket: int, table: SolverTable) -> Tensor:
        return head.sample(
            state.condition[:bucket], state.noise[:bucket], state.guidance[:bucket], table,
            frame=state.frame[:bucket],
        )  # fmt: skip

    return replace(
        backend,
        sample_latent=sample_latent,
        embed_latent=FusedEmbedLatent(model, card),
        commit=FusedCommit(model.eos_classifier, card),
        join_text=FusedJoinText(),
    )


fix_cache_keys()
