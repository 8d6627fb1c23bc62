"""The errors a user can cause, each one sentence: what is wrong, where, and what to do."""

from __future__ import annotations


class VvcliError(Exception):
    """Base of every error that is shown as one sentence instead of a traceback."""


class UsageError(VvcliError):
    """The command was given something it cannot use."""


class UnavailableError(VvcliError):
    """A model, voice, tokenizer or device cannot be had."""


class RecordError(VvcliError):
    """One record cannot be spoken; the others can."""


class OutputError(VvcliError):
    """The audio cannot be written."""
