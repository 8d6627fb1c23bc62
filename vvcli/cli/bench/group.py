"""The group of `vvcli bench`, which runs `frame` where no subcommand is named."""

from __future__ import annotations

import click

# Under other names: those of the commands are their modules'.
from vvcli.cli.bench.fleet import fleet as fleet_command
from vvcli.cli.bench.frame import frame as frame_command
from vvcli.cli.bench.kernels import kernels as kernels_command
from vvcli.cli.bench.load import load as load_command
from vvcli.cli.bench.run import run as run_command

DEFAULT = "frame"


class _Bench(click.Group):
    """A group that runs `frame` where no subcommand is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default's name before options that are not the group's own."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Bench)
def bench() -> None:
    """Measure the speed of this machine, with random weights or a model.

    Without a subcommand, `frame` is run.
    """


for command in (frame_command, kernels_command, load_command, run_command, fleet_command):
    bench.add_command(command)
