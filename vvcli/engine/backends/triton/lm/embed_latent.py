"""The TTS LM's input from a latent: acoustic connector, type embedding, a copy for each row."""

from __future__ import annotations

import triton
from torch import Tensor

from vvcli.engine.backends.triton.common.card import Card, card_of
from vvcli.engine.backends.triton.common.fold_norm import fold_norm
from vvcli.engine.backends.triton.common.linear import linear
from vvcli.engine.backends.triton.common.row_sums import RowSums
from vvcli.engine.backends.triton.common.tile import ANY, Tile, fit, pick
from vvcli.model.vibevoice import SPEECH, VibeVoice

# By number of rows, up to and including.
TILES: dict[int, Tile] = {
    16: Tile(16, 8, 128, 2, 7),
    64: Tile(64, 16, 128, 4, 4),
    ANY: Tile(64, 64, 64, 4, 4),
}


class FusedEmbedLatent:
    """`fc2(norm(fc1(latent))) + type`, stored for the row with text and for the one without."""

    def __init__(self, model: VibeVoice, card: Card | None = None) -> None:
        self._card = card or card_of(model.device)
        connector = model.acoustic_connector
        self._first, self._eps = connector.fc1, connector.norm.eps
        self._second = fold_norm(connector.norm, connector.fc2.weight)
        self._bias = connector.fc2.bias.float() + model.tts_input_types.weight[SPEECH].float()

    def __call__(self, latent: Tensor) -> Tensor:
        """Inputs [2B, 1, H] of the TTS LM for latents [B, latent] float64."""
        tile = fit(pick(TILES, latent.shape[0]), self._card)
        hidden = self._second.shape[0]
        parts = triton.cdiv(hidden, tile.block_n)
        sums = RowSums.allocate(latent.shape[0], parts, self._eps, latent.device)
        x = linear(latent, self._first.weight, tile, bias=self._first.bias, sums_out=sums)
        pairs = linear(x, self._second, tile, bias=self._bias, sums=sums, twice=True)
        return pairs[:, None]
