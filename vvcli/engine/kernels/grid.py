"""Programs of one launch that wait for each other."""

from __future__ import annotations

from functools import cache

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.kernels.blocks import INTERPRETED


@triton.jit
def arrive(barrier):
    """Tell the other programs that what this one has written is there to read."""
    tl.debug_barrier()
    tl.atomic_add(barrier, 1, sem="release")


@triton.jit
def await_arrivals(barrier, arrivals):
    """Wait for so many arrivals since the launch, each program's next one included."""
    while _read(barrier) < arrivals:
        pass


@triton.jit
def leave(barrier):
    """Set the barrier back when no program waits any more; nothing may come after."""
    programs = tl.num_programs(0)
    if tl.atomic_add(barrier + 1, 1, sem="acq_rel") == programs - 1:
        tl.store(barrier, 0)
        tl.store(barrier + 1, 0)


@triton.jit
def _read(flag):
    if INTERPRETED:
        value = tl.load(flag)
    else:
        # Every thread reads for itself, so each is allowed to see what was written before. A load
        # polls faster than an atomic operation.
        value = tl.inline_asm_elementwise(
            "ld.acquire.gpu.global.s32 $0, [$1];",
            "=r,l",
            [flag],
            dtype=tl.int32,
            is_pure=False,
            pack=1,
        )
    return value


@cache
def barrier(device: torch.device) -> Tensor:
    """Arrivals and departures, zero between launches, which must follow each other."""
    return torch.zeros(2, dtype=torch.int32, device=device)


@cache
def programs(device: torch.device) -> int:
    """How many programs can wait for each other if each has a multiprocessor to itself."""
    if device.type != "cuda":
        return 1  # the interpreter runs one after the other
    return torch.cuda.get_device_properties(device).multi_processor_count
