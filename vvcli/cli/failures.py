"""Turns the error that ended a command into a sentence and an exit status, all in one place.

Code below raises `VvcliError` where it knows what the user can do. What comes here otherwise is an
error of the system (a path, a limit, memory), of a library, or of ours.
"""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

import click
from click.core import ParameterSource

from vvcli.cli.exit_status import ExitStatus, status_of
from vvcli.cli.remedies import with_remedy
from vvcli.errors import VvcliError, is_rust_panic

_NOT_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
_LIMITS = {
    errno.EMFILE: "too many files are open: raise the limit (`ulimit -n`)",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOMEM: "there is not enough memory",
    errno.EAGAIN: "the system's limit of processes or threads is reached (`ulimit -u`)",
}
NO_MEMORY = "there is not enough memory: ask for fewer streams (-j) or use a machine with more"

# How torch and its libraries say it; most of them raise RuntimeError.
_OUT_OF_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "failed to map segment",
)


class Failure(NamedTuple):
    """A sentence and an exit status."""

    sentence: str
    status: ExitStatus
    is_ours: bool = False  # a mistake in this program


def failure_of(error: BaseException, *, stdout_closed: bool = False) -> Failure:
    """The sentence and status for `error`, which ended a command.

    `stdout_closed`: the command was started without a standard output.
    """
    if isinstance(error, VvcliError):
        return Failure(with_remedy(error), status_of(error))
    if isinstance(error, click.ClickException):
        return Failure(usage_sentence(error), ExitStatus.USAGE)
    return (
        _of_system(error)
        or _of_input(error, stdout_closed)
        or Failure(f"internal error: {type(error).__name__}: {error}", ExitStatus.NOTHING, True)
    )


def usage_sentence(error: click.ClickException) -> str:
    """click's sentence, which names the variable where a value came from the environment."""
    if isinstance(error, click.BadParameter) and error.ctx and error.param and error.param.name:
        source = error.ctx.get_parameter_source(error.param.name)
        if source is ParameterSource.ENVIRONMENT:
            names = error.param.envvar
            known = [names] if isinstance(names, str) else list(names or ())
            name = next((name for name in known if os.environ.get(name)), "the environment")
            return f"{name}: {error.message}".rstrip(".")
    sentence = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption) and not error.option_name[1:2].isalpha():
        sentence += " (a text that begins with - comes after --)" * (error.option_name[:2] != "--")
    return sentence


def _of_system(error: BaseException | None) -> Failure | None:
    """A limit of the machine or the process: no input is wrong."""
    text = str(error).lower()
    if isinstance(error, OSError) and error.errno in _LIMITS:
        return Failure(_LIMITS[error.errno], ExitStatus.UNAVAILABLE)
    if isinstance(error, MemoryError):
        return Failure(NO_MEMORY, ExitStatus.UNAVAILABLE)
    if isinstance(error, RuntimeError | ImportError | OSError) and any(
        words in text for words in _OUT_OF_MEMORY
    ):
        return Failure(NO_MEMORY, ExitStatus.UNAVAILABLE)
    if isinstance(error, RuntimeError | ImportError | OSError) and "too many open files" in text:
        return Failure(_LIMITS[errno.EMFILE], ExitStatus.UNAVAILABLE)
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        return Failure(_LIMITS[errno.EAGAIN], ExitStatus.UNAVAILABLE)
    return None


def _of_input(error: BaseException, stdout_closed: bool) -> Failure | None:
    """A path, a text or a library that cannot be used."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        if error.errno in _NOT_WRITTEN and not error.filename:
            # What `click.echo` meets; files that a command opens have names.
            reason = "it is closed" if stdout_closed else reason
            return Failure(f"cannot write to standard output: {reason}", ExitStatus.OUTPUT)
        name = error.filename if error.filename is not None else error.filename2
        where = os.fsdecode(name) if isinstance(name, str | bytes) else None
        sentence = f"cannot use {where}: {reason}" if where else f"the system refused: {reason}"
        return Failure(sentence, ExitStatus.USAGE if where else ExitStatus.OUTPUT)
    if isinstance(error, ImportError):
        name = error.name or "a library"
        return Failure(f"cannot load {name}: {error}", ExitStatus.UNAVAILABLE)
    if isinstance(error, RecursionError):
        return Failure("the input is nested too deeply", ExitStatus.USAGE)
    if isinstance(error, UnicodeError):
        return Failure(f"a text or a name is not valid Unicode: {error}", ExitStatus.USAGE)
    if isinstance(error, ValueError) and "null byte" in str(error):
        return Failure("a name has a NUL character", ExitStatus.USAGE)
    if is_rust_panic(error):
        return Failure(f"a library failed: {error}", ExitStatus.UNAVAILABLE)
    return None
