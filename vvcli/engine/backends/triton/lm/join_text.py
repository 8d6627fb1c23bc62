"""Text windows as rows of the frame's own pass through the TTS LM.

A window that follows a frame does not need to wait for it: a token attends to what is in its
slot's cache up to its own position, and every layer writes the keys of a pass before any row of it
attends. So each token is a row with one position, beside the pairs of rows of the frame.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.slots import SlotState
from vvcli.engine.text_batch import TextBatch


@triton.jit(do_not_specialize=["bucket", "spare"])
def place_kernel(
    windows, tts_length, window_left, active, rows, positions, bucket, spare, STRIDE: tl.constexpr,
    WINDOW: tl.constexpr,
):  # fmt: skip
    """See `place`. Grid: rows."""
    i = tl.program_id(0)
    offset = i - 2 * bucket
    is_text = offset >= 0
    slot = tl.where(is_text, 0, i // 2).to(tl.int64)
    slot = tl.load(windows + offset // WINDOW * STRIDE, mask=is_text, other=slot)
    in_frame = slot < bucket
    left = tl.load(window_left + slot, mask=in_frame, other=0)
    runs = (left > 0) & (tl.load(active + slot, mask=in_frame, other=0) != 0)
    row = tl.where(is_text, 2 * slot, tl.where(runs, i, 2 * spare))
    # Behind the frame, if there is one.
    shift = tl.where(is_text, runs.to(tl.int64) + offset % WINDOW, 0)
    tl.store(rows + i, row)
    tl.store(positions + i, tl.load(tts_length + row) + shift)


def place(state: SlotState, bucket: int, text: TextBatch) -> tuple[Tensor, Tensor]:
    """Cache rows and positions of a frame's rows and the tokens after it, [2B + W·window] int64.

    To be called before the frame ends. Rows of slots that stand still go to the spare slot: a
    window of their own may be about to take the place that they would write to.
    """
    count, window = text.tokens.shape
    size = 2 * bucket + count * window
    rows, positions = torch.empty(2, size, dtype=torch.int64, device=state.active.device)
    place_kernel[(size,)](
        text.slots, state.tts_length, state.window_left, state.active.view(torch.int8),
        rows, positions, bucket, state.slots, STRIDE=text.slots.stride(0), WINDOW=window,
        num_warps=1,
    )  # fmt: skip
    return rows, positions


@triton.jit
def commit_text_kernel(
    hidden, slots, counts, frames, condition, lm_length, tts_length, window_left,
    STRIDE: tl.constexpr, WINDOW: tl.constexpr, H: tl.constexpr, PAD: tl.constexpr,
):  # fmt: skip
    """See `commit_text`. Grid: windows."""
    window = tl.program_id(0)
    slot = tl.load(slots + window * STRIDE)
    count = tl.load(counts + window * STRIDE)
    columns = tl.arange(0, PAD)
    ok = columns < H
    last = window * WINDOW + tl.maximum(count, 1) - 1
    value = tl.load(hidden + last * H + columns, mask=ok, other=0.0)
    tl.store(condition + 2 * slot * H + columns, value, mask=ok)
    tl.store(lm_length + slot, tl.load(lm_length + slot) + count)
    tl.store(tts_length + 2 * slot, tl.load(tts_length + 2 * slot) + count)
    tl.store(window_left + slot, tl.load(frames + window * STRIDE))


def commit_text(state: SlotState, hidden: Tensor, text: TextBatch) -> None:
    """The states `hidden` [W·window, 1, H] of the last tokens become conditions.

    To be called after the frame has ended.
    """
    count, window = text.tokens.shape
    size = hidden.shape[2]
    commit_text_kernel[(count,)](
        hidden, text.slots, text.counts, text.frames, state.condition, state.lm_length,
        state.tts_length, state.window_left, STRIDE=text.slots.stride(0), WINDOW=window,
        H=size, PAD=triton.next_power_of_2(size), num_warps=4,
    )  # fmt: skip


class FusedJoinText:
    """The back-end's `JoinText`, on these kernels."""

    place = staticmethod(place)
    commit = staticmethod(commit_text)
