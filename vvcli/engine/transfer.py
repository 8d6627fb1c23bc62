"""Copies between host and device. There are no others, and none waits.

On CUDA both directions go through pinned memory. Pageable memory would make the driver wait for
the stream before every copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vvcli.engine.frame_output import EXTRA, FrameOutput
from vvcli.samples import Samples, SampleType

# Buffers in each direction, so that none is written while a copy of it is under way.
BUFFERS = 3
ALIGNMENT = 16  # bytes


class Uploader:
    """Sends the arrays that a step needs from the host, as one copy."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._turn = 0
        if device.type == "cuda":
            self._pinned = [torch.empty(0, dtype=torch.uint8) for _ in range(BUFFERS)]
            self._sent = [torch.cuda.Event() for _ in range(BUFFERS)]

    def send(self, *arrays: NDArray[Any]) -> list[Tensor]:
        """`arrays` on the device, in the order of the stream that is current."""
        if self._device.type != "cuda":
            return [torch.from_numpy(array) for array in arrays]
        starts, total = [], 0
        for array in arrays:
            starts.append(total)
            total += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
        pinned, sent = self._buffer(total)
        host = pinned.numpy()
        for start, array in zip(starts, arrays, strict=True):
            host[start : start + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view("u1")
        packed = pinned[:total].to(self._device, non_blocking=True)
        sent.record()
        return [
            packed[start : start + array.nbytes]
            .view(torch.from_numpy(array[:0]).dtype)
            .view(array.shape)
            for start, array in zip(starts, arrays, strict=True)
        ]

    def _buffer(self, size: int) -> tuple[Tensor, torch.cuda.Event]:
        """The next pinned buffer, of at least `size` bytes, once its last copy is done."""
        turn = self._turn = (self._turn + 1) % BUFFERS
        self._sent[turn].synchronize()
        if len(self._pinned[turn]) < size:
            length = 1 << (size - 1).bit_length()
            self._pinned[turn] = torch.empty(length, dtype=torch.uint8, pin_memory=True)
        return self._pinned[turn], self._sent[turn]


@dataclass(frozen=True)
class PendingFrames:
    """The frames of one step on their way to the host."""

    _rows: Tensor  # as those of FrameOutput, on the host
    _arrived: torch.cuda.Event | None

    @property
    def arrived(self) -> bool:
        """Whether `read` returns at once."""
        return self._arrived is None or self._arrived.query()

    def read(self) -> tuple[Samples, NDArray[np.bool_], NDArray[np.bool_], Samples]:
        """Samples [B, hop], broken [B], ends of speech [B], and counts of clipped samples [B].

        Sleeps until they have arrived. The samples are a view that a later frame overwrites.
        """
        if self._arrived is not None:
            self._arrived.synchronize()
        output = FrameOutput(self._rows)
        flags = output.broken.numpy(), output.eos.numpy()
        return output.audio.numpy(), *flags, output.clipped.numpy()


class Downloader:
    """Fetches frames beside the computation of the next ones."""

    def __init__(
        self, device: torch.device, slots: int, hop: int, sample_type: SampleType = "float32"
    ) -> None:
        self._device = device
        self._turn = 0
        shape, dtype = (BUFFERS, slots, hop + EXTRA), getattr(torch, sample_type)
        self._staged = torch.zeros(shape, dtype=dtype, device=device)
        if device.type == "cuda":
            self._pinned = torch.zeros(shape, dtype=dtype, pin_memory=True)
            self._stream = torch.cuda.Stream(device)
            # Blocking: a thread that waits sleeps, instead of keeping a core busy.
            self._arrived = [torch.cuda.Event(blocking=True) for _ in range(BUFFERS)]

    def fetch(self, output: FrameOutput) -> PendingFrames:
        """Start a copy of `output`; at most BUFFERS - 1 earlier ones may be unread.

        The output is first copied on the device, since the next replay overwrites it.
        """
        turn = self._turn = (self._turn + 1) % BUFFERS
        rows = self._staged[turn, : output.rows.shape[0]]
        rows.copy_(output.rows)
        if self._device.type != "cuda":
            return PendingFrames(rows, None)
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            pinned = self._pinned[turn, : len(rows)]
            pinned.copy_(rows, non_blocking=True)
            self._arrived[turn].record()
        return PendingFrames(pinned, self._arrived[turn])
