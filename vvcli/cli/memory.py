"""Whether the process can load torch, which would abort it where it cannot."""

from __future__ import annotations

import mmap
import os
import resource
from pathlib import Path

from vvcli.errors import UsageError

# Of address space, with which the CPU build of torch 2.13 gets through its import and a small model
# is loaded: with 600 MiB it died of SIGSEGV after the import.
TORCH_BYTES = 700 << 20

MAX_PATH = 4096  # bytes, of Linux


def check_room_for_torch() -> None:
    """Find out whether torch can be imported here, and under `ulimit -v`, where that is set.

    With less room its libraries are loaded and then abort the process, which no handler sees.

    Raises:
        MemoryError: it cannot.
        UsageError: the working directory has no path; MKL, which wants it, ends the process.
    """
    try:
        too_long = len(os.fsencode(Path.cwd())) >= MAX_PATH
    except OSError as error:
        raise UsageError(
            f"the working directory cannot be used: {error.strerror}: change to another"
        ) from error
    if too_long:
        raise UsageError("the path of the working directory is too long: change to another")
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    try:
        # Read-only, so that no memory is promised.
        mmap.mmap(-1, TORCH_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ).close()
    except OSError as error:
        raise MemoryError from error
