"""Whether a limit on the process leaves room for torch."""

from __future__ import annotations

import mmap
import resource

# Of address space, with which the CPU build of torch 2.13 gets through its import.
TORCH_BYTES = 600 << 20


def check_room_for_torch() -> None:
    """Find out whether torch can be imported under `ulimit -v`, where that is set.

    With less room its libraries are loaded and then abort the process, which no handler sees.

    Raises:
        MemoryError: it cannot.
    """
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    try:
        # Read-only, so that no memory is promised.
        mmap.mmap(-1, TORCH_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ).close()
    except OSError as error:
        raise MemoryError from error
