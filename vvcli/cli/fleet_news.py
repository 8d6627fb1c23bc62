"""What befalls the workers of a fleet, told as everything else is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def hear_of_workers(tell: Callable[[str], object]) -> Iterator[None]:
    """Tell what happens meanwhile."""
    heard = _Heard(tell)
    logger = logging.getLogger("vvcli.fleet")
    logger.addHandler(heard)
    try:
        yield
    finally:
        logger.removeHandler(heard)


class _Heard(logging.Handler):
    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it."""
        self._tell(record.getMessage())
