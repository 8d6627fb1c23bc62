"""The options that say how much is said: `-q`, `-v`, `--progress` and `--summary`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from vvcli.cli.environment import Environment
from vvcli.cli.types import FileName, was_typed
from vvcli.progress.report import MODES

Command = TypeVar("Command", bound=Callable[..., Any])


def together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """One decorator for several options, listed in this order by --help."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _set_verbose(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    environment = context.find_object(Environment)
    if value and environment is not None:
        environment.verbose = True


def _choose_quiet(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    environment = context.find_object(Environment)
    return value or (environment is not None and environment.quiet)


def _choose_progress(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """The command's own flag, else the one before the command, else what is set elsewhere."""
    environment = context.find_object(Environment)
    if environment is None or environment.progress is None or was_typed(context, parameter.name):
        return value
    return environment.progress


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep what stands before the command for the command's own option."""
    environment = context.find_object(Environment)
    if value and environment is not None and parameter.name is not None:
        setattr(environment, parameter.name, value)


# Of every command. It takes effect before anything else is read.
verbose_option = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_verbose,
    help="Show where in the program an error came from.",
)

_QUIET, _PROGRESS = "Say only what goes wrong.", "auto: a bar on a terminal, plain lines elsewhere."

# Before the command, for whatever command follows.
root_options = together(
    click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=_remember, help=_QUIET
    ),
    verbose_option,
    click.option(
        "--progress",
        type=click.Choice(MODES),
        expose_value=False,
        callback=_remember,
        help=_PROGRESS,
    ),
)

quiet_option = click.option("-q", "--quiet", is_flag=True, callback=_choose_quiet, help=_QUIET)

progress_options = together(
    quiet_option,
    verbose_option,
    click.option(
        "--progress",
        "progress_mode",
        envvar="VVCLI_PROGRESS",
        type=click.Choice(MODES),
        default="auto",
        show_default=True,
        callback=_choose_progress,
        help=_PROGRESS,
    ),
    click.option(
        "--summary",
        metavar="FILE|-",
        type=FileName(),
        help="Write the figures of the run as JSON; - is standard output.",
    ),
)
