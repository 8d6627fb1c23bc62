"""The end of a frame: its hidden states become conditions, counters advance, EOS is decided."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.card import Card, card_of
from vvcli.engine.backends.triton.common.linear import linear
from vvcli.engine.backends.triton.common.tile import fit, pick
from vvcli.engine.backends.triton.lm.embed_latent import TILES
from vvcli.engine.slots import SlotState
from vvcli.model.vibevoice import EosClassifier


@triton.jit
def commit_kernel(
    hidden_ptr, inner_ptr, weight_ptr, bias_ptr, condition_ptr, tts_length_ptr, frame_ptr,
    window_left_ptr, active_ptr, eos_ptr, H: tl.constexpr, PAD: tl.constexpr,
):  # fmt: skip
    """See `FusedCommit`. Grid: slots."""
    slot = tl.program_id(0)
    columns = tl.arange(0, PAD)
    ok = columns < H
    left = tl.load(window_left_ptr + slot)
    is_active = tl.load(active_ptr + slot)
    is_running = (is_active != 0) & (left > 0)
    x = tl.load(inner_ptr + slot * H + columns, mask=ok, other=0.0).to(tl.float32)
    w = tl.load(weight_ptr + columns, mask=ok, other=0.0).to(tl.float32)
    logit = tl.sum(x * w, 0) + tl.load(bias_ptr).to(tl.float32)
    ends = is_running & (1.0 / (1.0 + tl.exp(-logit)) > 0.5)
    for i in tl.static_range(2):
        row = 2 * slot + i
        value = tl.load(hidden_ptr + row * H + columns, mask=ok, other=0.0)
        tl.store(condition_ptr + row * H + columns, value, mask=ok & is_running)
        tl.store(tts_length_ptr + row, tl.load(tts_length_ptr + row) + 1, mask=is_running)
    tl.store(frame_ptr + slot, tl.load(frame_ptr + slot) + 1, mask=is_running)
    tl.store(window_left_ptr + slot, left - 1, mask=is_running)
    tl.store(active_ptr + slot, tl.where(ends, 0, is_active))
    tl.store(eos_ptr + slot, ends.to(tl.int8))


class FusedCommit:
    """The EOS classifier, the next conditions, and the counters, in two kernels."""

    def __init__(self, classifier: EosClassifier, card: Card | None = None) -> None:
        self._card = card or card_of(classifier.fc1.weight.device)
        self._classifier = classifier

    def __call__(self, state: SlotState, hidden: Tensor) -> Tensor:
        """End the frame of the first B slots, given the TTS LM's states `hidden` [2B, 1, H].

        In the slots that run, the states become the condition and the counters move on. Returns
        which of them end with this frame, [B] bool.
        """
        rows, _, size = hidden.shape
        slots, first, second = rows // 2, self._classifier.fc1, self._classifier.fc2
        with_text = hidden.view(slots, 2 * size)[:, :size]
        tile = fit(pick(TILES, slots), self._card)
        inner = linear(with_text, first.weight, tile, bias=first.bias, relu=True)
        eos = torch.empty(slots, dtype=torch.bool, device=hidden.device)
        commit_kernel[(slots,)](
            hidden, inner, second.weight, second.bias, state.condition, state.tts_length,
            state.frame, state.window_left, state.active.view(torch.int8), eos.view(torch.int8),
            H=size, PAD=triton.next_power_of_2(size), num_warps=4,
        )  # fmt: skip
        return eos
