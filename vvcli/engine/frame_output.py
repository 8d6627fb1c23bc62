"""The frames of a step on the device, in the layout of their copy to the host."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vvcli.samples import FULL_SCALE, SampleType

EXTRA = 3  # columns behind the samples

# Times full scale. Beyond it samples are as broken as those that are not finite: the filter of a
# resampler would make infinities of the largest floats, and LAME aborts the process at those.
MAX_SAMPLE = 1e6


@dataclass(frozen=True)
class FrameOutput:
    """One frame of the first B slots: samples and flags of a slot in one row, for one copy.

    A row holds the samples, whether they are broken, whether the frame is the slot's last, and how
    many samples were beyond full scale and therefore clipped in int16.
    """

    rows: Tensor  # [B, hop + EXTRA] float32 or int16

    @classmethod
    def of(cls, audio: Tensor, sample_type: SampleType) -> FrameOutput:
        """Rows for `audio` [B, hop], with samples rounded to the nearest of their type.

        They are rounded from float32 in every case: full scale of int16 is not representable in
        bfloat16, whose nearest number is above it and would wrap to the lowest int16.
        """
        audio, dtype = audio.float(), getattr(torch, sample_type)
        rows = audio.new_empty(audio.shape[0], audio.shape[1] + EXTRA, dtype=dtype)
        size = audio.abs()
        # Here, where they are float still: a NaN is some number or other of int16. The largest of
        # numbers one of which is NaN is NaN, and is below nothing.
        rows[:, -EXTRA].copy_(~(size.amax(1) <= MAX_SAMPLE))
        if dtype is torch.int16:
            scaled = (audio * FULL_SCALE).clamp_(-FULL_SCALE, FULL_SCALE)
            rows[:, :-EXTRA].copy_(scaled.round_())
            rows[:, -1].copy_((size > 1).sum(1))
        else:
            rows[:, :-EXTRA].copy_(audio)
            rows[:, -1].zero_()
        return cls(rows)

    def mark_ends(self, eos: Tensor) -> None:
        """Note which of the frames are a slot's last, [B] bool."""
        self.rows[:, -2].copy_(eos)

    @property
    def audio(self) -> Tensor:
        """[B, hop], of the type of the samples."""
        return self.rows[:, :-EXTRA]

    @property
    def clipped(self) -> Tensor:
        """[B]: samples that int16 cut off."""
        return self.rows[:, -1]

    @property
    def eos(self) -> Tensor:
        """[B] bool: this frame is the slot's last."""
        return self.rows[:, -2] > 0

    @property
    def broken(self) -> Tensor:
        """[B] bool: some of the samples are not finite, or far beyond full scale."""
        return self.rows[:, -EXTRA] > 0
