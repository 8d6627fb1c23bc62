"""Whether processes that a test has seen are still there."""

from __future__ import annotations

import os
import time
from pathlib import Path

PATIENCE = 60


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state.split()[0] != "Z"


def wait_until_gone(pids: list[int], seconds: float = PATIENCE) -> None:
    give_up = time.monotonic() + seconds
    while any(map(is_running, pids)):
        assert time.monotonic() < give_up, "a worker is left"
        time.sleep(0.01)
