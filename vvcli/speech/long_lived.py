"""What the garbage collector need not look at."""

from __future__ import annotations

import gc


def spare_long_lived() -> None:
    """Take all objects that there are out of every later collection.

    A full collection looks at each object, and with torch loaded there are half a million that
    stay: 100 ms in which no stream's next frame is made. It came once in a few seconds of hundreds
    of streams.
    """
    gc.freeze()
