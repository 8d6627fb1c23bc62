"""Exit statuses."""

from __future__ import annotations

from enum import IntEnum

from vvcli.errors import OutputError, RecordError, UnavailableError, UsageError, VvcliError


class ExitStatus(IntEnum):
    """The exit statuses; a signal ends the process as that signal, so a shell sees 128 + it."""

    OK = 0
    NOTHING = 1  # no audio was produced, or an internal error
    USAGE = 2
    SOME_FAILED = 3  # the other records are fine
    UNAVAILABLE = 4  # model, voice or device
    OUTPUT = 5  # the audio could not be written


_BY_ERROR: dict[type[VvcliError], ExitStatus] = {
    UsageError: ExitStatus.USAGE,
    UnavailableError: ExitStatus.UNAVAILABLE,
    OutputError: ExitStatus.OUTPUT,
    RecordError: ExitStatus.SOME_FAILED,
}


def status_of(error: VvcliError) -> ExitStatus:
    """The exit status of a command that `error` ended."""
    found = (status for kind, status in _BY_ERROR.items() if isinstance(error, kind))
    return next(found, ExitStatus.NOTHING)
