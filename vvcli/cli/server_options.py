"""The options of a command that can speak through a resident synthesizer, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.environment import Environment
from vvcli.cli.message_options import together
from vvcli.cli.types import FileName, was_typed
from vvcli.client.address import ServerAddress, default_address, parse_address
from vvcli.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from vvcli.client.link import ServerLink

ALWAYS, AUTO = "always", "auto"

# Options that only a model that is loaded here can obey, and why.
_OWN = "the server has its own"
_ONCE = "a server speaks each record once, as a whole"
ONLY_HERE = {
    **dict.fromkeys(("model", "device", "workers", "threads", "dtype", "steps"), _OWN),
    **dict.fromkeys(("deterministic", "require_graphs"), _OWN),
    **{"retries": _ONCE, "cue_by": _ONCE},
    "dry_run": "it reads the files of a model here",
}

AUTO_TIMEOUT = 5.0  # seconds in which a server has to answer, if there is another way


class _Use(click.Choice[str]):
    """`true` or `"auto"` in the config file; the flag alone on the command line."""

    def __init__(self) -> None:
        super().__init__([AUTO])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The flag's own value, or `auto`."""
        return value if value == ALWAYS else super().convert(value, param, ctx)


class Address(FileName):
    """A server's address; a shell completes names of sockets."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check the form of the address."""
        if isinstance(value, ServerAddress):
            return value
        try:
            return parse_address(super().convert(value, param, ctx))
        except UsageError as error:
            self.fail(str(error), param, ctx)


server_options = together(
    click.option(
        "--server",
        is_flag=True,
        flag_value=ALWAYS,
        default=None,
        type=_Use(),
        help="Speak through the resident synthesizer, `vvcli serve`: nothing is loaded here.",
    ),
    click.option(
        "--server-address",
        envvar="VVCLI_SERVER",
        metavar="ADDRESS",
        type=Address(),
        help="Its socket, or http://HOST:PORT; default: $XDG_RUNTIME_DIR/vvcli.sock.",
    ),
    click.option(
        "--token-file",
        "server_token",
        envvar="VVCLI_TOKEN_FILE",
        metavar="FILE",
        type=FileName(path_type=Path),
        help="The token that a server over HTTP wants, in a file that is yours alone.",
    ),
)


@dataclass(frozen=True)
class ServerChoice:
    """Which server to speak through, and whether there is another way."""

    address: ServerAddress
    token_file: Path | None
    is_optional: bool

    def open(self, environment: Environment, *, quiet: bool) -> ServerLink | None:
        """A link to the server; None if it does not answer and is optional, which is said.

        Raises:
            UsageError: the token cannot be read.
            UnavailableError: the server does not answer, or cannot be used.
        """
        from vvcli.checkpoint.token_file import read_token
        from vvcli.client.link import TIMEOUT, ServerLink

        file = self.token_file
        token = None if file is None else read_token(file, "copy the server's")

        def say_late() -> None:
            if not quiet:
                where = f"the server at {self.address}"
                environment.say(f"waiting for {where}: it may be loading its model")

        timeout = AUTO_TIMEOUT if self.is_optional else TIMEOUT
        try:
            return ServerLink(self.address, token, timeout, say_late)
        except UnavailableError as error:
            if not self.is_optional:
                raise
            if not quiet:
                environment.say(f"{error}: loading the model here")
            return None


def take_server(context: click.Context, options: dict[str, Any]) -> ServerChoice | None:
    """The server that these options ask for, which leave `options`; None: the model is loaded here.

    The command line is stronger than the config file: with an option of `ONLY_HERE`, a server from
    there is not used.

    Raises:
        UsageError: the command line asks for both, or there is no address.
    """
    use, address = options.pop("server"), options.pop("server_address")
    token_file = options.pop("server_token")
    is_typed = was_typed(context, "server") or was_typed(context, "server_address")
    if not (use or is_typed):
        return None
    if here := _only_here(context, options):
        if not is_typed:
            return None
        flag, reason = here
        raise UsageError(f"--server and {flag} cannot be used together: {reason}")
    address = address or default_address()
    if address is None:
        raise UsageError("XDG_RUNTIME_DIR is not set: say where the server is: --server-address")
    return ServerChoice(address, token_file, is_optional=use == AUTO and not is_typed)


def _only_here(context: click.Context, options: dict[str, Any]) -> tuple[str, str] | None:
    """An option that was typed and that no server obeys, and why."""
    # Typed as they are without being typed, these two ask for nothing.
    asks_nothing = {"retries": 0, "cue_by": "record"}
    flags = {each.name: each.opts[-1] for each in context.command.params}
    for name, reason in ONLY_HERE.items():
        if was_typed(context, name) and options[name] != asks_nothing.get(name):
            return flags[name], reason
    if was_typed(context, "voice") and _is_file(options["voice"]):
        return "--voice FILE", _OWN
    return None


def _is_file(voice: str) -> bool:
    from vvcli.checkpoint.voice_search import is_voice_file

    return is_voice_file(voice)
