"""The loss of one batch: diffusion, end of speech, and the auxiliary heads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.model.transformer import DecoderLayer
from vvcli.model.vibevoice import SPEECH, TEXT, VibeVoice
from vvcli.voicelab.auxiliary import AuxiliaryHeads
from vvcli.voicelab.corpus import Batch
from vvcli.voicelab.noising import Noising
from vvcli.voicelab.settings import LanguageTraining

LOSSES = ("diffusion", "eos", "spelling", "phoneme", "pitch", "energy")


class Objective(nn.Module):
    """A model under training, with everything that its loss needs."""

    def __init__(self, model: VibeVoice, config: LanguageTraining) -> None:
        super().__init__()
        self.model = model
        self.heads = AuxiliaryHeads(model.config.lm.hidden_size, config)
        self.noising = Noising(config, model.config.head.train_steps)
        self._config = config
        self._dropping = True
        for layer in model.modules():
            if isinstance(layer, DecoderLayer):
                layer.register_forward_hook(self._drop)

    def forward(self, batch: Batch, length: int, *, imagined: bool) -> Tensor:
        """Weighted losses [6], named by `LOSSES`; the batch's sequences have `length` places.

        With `imagined`, the frames that are fed back are partly such as the model itself makes
        after true ones, so that it learns to go on from its own (parallel scheduled sampling:
        Duckworth et al., 2019).
        """
        config, model = self._config, self.model
        text = self._text_states(batch)
        fed_back = batch.latents
        if imagined:
            fed_back = self._partly_imagined(text.detach(), batch, length)
        strength = torch.rand(len(fed_back), 1, 1, device=fed_back.device) * config.fed_back_noise
        fed_back = fed_back + strength * torch.randn_like(fed_back)
        hidden = self._speech_states(text, fed_back, batch, length)
        at = batch.frame_positions.clamp(max=length - 1)
        condition = hidden.gather(1, _wide(at - 1, hidden.shape[2]))

        draws = (config.noise_draws, *batch.valid.shape)
        timesteps = self.noising.draw(torch.Size(draws))
        target = batch.latents.expand(*draws, -1)
        noisy, velocity = self.noising.mix(target, torch.randn_like(target), timesteps)
        predicted = model.prediction_head(
            noisy.flatten(0, 2),
            timesteps.flatten(),
            condition.expand(*draws, -1).flatten(0, 2),
        )
        squares = (predicted.float().view_as(velocity) - velocity).square().mean(-1)
        diffusion = (squares * batch.valid).sum() / (batch.valid.sum() * config.noise_draws)
        eos = self._eos_loss(hidden.gather(1, _wide(at, hidden.shape[2])), batch)
        return torch.cat(
            [torch.stack([diffusion, config.eos_weight * eos]), self.heads(text, condition, batch)]
        )

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """A context without dropout."""
        self._dropping = False
        try:
            yield
        finally:
            self._dropping = True

    def _text_states(self, batch: Batch) -> Tensor:
        """The text LM's states [B, 1 + N, H]."""
        # One-hot products: an embedding of so few rows has gradients that are all collisions.
        embeddings = self.model.embed_tokens.weight
        every = torch.arange(len(embeddings), device=embeddings.device)
        chosen = (batch.tokens[..., None] == every).float()
        states: Tensor = self.model.language_model(chosen @ embeddings)
        return states

    def _speech_states(self, text: Tensor, fed_back: Tensor, batch: Batch, length: int) -> Tensor:
        """The TTS LM's states [B, length, H] over the prompt, text and frames in turn."""
        model = self.model
        text = text + model.tts_input_types.weight[TEXT]
        speech = model.acoustic_connector(fed_back) + model.tts_input_types.weight[SPEECH]
        start = torch.zeros_like(batch.frame_counts[:, None])
        positions = torch.cat([start, batch.text_positions, batch.frame_positions], dim=1)
        entries = torch.cat([text.float(), speech.float()], dim=1)
        # One slot more than the sequence has, for all padding.
        sequence = entries.new_zeros(len(entries), length + 1, entries.shape[2])
        sequence = sequence.scatter(1, _wide(positions, entries.shape[2]), entries)[:, :length]
        hidden: Tensor = model.tts_language_model(sequence)
        return hidden

    @torch.no_grad()
    def _partly_imagined(self, text: Tensor, batch: Batch, length: int) -> Tensor:
        with self.undisturbed():
            hidden = self._speech_states(text, batch.latents, batch, length)
        before = batch.frame_positions.clamp(max=length - 1) - 1
        condition = hidden.gather(1, _wide(before, hidden.shape[2])).flatten(0, 1)
        made = self.noising.generate(self.model.prediction_head, condition)
        rows, frames, _ = batch.latents.shape
        share = torch.rand(rows, 1, 1, device=made.device)
        chosen = torch.rand(rows, frames, 1, device=made.device) < share
        return torch.where(chosen, made.view_as(batch.latents), batch.latents)

    def _eos_loss(self, heard: Tensor, batch: Batch) -> Tensor:
        """The end is the last frame and all silence behind it; the frame before it may be."""
        logits = self.model.eos_classifier(heard).float()
        to_end = (
            batch.frame_counts[:, None] - 1 - torch.arange(logits.shape[1], device=logits.device)
        )
        weights = batch.present & batch.with_text[:, None] & (to_end != 1)
        errors = F.binary_cross_entropy_with_logits(logits, (to_end <= 0).float(), reduction="none")
        return (errors * weights).sum() / weights.sum().clamp(min=1)

    def _drop(self, layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        """Dropout on what a layer adds."""
        del layer
        x: Tensor = inputs[0]
        return x + F.dropout(output - x, self._config.dropout, training=self._dropping)


def _wide(positions: Tensor, width: int) -> Tensor:
    return positions[..., None].expand(-1, -1, width)
