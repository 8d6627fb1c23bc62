"""The text windows of one step, on the host and on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vvcli.engine.plan import TextWindow

HEADER = 3  # columns of a packed row before its tokens: slot, count, frames


@dataclass
class TextBatch:
    """Text windows of W rows; padding rows name the spare slot and count zero tokens."""

    slots: Tensor  # [W] int64
    tokens: Tensor  # [W, text_window] int64, zero-padded
    counts: Tensor  # [W] int64
    frames: Tensor  # [W] int64: frames that may follow

    @property
    def offsets(self) -> Tensor:
        """Positions of a window's tokens relative to its slot's length, [text_window] int64."""
        return torch.arange(self.tokens.shape[1], device=self.tokens.device)

    @staticmethod
    def pack(
        windows: Sequence[TextWindow], rows: int, text_window: int, spare_slot: int
    ) -> NDArray[np.int64]:
        """Pack `windows`, padded to `rows`, into one array [rows, HEADER + text_window]."""
        packed = np.zeros((rows, HEADER + text_window), dtype=np.int64)
        packed[:, 0] = spare_slot
        for row, window in zip(packed, windows, strict=False):
            row[:HEADER] = window.slot, len(window.tokens), window.frames
            row[HEADER : HEADER + len(window.tokens)] = window.tokens
        return packed

    @classmethod
    def unpack(cls, packed: Tensor) -> TextBatch:
        """The batch in `packed` [W, HEADER + text_window] int64, as views of it."""
        return cls(packed[:, 0], packed[:, HEADER:], packed[:, 1], packed[:, 2])
