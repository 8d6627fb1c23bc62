"""Dying of signals the way a shell expects: of the signal itself, after a brief clean-up."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn


class Terminated(BaseException):
    """SIGTERM arrived; raised in the main thread so that clean-up runs."""


def raise_on_sigterm() -> None:
    """Turn SIGTERM into `Terminated`, as Python turns SIGINT into KeyboardInterrupt."""

    def handle(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    signal.signal(signal.SIGTERM, handle)


def die_of(number: signal.Signals) -> NoReturn:
    """End the process by signal `number`, so that its parent sees 128 + it.

    A shell loop stops on ^C only if its child died of SIGINT.
    """
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os._exit(128 + number)  # reached only if the signal was blocked by the parent
