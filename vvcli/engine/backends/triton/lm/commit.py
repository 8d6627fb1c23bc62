"""What surrounds the TTS LM in a frame step: its input from a latent, and the end of the frame."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.linear import RowSums, Tile, linear, pick
from vvcli.engine.slots import SlotState
from vvcli.model.vibevoice import SPEECH, EosClassifier, VibeVoice

# By number of rows, up to and including.
TILES: dict[int, Tile] = {
    16: Tile(16, 8, 128, 2, 7),
    64: Tile(64, 16, 128, 4, 4),
    1 << 31: Tile(64, 64, 64, 4, 4),
}


class FusedSpeechInput:
    """The acoustic connector, the type embedding, and the copy for the row without text."""

    def __init__(self, model: VibeVoice) -> None:
        connector = model.acoustic_connector
        self._first, self._eps = connector.fc1, connector.norm.eps
        weight, norm = connector.fc2.weight, connector.norm.weight
        folded = weight.float() if norm is None else weight.float() * norm.float()
        self._second = folded.to(weight.dtype)
        self._bias = connector.fc2.bias.float() + model.tts_input_types.weight[SPEECH].float()

    def __call__(self, latent: Tensor) -> Tensor:
        """Inputs [2B, 1, H] of the TTS LM for latents [B, latent] float64."""
        tile = pick(TILES, latent.shape[0])
        hidden = self._second.shape[0]
        parts = triton.cdiv(hidden, tile.columns)
        sums = RowSums.allocate(latent.shape[0], parts, self._eps, latent.device)
        x = linear(latent, self._first.weight, tile, bias=self._first.bias, sums_out=sums)
        pairs = linear(x, self._second, tile, bias=self._bias, sums=sums, twice=True)
        return pairs[:, None]


@triton.jit
def finish_kernel(
    hidden, inner, weight, bias, condition, tts_length, frame, window_left, active, eos,
    H: tl.constexpr, PAD: tl.constexpr,
):  # fmt: skip
    """See `FusedFinish`. Grid: slots."""
    slot = tl.program_id(0)
    columns = tl.arange(0, PAD)
    ok = columns < H
    left = tl.load(window_left + slot)
    is_active = tl.load(active + slot)
    runs = (is_active != 0) & (left > 0)
    x = tl.load(inner + slot * H + columns, mask=ok, other=0.0).to(tl.float32)
    w = tl.load(weight + columns, mask=ok, other=0.0).to(tl.float32)
    logit = tl.sum(x * w, 0) + tl.load(bias).to(tl.float32)
    ends = runs & (1.0 / (1.0 + tl.exp(-logit)) > 0.5)
    for i in tl.static_range(2):
        row = 2 * slot + i
        value = tl.load(hidden + row * H + columns, mask=ok, other=0.0)
        tl.store(condition + row * H + columns, value, mask=ok & runs)
        tl.store(tts_length + row, tl.load(tts_length + row) + 1, mask=runs)
    tl.store(frame + slot, tl.load(frame + slot) + 1, mask=runs)
    tl.store(window_left + slot, left - 1, mask=runs)
    tl.store(active + slot, tl.where(ends, 0, is_active))
    tl.store(eos + slot, ends.to(tl.int8))


class FusedFinish:
    """The EOS classifier and the counters of `advance_speech`."""

    def __init__(self, classifier: EosClassifier) -> None:
        self._classifier = classifier

    def __call__(self, hidden: Tensor, state: SlotState) -> Tensor:
        """End the frame of the first B slots, given the TTS LM's states `hidden` [2B, 1, H].

        In the slots that run, the states become the condition and the counters move on. Returns
        which of them end with this frame, [B] bool.
        """
        rows, _, size = hidden.shape
        slots, first, second = rows // 2, self._classifier.fc1, self._classifier.fc2
        with_text = hidden.view(slots, 2 * size)[:, :size]
        inner = linear(with_text, first.weight, pick(TILES, slots), bias=first.bias, relu=True)
        eos = torch.empty(slots, dtype=torch.bool, device=hidden.device)
        finish_kernel[(slots,)](
            hidden, inner, second.weight, second.bias, state.condition, state.tts_length,
            state.frame, state.window_left, state.active.view(torch.int8), eos.view(torch.int8),
            H=size, PAD=triton.next_power_of_2(size), num_warps=4,
        )  # fmt: skip
        return eos
