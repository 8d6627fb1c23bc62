"""`vvcli serve`: the model stays, clients come and go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.help_groups import GroupedCommand
from vvcli.cli.message_options import quiet_option, verbose_option
from vvcli.cli.options import synthesis_options
from vvcli.cli.text_options import take_text_arguments, text_options
from vvcli.cli.types import FileName, Number, Text
from vvcli.script.limits import Limits

QUEUE = Limits(0, 65_536, whole=True)
SECONDS = Limits(0, 86_400)
STALL = Limits(1, 86_400)


@click.command(cls=GroupedCommand)
@click.option(
    "--socket",
    "socket_path",
    metavar="FILE",
    type=FileName(path_type=Path),
    help="Listen at this Unix socket; default: $XDG_RUNTIME_DIR/vvcli.sock.",
)
@click.option(
    "--listen",
    multiple=True,
    metavar="HOST:PORT",
    type=Text(),
    help="Listen for HTTP as well; beyond loopback only with --token-file.",
)
@click.option("--systemd", is_flag=True, help="Take the sockets from systemd, and no others.")
@click.option(
    "--token-file",
    metavar="FILE",
    type=FileName(path_type=Path),
    help="Clients over HTTP must show the token in FILE, which is yours alone.",
)
@click.option(
    "--allow-origin",
    multiple=True,
    metavar="ORIGIN",
    type=Text(),
    help="Let web pages of ORIGIN use the server: https://example.org.",
)
@click.option(
    "--queue",
    type=Number(QUEUE),
    metavar="N",
    default=64,
    show_default=True,
    help="Requests that wait for a stream; more are refused.",
)
@click.option(
    "--drain",
    type=Number(SECONDS),
    metavar="SECONDS",
    default=30,
    show_default=True,
    help="On SIGTERM, time to finish for those that play.",
)
@click.option(
    "--stall",
    type=Number(STALL),
    metavar="SECONDS",
    default=60,
    show_default=True,
    help="Drop a client that takes no audio for so long.",
)
@click.option(
    "--log",
    metavar="FILE|-",
    type=FileName(path_type=Path),
    help="Append a JSON object for each request; - is standard error.",
)
@synthesis_options
@text_options
@quiet_option
@verbose_option
@click.pass_obj
def serve(environment: Environment, /, **options: Any) -> ExitStatus:
    """Keep the model loaded, and speak for clients: `vvcli speak --server`, HTTP, WebSocket.

    At most -j requests are spoken at the same time on each device, --queue wait. SIGTERM lets those
    that play finish, SIGHUP opens the log anew.

    \b
    vvcli serve
    vvcli serve --listen 127.0.0.1:8880
    """
    reading = take_text_arguments(options)
    from vvcli.cli.serve_run import ServeRequest, run_serve

    run_serve(environment, ServeRequest.take(options), options | reading)
    return ExitStatus.OK
