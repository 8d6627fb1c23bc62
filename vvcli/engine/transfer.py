"""Between host and device: a step's text and noise on their way in, its output on its way back.

There are no other copies, and none waits. On CUDA both directions go through pinned memory:
pageable memory would make the driver wait for the stream before every copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vvcli.engine.plan import Plan, TextWindow
from vvcli.engine.stream import NOISE_CHUNK
from vvcli.samples import SampleType

HEADER = 3  # columns of a packed row before its tokens: slot, count, frames

# Buffers in each direction, so that none is written while a copy of it is under way.
BUFFERS = 3
ALIGNMENT = 16  # bytes


@dataclass
class TextBatch:
    """Text windows of W rows; padding rows name the spare slot and count zero tokens."""

    slots: Tensor  # [W] int64
    tokens: Tensor  # [W, up to text_window] int64, zero-padded
    counts: Tensor  # [W] int64
    frames: Tensor  # [W] int64: frames that may follow

    @property
    def offsets(self) -> Tensor:
        """Positions of a window's tokens relative to its slot's length, [text_window] int64."""
        return torch.arange(self.tokens.shape[1], device=self.tokens.device)

    @staticmethod
    def pack(
        windows: Sequence[TextWindow], rows: int, tokens: int, spare_slot: int
    ) -> NDArray[np.int64]:
        """Pack `windows`, padded to `rows` of `tokens`, into one array [rows, HEADER + tokens]."""
        zeros = (0,) * tokens
        packed = [
            (slot, len(read), frames, *read, *zeros[len(read) :]) for slot, read, frames in windows
        ]
        packed += [(spare_slot, 0, 0, *zeros)] * (rows - len(packed))
        return np.array(packed, dtype=np.int64).reshape(rows, HEADER + tokens)

    @classmethod
    def unpack(cls, packed: Tensor) -> TextBatch:
        """The batch in `packed` [W, HEADER + text_window] int64, as views of it."""
        return cls(packed[:, 0], packed[:, HEADER:], packed[:, 1], packed[:, 2])


def draw_noise(plan: Plan, latent_size: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Slots and chunks for `SlotState.refill_noise`, before the frame of `plan`."""
    due = plan.noise_due
    slots = np.array([slot for slot, _ in due], dtype=np.int64)
    chunks = np.empty((len(due), NOISE_CHUNK, latent_size), dtype=np.float32)
    for chunk, (_, stream) in zip(chunks, due, strict=True):
        stream.noise.draw(out=chunk)
    return slots, chunks


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
class PendingRows:
    """Rows of a step's output on their way to the host."""

    _rows: Tensor
    _arrived: torch.cuda.Event | None

    @property
    def arrived(self) -> bool:
        """Whether `read` returns at once."""
        return self._arrived is None or self._arrived.query()

    def read(self) -> Tensor:
        """The rows on the host, once they have arrived; those of a later step overwrite them."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._rows


class Downloader:
    """Fetches the output of steps beside the computation of the next ones.

    Args:
        device: where the steps run.
        rows: of an output at most.
        width: numbers in a row.
        sample_type: of the numbers.
    """

    def __init__(
        self, device: torch.device, rows: int, width: int, sample_type: SampleType
    ) -> None:
        self._device = device
        self._turn = 0
        shape, dtype = (BUFFERS, rows, width), getattr(torch, sample_type)
        self._staged = torch.zeros(shape, dtype=dtype, device=device)
        if device.type == "cuda":
            self._pinned = torch.zeros(shape, dtype=dtype, pin_memory=True)
            self._stream = torch.cuda.Stream(device)
            # Blocking: a thread that waits sleeps, instead of keeping a core busy.
            self._arrived = [torch.cuda.Event(blocking=True) for _ in range(BUFFERS)]

    def fetch(self, output: Tensor) -> PendingRows:
        """Start a copy of `output` [B, width]; at most BUFFERS - 1 earlier ones may be unread.

        It is first copied on the device, since the next replay overwrites it.
        """
        turn = self._turn = (self._turn + 1) % BUFFERS
        rows = self._staged[turn, : output.shape[0]]
        rows.copy_(output)
        if self._device.type != "cuda":
            return PendingRows(rows, None)
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            pinned = self._pinned[turn, : len(rows)]
            pinned.copy_(rows, non_blocking=True)
            self._arrived[turn].record()
        return PendingRows(pinned, self._arrived[turn])
