"""A second CUDA stream for the part of a step that nothing else in it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


class SideStream:
    """Work beside the current stream, also while that is being captured; on a CPU, in its place.

    What one side makes and the other reads must be referred to until `join`: freed before, its
    memory would be given to the next tensor of its own side, while the other still reads it.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What is started in here follows all that was started before, and runs beside the rest."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            yield

    def join(self) -> None:
        """Let what follows on the current stream wait for all that was started beside it."""
        if self._stream is not None:
            torch.cuda.current_stream().wait_stream(self._stream)
