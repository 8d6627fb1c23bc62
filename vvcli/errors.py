"""The errors a user can cause, each one sentence: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class VvcliError(Exception):
    """Base of every error that is shown as one sentence instead of a traceback.

    Args:
        sentence: what is wrong, and where, in terms of the library.
        remedy: a key for what the user can do about it; `cli/remedies.py` names the options.
    """

    def __init__(self, sentence: str, *, remedy: str | None = None) -> None:
        super().__init__(sentence)
        self.remedy = remedy


class UsageError(VvcliError):
    """The command was given something it cannot use."""


class UnavailableError(VvcliError):
    """A model, voice, tokenizer or device is unavailable."""


class RecordError(VvcliError):
    """One record cannot be spoken; the others can."""


class BusyError(VvcliError):
    """All streams are being spoken, and as many wait as may."""


class OutputError(VvcliError):
    """The audio cannot be written."""


@contextmanager
def unreadable_as(kind: type[VvcliError], name: object) -> Iterator[None]:
    """Turn an `OSError` of reading what `name` says into a `kind`: "cannot read NAME: reason"."""
    try:
        yield
    except OSError as error:
        raise kind(f"cannot read {name}: {error.strerror or error}") from error


def is_rust_panic(error: BaseException) -> bool:
    """Whether `error` is a panic of a library in Rust.

    Its class derives from BaseException, so that no `except Exception` sees it, and has no name
    that can be imported.
    """
    return type(error).__module__ == "pyo3_runtime"
