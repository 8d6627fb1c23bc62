"""Dying of signals the way a shell expects: of the signal itself, after a brief clean-up."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
import weakref
from types import CodeType, FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Seconds in which the clean-up is left alone, however often ^C is pressed; after them the next
# signal ends the process at once.
CLEAN_UP = 1.0


class Terminated(BaseException):
    """A signal arrived; raised in the main thread, so that clean-up runs.

    Libraries drop it: C code that imports a module clears any error, and so does Python after
    a finalizer. It is raised again then, until the process ends.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


_arrived: int | None = None


def arrived() -> int | None:
    """The signal that was raised as `Terminated`, whatever has become of that."""
    return _arrived


def raise_on_signals() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into `Terminated`, unless the parent had them ignored.

    `nohup` and a shell's `&` have signals ignored, and they stay so.
    """
    first: float | None = None
    raised: weakref.ref[Terminated] | None = None  # the reference has to live to call back

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if _is_within(frame, dropped.__code__) or _is_within(frame, silence.__code__):
            _deliver_later(number)
        elif first is None:
            first = time.monotonic()
            raise terminated(number)
        elif time.monotonic() - first > CLEAN_UP:
            die_of(number)

    def terminated(number: int) -> Terminated:
        """The exception; not a variable of `handle`, whose frame it holds and would not leave."""
        global _arrived
        nonlocal raised
        _arrived = number
        error = Terminated(number)
        raised = weakref.ref(error, dropped)
        return error

    def dropped(_: object) -> None:
        """Deliver the signal again: nobody has the exception, and the process goes on."""
        nonlocal first
        first = None
        assert _arrived is not None  # noqa: S101 - it was raised
        _deliver_later(_arrived)

    def silence(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, Terminated):
            sys.__unraisablehook__(unraisable)

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)
    sys.unraisablehook = silence


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
