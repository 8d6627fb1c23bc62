"""`vvcli bench load --server`: the load that a server holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.bench.options import Bench
from vvcli.cli.bench.trials import TEXTS, print_best, run_trials
from vvcli.cli.message_options import together
from vvcli.cli.server_options import Address
from vvcli.cli.types import FileName, Number, was_typed
from vvcli.client.address import ServerAddress
from vvcli.errors import UsageError
from vvcli.script.limits import Limits

if TYPE_CHECKING:
    from vvcli.bench.load.server import Percentiles, ServerTrial

CLIENTS = Limits(1, 256, whole=True)

# Options of what is measured here, which a server chooses for itself.
_OF_MODEL = ("model", "shape", "device", "dtype", "steps", "streams")


def _parse_fields(_context: object, _parameter: object, value: str) -> dict[str, Any]:
    try:
        fields = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"it is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise click.BadParameter("it is not a JSON object")
    return fields


server_load_options = together(
    click.option(
        "--server",
        type=Address(),
        metavar="ADDRESS",
        help="Measure a server, through its socket or http://HOST:PORT; nothing is loaded here.",
    ),
    click.option(
        "--token-file",
        metavar="FILE",
        type=FileName(path_type=Path),
        help="The token that the server wants, in a file that is yours alone.",
    ),
    click.option(
        "--request",
        metavar="JSON",
        default="{}",
        callback=_parse_fields,
        help="Fields of every request to the server, besides text and format.",
    ),
    click.option(
        "--clients",
        type=Number(CLIENTS),
        metavar="N",
        default=1,
        show_default=True,
        help="Processes that listen to the server.",
    ),
)


@dataclass(frozen=True)
class ServerLoad:
    """The options of `server_load_options`."""

    address: ServerAddress
    token_file: Path | None
    request: dict[str, Any]
    clients: int


def take_server_load(context: click.Context, options: dict[str, Any]) -> ServerLoad | None:
    """The server that these options ask for, which leave `options`; None without one.

    Raises:
        UsageError: an option is typed that the server, or this process alone, obeys.
    """
    names = ("server", "token_file", "request", "clients")
    address, token_file, request, clients = (options.pop(name) for name in names)
    flags = {each.name: each.opts[-1] for each in context.command.params}
    if address is None:
        for name in names[1:]:
            if was_typed(context, name):
                raise UsageError(f"{flags[name]} is of a server: name it with --server")
        return None
    for name in _OF_MODEL:
        if was_typed(context, name):
            raise UsageError(
                f"--server and {flags[name]} cannot be used together: the server has its own"
            )
    return ServerLoad(address, token_file, request, clients)


@dataclass(frozen=True)
class LoadPlan:
    """The rates to try and their limits: the options of `load` of these names."""

    rates: tuple[float, ...]
    ttfa: float
    duration: float
    time_limit: float
    price: float
    characters: tuple[int, int]
    deadline: float  # of `time.perf_counter`


def load_server(bench: Bench, asked: ServerLoad, plan: LoadPlan) -> None:
    """Measure, and print.

    Raises:
        UnavailableError: the server does not answer, or does not speak.
        UsageError: the token cannot be read.
    """
    from vvcli.bench.load.listener import AUDIBLE_DBFS, Target
    from vvcli.bench.load.server import ServerLoadTest, shake_hands
    from vvcli.bench.texts import random_texts
    from vvcli.checkpoint.token_file import read_token

    file = asked.token_file
    token = None if file is None else read_token(file, "copy the server's")
    target = Target(asked.address, token, asked.request)
    facts = shake_hands(target)
    test = ServerLoadTest(
        target,
        random_texts(TEXTS, plan.characters, seed=0),
        plan.ttfa / 1e3,
        processes=asked.clients,
        deadline=plan.deadline,
    )
    bench.line(_describe(asked.address, facts))
    alone, whole = test.alone()
    bench.line(f"first audible sample ({AUDIBLE_DBFS} dBFS) of one session alone: {alone:.1f} ms")
    bench.line()
    bench.line(_HEAD)
    guess = (lambda: 1 / whole) if alone <= plan.ttfa else None  # else no rate holds
    trials, best = run_trials(bench, test, plan.rates, plan.duration, guess, _row)
    cost = print_best(bench, trials, best, {} if best is None else _lines(best), plan.price)
    bench.json(
        {
            "server": str(asked.address),
            "facts": facts,
            "request": asked.request,
            "clients": asked.clients,
            "audible_dbfs": AUDIBLE_DBFS,
            "ttfa_ms": plan.ttfa,
            "time_limit_s": plan.time_limit,
            "first_audible_alone_ms": alone,
            "longest_playback_s": test.longest_playback,
            "price_per_hour": plan.price,
            "price_per_audio_hour": cost,
            "best": best,
            "trials": trials,
        }
    )


def _describe(address: ServerAddress, facts: dict[str, Any]) -> str:
    names = ("model", "device", "dtype", "steps", "streams", "version")
    known = [f"{name} {facts[name]}" for name in names if name in facts]
    return f"{address}: {', '.join(known) or 'a server that does not tell what it is'}"


_TIMES = ("first", "audible", "gap", "late")
_HEAD = (
    f"{'rate/s':>8} {'sessions':>9}"
    + "".join(f" {f'{name} p50/p95/p99 ms':>26}" for name in _TIMES)
    + f" {'underrun':>9} {'lost':>6} {'held':>8} {'most':>7} {'audio-s/s':>10}"
)


def _row(trial: ServerTrial) -> str:
    times = (trial.first_ms, trial.audible_ms, trial.gap_ms, trial.late_ms)
    lost = trial.refused + trial.failed + trial.unfinished
    return (
        f"{trial.rate:>8.3g} {trial.sessions:>9}"
        + "".join(f" {_percentiles(each):>26}" for each in times)
        + f" {trial.underrun_share:>9.2%} {lost:>6} {trial.held_mean:>8.1f} {trial.held_most:>7} "
        f"{trial.audio_s_per_s:>10.1f}"
    )


def _percentiles(found: Percentiles | None) -> str:
    if found is None:
        return "-"
    return " / ".join(f"{found[name]:.1f}" for name in ("p50", "p95", "p99"))


def _lines(best: ServerTrial) -> dict[str, str]:
    """The rows that only the best trial of a server has."""
    return {
        "refused, failed": f"{best.refused}, {best.failed}; not ended {best.unfinished}",
        "worst lateness": f"{best.worst_lateness_ms:.1f} ms",
        "silence before": _percentiles(best.lead_ms) + " ms",
    }
