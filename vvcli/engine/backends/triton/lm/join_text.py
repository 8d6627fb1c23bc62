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
from vvcli.engine.transfer import TextBatch


@triton.jit(do_not_specialize=["bucket", "spare"])
def place_kernel(
    windows_ptr, tts_length_ptr, window_left_ptr, active_ptr, rows_ptr, positions_ptr, bucket,
    spare, STRIDE: tl.constexpr, WINDOW: tl.constexpr,
):  # fmt: skip
    """See `place`. Grid: rows."""
    i = tl.program_id(0)
    offset = i - 2 * bucket
    is_text = offset >= 0
    slot = tl.where(is_text, 0, i // 2).to(tl.int64)
    slot = tl.load(windows_ptr + offset // WINDOW * STRIDE, mask=is_text, other=slot)
    in_frame = slot < bucket
    left = tl.load(window_left_ptr + slot, mask=in_frame, other=0)
    is_running = (left > 0) & (tl.load(active_ptr + slot, mask=in_frame, other=0) != 0)
    row = tl.where(is_text, 2 * slot, tl.where(is_running, i, 2 * spare))
    # Behind the frame, if there is one.
    shift = tl.where(is_text, is_running.to(tl.int64) + offset % WINDOW, 0)
    tl.store(rows_ptr + i, row)
    tl.store(positions_ptr + i, tl.load(tts_length_ptr + row) + shift)


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
    hidden_ptr, slots_ptr, counts_ptr, frames_ptr, condition_ptr, lm_length_ptr, tts_length_ptr,
    window_left_ptr, STRIDE: tl.constexpr, WINDOW: tl.constexpr, H: tl.constexpr, PAD: tl.constexpr,
):  # fmt: skip
    """See `commit_text`. Grid: windows."""
    window = tl.program_id(0)
    slot = tl.load(slots_ptr + window * STRIDE)
    count = tl.load(counts_ptr + window * STRIDE)
    columns = tl.arange(0, PAD)
    ok = columns < H
    last = window * WINDOW + tl.maximum(count, 1) - 1
    value = tl.load(hidden_ptr + last * H + columns, mask=ok, other=0.0)
    tl.store(condition_ptr + 2 * slot * H + columns, value, mask=ok)
    tl.store(lm_length_ptr + slot, tl.load(lm_length_ptr + slot) + count)
    tl.store(tts_length_ptr + 2 * slot, tl.load(tts_length_ptr + 2 * slot) + count)
    tl.store(window_left_ptr + slot, tl.load(frames_ptr + window * STRIDE))


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
