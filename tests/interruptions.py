"""Exceptions at every moment of some code, as a signal's handler may raise them."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

Thing = TypeVar("Thing")

PATIENCE = 60  # seconds


class Interruption(BaseException):
    """Stands for `vvcli.cli.signals.Terminated`."""


def interrupt_everywhere(
    make: Callable[[], Thing], use: Callable[[Thing], None], close: Callable[[Thing], None]
) -> int:
    """Use a thing and close it, interrupted at each call and return in turn; tell how many.

    It is closed each time, or an AssertionError says where that has hung.
    """
    for moment in itertools.count(1):
        at = _Moment(moment)

        def run(at: _Moment = at) -> None:
            thing = make()
            with suppress(Interruption):
                try:
                    sys.setprofile(at)
                    use(thing)
                finally:
                    sys.setprofile(None)
            close(thing)
            at.is_closed = True

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert at.is_closed, f"not closed after an interruption at {at.place}"
        if at.place is None:
            return moment - 1
    raise AssertionError


class _Moment:
    """A profile function that raises at its `left`-th event at which Python runs such handlers."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.place: str | None = None
        self.is_closed = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        self.left -= event in ("call", "c_return")
        if not self.left and frame.f_code is not type(self).__call__.__code__:
            self.place = f"{event} in {frame.f_code.co_name}, line {frame.f_lineno}"
            raise Interruption
