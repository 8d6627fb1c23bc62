"""The trials of `vvcli bench load`, one a row, of an engine or of a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from vvcli.bench.load.search import LoadTest, search
from vvcli.bench.load.trial import Trial
from vvcli.cli.bench.options import Bench
from vvcli.cli.types import Number
from vvcli.script.limits import Limits

TEXTS = 256  # that sessions choose from
RATES = Limits(0.001, 1_000_000)  # sessions a second

Seen = TypeVar("Seen", bound=Trial)


class Rates(Number):
    """Sessions a second, one number or several with commas; a number in a config file."""

    def __init__(self) -> None:
        super().__init__(RATES)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse and check `value`."""
        if isinstance(value, tuple):
            return value
        return tuple(super(Rates, self).convert(rate, param, ctx) for rate in str(value).split(","))


def run_trials(
    bench: Bench,
    test: LoadTest[Seen],
    rates: Sequence[float],
    duration: float,
    guess: Callable[[], float] | None,
    row: Callable[[Seen], str],
) -> tuple[list[Seen], Seen | None]:
    """Try `rates`, or search from a guess on; all trials, and the best.

    Without `rates` and `guess` nothing is tried.
    """
    trials: list[Seen] = []
    best: Seen | None = None

    def tell(trial: Seen) -> None:
        trials.append(trial)
        bench.line(f"{row(trial)}  {_verdict(trial)}")
        if bench.as_json:
            bench.note(f"{trial.rate:.3g} sessions/s: {_verdict(trial)}")

    for rate in rates:
        trial = test.try_rate(rate, duration)
        tell(trial)
        best = trial if best is None or trial.holds else best
    if not rates and guess is not None:
        best = search(test, guess(), duration, tell)
    return trials, best


def print_best(
    bench: Bench, trials: Sequence[Any], best: Any, lines: dict[str, str], price: float
) -> float | None:
    """Print the best of `trials` with `lines` of its own; the price of an hour of audio there."""
    bench.line()
    cost = price / best.audio_s_per_s if best and best.audio_s_per_s else None
    if best is None:
        bench.line("no rate was seen to hold")
    else:
        bench.table(
            {
                "rate": f"{best.rate:.3g} sessions a second",
                "sessions held": f"{best.held_mean:.0f} on average, {best.held_most} at most",
                **lines,
                "an hour of audio": "-" if cost is None else f"{cost:.4g}",
            }
        )
    if any(trial.timed_out for trial in trials):
        bench.note("the time limit came before the end: give --time-limit")
    return cost


def _verdict(trial: Any) -> str:
    """How a trial went, in a word or two."""
    if trial.timed_out:
        return "out of time"
    return "holds" if trial.holds else "broken off" if trial.broken_off else "does not hold"
