"""The `vvcli` command: finds the subcommand, runs it, and owns the exit status."""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import suppress
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from vvcli import __version__
from vvcli.cli.completion import VARIABLE, answer
from vvcli.cli.config_file import read_defaults
from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.failures import failure_of, usage_sentence
from vvcli.cli.message_options import root_options
from vvcli.cli.signals import Terminated, arrived, die_of, die_on_signals, raise_on_signals
from vvcli.errors import is_rust_panic

# Command: its module and one line of help. Modules are imported only when their command is used:
# `vvcli --help` answers at once.
COMMANDS = {
    "speak": "Speak text as one audio stream.",
    "batch": "Speak many records into many files.",
    "serve": "Keep the model loaded, and speak for clients.",
    "voices": "List voices, or convert one to safetensors.",
    "models": "List, fetch or locate models.",
    "text": "Show how text is read.",
    "format": "Print what another program needs to read the audio.",
    "check": "Check that everything works here.",
    "warm": "Compile what a GPU needs ahead of time.",
    "bench": "Measure the speed of this machine.",
    "completion": "Print the completion script of a shell.",
}


# -v among the short options, which may stand together; -q and -0 are the others without a value.
_VERBOSE = re.compile(r"--verbose|-[q0]*v[qv0]*")


class LazyGroup(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command `name`, from the module of that name."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"vvcli.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` begin with; the error for a wrong name says the nearest one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            if near := get_close_matches(name, COMMANDS, 1):
                ctx.fail(f"No such command {name!r} (did you mean '{near[0]}'?)")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, without importing them, and options."""
        found = [
            CompletionItem(name, help=text)
            for name, text in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`vvcli COMMAND --help` shows the options of a command, `man vvcli` the whole manual.",
)
@click.version_option(__version__, prog_name="vvcli")
@root_options
@click.pass_context
def vvcli(context: click.Context) -> None:
    """Speak text: many streams at once, raw audio on standard output.

    \b
    vvcli speak "Hello there." | aplay $(vvcli format --aplay)
    vvcli speak -i script.txt -o speech.wav
    vvcli batch book/ -d out
    """
    # Only here, where a command follows: a wrong config file is no reason to withhold --help.
    context.default_map = read_defaults(vvcli)


def main() -> None:
    """Run the command line in a process of its own, which ends here."""
    try:
        raise_on_signals()
        status = _main()
        if (number := arrived()) is not None:
            die_of(number)
        die_on_signals()
    except Terminated as error:
        die_of(error.number)
    _leave(status)


def _main() -> int:
    environment = Environment.claim()
    # Before torch loads: its threads spin while they wait for one another, and where another
    # program holds a core, for long. A frame of the 0.5B shape took 10 s then, and takes 0.4 s with
    # this short spin; on a quiet machine it costs a twentieth.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    # Caches that are rebuilt larger then reuse the memory of the old ones, whatever its pieces.
    if "PYTORCH_ALLOC_CONF" not in os.environ:  # the name that newer versions of torch read first
        os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    try:
        shell = os.environ.get(VARIABLE)
        if shell:
            with suppress(Exception):  # a person is typing: no answer is the best one
                click.echo(answer(vvcli, shell, sys.argv[1:]), nl=False)
            return ExitStatus.OK
        return run(sys.argv[1:], environment)
    except BrokenPipeError:
        die_of(signal.SIGPIPE)


def run(arguments: list[str], environment: Environment) -> int:
    """Run one command; all errors but signals and a broken pipe become a sentence and a status."""
    # Before anything can fail, the config file's reading included.
    environment.verbose |= _is_verbose(arguments)
    try:
        # Not through click's main(): it turns ^C and a broken pipe into exit status 1.
        with vvcli.make_context("vvcli", arguments, obj=environment) as context:
            return int(vvcli.invoke(context) or ExitStatus.OK)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        environment.stderr.write(f"{error.format_message()}\n")
        return ExitStatus.USAGE
    except click.ClickException as error:
        environment.say(f"{usage_sentence(error)}: see `{_command_path(arguments)} --help`")
        return ExitStatus.USAGE
    except (BrokenPipeError, Terminated):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_rust_panic(error):
            raise
        if (number := arrived()) is not None:  # a library made another error of it
            raise Terminated(number) from None
        failure = failure_of(error, stdout_closed=environment.stdout in environment.closed)
        hint = " (-v shows where)" if failure.is_ours and not environment.verbose else ""
        environment.say(failure.sentence + hint)
        if environment.verbose:
            environment.say_where(error)
        return failure.status


def _is_verbose(arguments: list[str]) -> bool:
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return any(map(_VERBOSE.fullmatch, options))


def _command_path(arguments: list[str]) -> str:
    """The command that `arguments` name, `vvcli voices list`, whether its options are right or not.

    click's errors do not always say in which command they were met.
    """
    path: list[str] = ["vvcli"]
    command: click.Command = vvcli
    for argument in arguments:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), argument)
        if found is not None:
            path.append(argument)
            command = found
    return " ".join(path)


def _leave(status: int) -> None:
    """Exit with `status`; the interpreter's own clean-up is skipped.

    A thread may still be blocked reading standard input, and tearing torch down takes a tenth
    of a second.
    """
    try:
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        die_of(signal.SIGPIPE)
    except (OSError, ValueError):
        status = status or ExitStatus.OUTPUT
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(status)
