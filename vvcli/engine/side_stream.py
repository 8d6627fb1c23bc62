"""A second CUDA stream for work that the rest of a step does not wait for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


class SideStream:
    """Forks work off the current stream and joins it again, also inside a graph capture.

    On a CPU forked work runs in line. A tensor that one stream makes and the other reads must stay
    referenced until `join`: freed earlier, its memory would go to the next tensor of its own stream
    while the other stream still reads it.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    @contextmanager
    def fork(self) -> Iterator[None]:
        """Launch work on the side stream, after everything launched so far."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            yield

    def join(self) -> None:
        """Make the current stream wait for everything forked so far."""
        if self._stream is not None:
            torch.cuda.current_stream().wait_stream(self._stream)
