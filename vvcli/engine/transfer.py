"""Copies between host and device: the only ones there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from vvcli.engine.frame import FrameOutput, TextBatch
from vvcli.engine.scheduler import TextWindow


def pack_text(windows: Sequence[TextWindow], width: int, device: torch.device) -> TextBatch:
    """Text windows as one packed copy to the device; `width` tokens a window."""
    packed = np.zeros((len(windows), width + 3), dtype=np.int64)
    for row, window in zip(packed, windows, strict=True):
        row[:3] = window.slot, len(window.tokens), window.frames
        row[3 : 3 + len(window.tokens)] = window.tokens
    columns = torch.from_numpy(packed).to(device)
    return TextBatch(
        slots=columns[:, 0], counts=columns[:, 1], frames=columns[:, 2], tokens=columns[:, 3:]
    )


def fetch(output: FrameOutput) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Audio [B, hop] float32 and end-of-speech flags [B] on the host."""
    return output.audio.float().cpu().numpy(), output.eos.cpu().numpy()
