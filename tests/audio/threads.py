"""The threads that encode files."""

from __future__ import annotations

import threading


def encoding() -> list[threading.Thread]:
    """Those that run now."""
    return [thread for thread in threading.enumerate() if thread.name == "encode"]
