"""`vvcli bench fleet`: how well a fleet of many workers would be kept busy, simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vvcli.cli.environment import Environment
from vvcli.cli.message_options import verbose_option
from vvcli.cli.types import FileName, Number
from vvcli.errors import UsageError, unreadable_as
from vvcli.script.limits import STREAMS, WORKERS, Limits

RECORDS = Limits(1, 100_000_000, whole=True)
DEATHS = Limits(0, 1_000_000, whole=True)
SPEED = Limits(0.001, 1_000_000)  # seconds of audio a second


@click.command()
@click.option(
    "--workers",
    type=Number(WORKERS),
    metavar="N",
    default=512,
    show_default=True,
    help="Workers of the fleet.",
)
@click.option(
    "--streams",
    type=Number(Limits(STREAMS.low, STREAMS.high, whole=True)),
    metavar="N",
    default=64,
    show_default=True,
    help="Records that a worker speaks at the same time.",
)
@click.option(
    "--records",
    type=Number(RECORDS),
    metavar="N",
    default=1_000_000,
    show_default=True,
    help="Records to speak.",
)
@click.option(
    "--lengths",
    type=FileName(path_type=Path),
    metavar="FILE",
    help="Take the lengths of the records from the lines of FILE, over and over; default: those "
    "of sentences of English prose.",
)
@click.option(
    "--deaths",
    type=Number(DEATHS),
    metavar="N",
    default=20,
    show_default=True,
    help="Workers that die, at random times.",
)
@click.option(
    "--speed",
    type=Number(SPEED),
    metavar="X",
    default=78.0,
    show_default=True,
    help="Seconds of audio a second that one stream makes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@verbose_option
@click.pass_obj
def fleet(environment: Environment, /, as_json: bool, **options: Any) -> None:
    """Simulate who speaks what: the real dispatcher, with workers that are but a clock.

    Prints for files, which go out the longest first, and for a stream, in order: how long slots
    stood idle, the dispatcher's processor time a record, and how long the head had to wait.
    """
    import json
    from dataclasses import asdict
    from itertools import cycle, islice

    from vvcli.bench.fleet import FleetSimulation, prose_lengths

    records, path = options.pop("records"), options.pop("lengths")
    if path is None:
        lengths = prose_lengths(records)
    else:
        with unreadable_as(UsageError, path):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        known = [len(line) for line in lines if line.strip()]
        if not known:
            raise UsageError(f"{path} has no line with text")
        lengths = list(islice(cycle(known), records))
    for in_order in (False, True):
        trial = FleetSimulation(lengths, in_order=in_order, **options).run()
        if as_json:
            click.echo(json.dumps(asdict(trial)))
            continue
        line = (
            f"{trial.order}: {trial.records} records by {trial.workers} workers of "
            f"{trial.streams} streams in {trial.elapsed_s:.1f} s, {trial.deaths} deaths: "
            f"idle {trial.idle_percent:.2f} %, lost to deaths {trial.lost_percent:.2f} %, "
            f"missing {trial.missing}, twice {trial.twice}, dispatch {trial.dispatch_us:.1f} µs"
        )
        if in_order:
            line += (
                f", worst wait of the head {trial.worst_head_wait_s:.2f} s, "
                f"most audio ahead {trial.max_ahead_seen_s:.0f} s"
            )
        click.echo(line)
