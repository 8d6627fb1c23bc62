"""Captures work on a device as a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

Output = TypeVar("Output")

# Work is run before it is captured, since Triton compiles and cuBLAS chooses on the first run of a
# size. The first capture also sets up the stream, part of it on the second run.
FIRST_WARM_UPS, WARM_UPS = 2, 1


class GraphCapturer:
    """Captures work on one stream into one memory pool."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()
        self._warm_ups = FIRST_WARM_UPS

    def capture(
        self, work: Callable[[], Output], first_run: Callable[[Callable[[], object]], object]
    ) -> tuple[torch.cuda.CUDAGraph, Output]:
        """Warm up `work`, for the first time through `first_run`, then capture it.

        Only the warm-up has side effects. Returns the graph, and the output that each replay
        overwrites.
        """
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            first_run(work)
            for _ in range(self._warm_ups - 1):
                work()
        self._warm_ups = WARM_UPS
        self._stream.synchronize()
        # The graph's intermediate results lie in a pool of their own; those of the warm-up would
        # be kept beside them.
        torch.cuda.empty_cache()
        graph = torch.cuda.CUDAGraph()
        # Another thread, which may read input or watch the device, does not break the capture.
        with torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        ):
            output = work()
        torch.cuda.current_stream().wait_stream(self._stream)
        return graph, output
