"""Keeps long-lived objects out of garbage collection."""

from __future__ import annotations

import gc


def spare_long_lived() -> None:
    """Exclude all objects that exist now from later collections.

    A full collection looks at each object, and with torch loaded there are half a million that
    stay: 100 ms in which no stream's next frame is made. It came once in a few seconds of hundreds
    of streams.
    """
    gc.freeze()
