"""What the LM must also tell while it is trained; none of these heads is exported.

The text LM tells what each character sounds like, some characters later, when it has read what
decides that. The TTS LM's state before each frame tells the frame's phoneme, pitch and energy.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.voicelab.corpus import Batch
from vvcli.voicelab.settings import LanguageTraining
from vvcli.voicelab.spelling import MAX_CHUNK

PHONEMES = 178  # ids of the teacher's phonemes


class AuxiliaryHeads(nn.Module):
    """Linear heads on the states of both LMs, and their weighted loss."""

    def __init__(self, hidden: int, config: LanguageTraining) -> None:
        super().__init__()
        self._config = config
        self.spelling = nn.Linear(hidden, MAX_CHUNK * PHONEMES)
        self.phoneme = nn.Linear(hidden, PHONEMES)
        self.curves = nn.Linear(hidden, 3)

    def forward(self, text: Tensor, condition: Tensor, batch: Batch) -> Tensor:
        """Losses [4] of spelling, phonemes, pitch and energy, already weighted.

        `text` [B, 1 + N, H] are the text LM's states, the prompt's first, and `condition`
        [B, F, H] are the states that the frames are made from.
        """
        config = self._config
        spelling = self._spelling_loss(text, batch.spelling)
        spoken = batch.valid & batch.with_text[:, None]
        phoneme = F.cross_entropy(
            self.phoneme(condition).float().flatten(0, 1),
            torch.where(spoken, batch.phonemes, -1).flatten(),
            ignore_index=-1,
            reduction="sum",
        )
        pitch, voiced, energy = self.curves(condition).float().unbind(-1)
        sung = spoken & batch.voiced
        pitches = F.smooth_l1_loss(pitch, batch.pitch, reduction="none", beta=0.1)
        voicing = F.binary_cross_entropy_with_logits(voiced, batch.voiced.float(), reduction="none")
        energies = F.smooth_l1_loss(energy, batch.energy, reduction="none", beta=0.1)
        count = spoken.sum().clamp(min=1)
        return torch.stack(
            [
                config.spelling_weight * spelling,
                config.phoneme_weight * phoneme / count,
                config.pitch_weight * (pitches * sung).sum() / sung.sum().clamp(min=1),
                config.energy_weight * ((energies + voicing) * spoken).sum() / count,
            ]
        )

    def _spelling_loss(self, text: Tensor, spelling: Tensor) -> Tensor:
        delay = self._config.spelling_delay
        told = text[:, 1 + delay :]
        target = spelling[:, : told.shape[1]]
        logits = self.spelling(told).float().view(*target.shape, PHONEMES)
        total = F.cross_entropy(
            logits.flatten(0, 2), target.flatten(), ignore_index=-1, reduction="sum"
        )
        return total / (target >= 0).sum().clamp(min=1)
