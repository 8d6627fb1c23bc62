"""Dying of signals the way a shell expects: of the signal itself, after a brief clean-up."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from types import CodeType, FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Seconds in which the clean-up is left alone, however often ^C is pressed; after them the next
# signal ends the process at once.
CLEAN_UP = 1.0


class Terminated(BaseException):
    """A signal arrived; raised once, in the main thread, so that clean-up runs."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


def raise_on_signals() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into `Terminated`, unless the parent had them ignored.

    `nohup` and a shell's `&` have signals ignored, and they stay so.
    """
    first: float | None = None

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if _is_within(frame, raise_again.__code__):
            _deliver_later(number)
        elif first is None:
            first = time.monotonic()
            raise Terminated(number)
        elif time.monotonic() - first > CLEAN_UP:
            die_of(number)

    def raise_again(unraisable: sys.UnraisableHookArgs) -> None:
        """Deliver `Terminated` again where it was raised in a finalizer, which drops it."""
        nonlocal first
        if not isinstance(unraisable.exc_value, Terminated):
            sys.__unraisablehook__(unraisable)
            return
        first = None
        _deliver_later(unraisable.exc_value.number)

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)
    sys.unraisablehook = raise_again


def _deliver_later(number: int) -> None:
    """Send the signal to the main thread once more, when it has left where it is now."""
    main = threading.main_thread().ident
    assert main is not None  # noqa: S101 - it runs

    def deliver() -> None:
        time.sleep(0.01)
        signal.pthread_kill(main, number)

    # Not `threading.Thread`, of whose lock a signal handler may interrupt the holder.
    _thread.start_new_thread(deliver, ())


def _is_within(frame: FrameType | None, code: CodeType) -> bool:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


def die_on_signals() -> None:
    """Let the signals end the process at once and silently: nothing has to be cleaned up."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def die_of(number: int) -> NoReturn:
    """End the process by signal `number`, so that its parent sees 128 + it.

    A shell loop stops on ^C only if its child died of SIGINT.
    """
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os._exit(128 + number)  # reached only if the signal was blocked by the parent
