"""`vvcli bench load`: sessions that arrive at random, at a rate or at the highest that holds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.bench.load_server import (
    LoadPlan,
    load_server,
    server_load_options,
    take_server_load,
)
from vvcli.cli.bench.options import (
    bench_options,
    characters_option,
    slots_option,
    take_bench,
)
from vvcli.cli.bench.trials import TEXTS, Rates, print_best, run_trials
from vvcli.cli.types import Number
from vvcli.script.limits import Limits

if TYPE_CHECKING:
    from vvcli.bench.load.engine import EngineTrial

MILLISECONDS = Limits(0.001, 3_600_000)
SECONDS = Limits(0.001, 1_000_000)
PRICE = Limits(0, 1_000_000_000)

SESSIONS_ON_CUDA, SESSIONS_ON_CPU = 1024, 2
LATENCIES = 10


@click.command()
@server_load_options
@click.option(
    "--rate",
    "rates",
    metavar="R,...",
    type=Rates(),
    default=(),
    help="Sessions a second; default: search for the highest rate that holds.",
)
@click.option(
    "--ttfa",
    type=Number(MILLISECONDS),
    metavar="MS",
    default=100.0,
    show_default=True,
    help="Milliseconds to first audio that 99 of 100 sessions must have.",
)
@click.option(
    "--duration",
    type=Number(SECONDS),
    metavar="SECONDS",
    default=15.0,
    show_default=True,
    help="Seconds to measure at a rate, after the load has become steady.",
)
@click.option(
    "--time-limit",
    type=Number(SECONDS),
    metavar="SECONDS",
    default=120.0,
    show_default=True,
    help="End after so long, loading included, with what is known by then.",
)
@click.option(
    "--price",
    type=Number(PRICE),
    metavar="P",
    default=3.0,
    show_default=True,
    help="Price of this machine for an hour, in any currency.",
)
@slots_option(f"Sessions that are made at the same time; default: {SESSIONS_ON_CUDA}, on a CPU 2.")
@characters_option
@bench_options
def load(
    context: click.Context,
    /,
    rates: tuple[float, ...],
    ttfa: float,
    duration: float,
    time_limit: float,
    price: float,
    streams: int | None,
    characters: tuple[int, int],
    **options: Any,
) -> None:
    """Let sessions arrive at random, and measure what their listeners hear.

    A session is one record, made as fast as the engine can and played from its first frame on.
    A rate holds if 99 % of the sessions have their first audio in time and none underruns.
    With --server the listeners are clients of a server, and first audio is what is audible.
    """
    deadline = time.perf_counter() + time_limit
    asked = take_server_load(context, options)
    bench = take_bench(context, options)
    if asked is not None:
        plan = LoadPlan(rates, ttfa, duration, time_limit, price, characters, deadline)
        load_server(bench, asked, plan)
        return
    loaded = bench.open_subject()
    from vvcli.bench.load.engine import EngineLoadTest
    from vvcli.bench.readings import read_memory, start_memory
    from vvcli.bench.streams import StreamMaker, first_audio_ms, prepare
    from vvcli.bench.texts import random_texts
    from vvcli.engine.engine import Engine

    device = loaded.model.device
    streams = streams or (SESSIONS_ON_CUDA if device.type == "cuda" else SESSIONS_ON_CPU)
    facts = bench.describe(loaded.model.device, loaded.model.dtype)
    texts = random_texts(TEXTS, characters, seed=0)
    longest, maker = max(texts, key=len), StreamMaker(loaded)
    maker.check(longest)
    start_memory(device)
    engine = Engine(loaded.model, slots=streams, steps=bench.solver_steps, sample_type="int16")
    prepare(engine, maker.make(longest))
    alone = sorted(first_audio_ms(engine, maker, longest, LATENCIES))[LATENCIES // 2]
    test = EngineLoadTest(engine, maker, texts, ttfa / 1e3, deadline=deadline)
    bench.head(facts)
    bench.line(f"first audio of one session alone: {alone:.1f} ms")
    bench.line()
    bench.line(_head())
    guess = test.guess if alone <= ttfa else None  # else no rate holds
    trials, best = run_trials(bench, test, rates, duration, guess, _row)
    memory = read_memory(device)
    used = "-" if best is None or best.gpu_percent is None else f"{best.gpu_percent:.0f} %"
    cost = print_best(bench, trials, best, {"GPU": used}, price)
    bench.memory_lines(memory)
    bench.table({"steps": bench.counters(vars(engine.counters))})
    bench.json(
        {
            **facts,
            "streams": streams,
            "ttfa_ms": ttfa,
            "time_limit_s": time_limit,
            "first_audio_alone_ms": alone,
            "price_per_hour": price,
            "price_per_audio_hour": cost,
            "best": best,
            "trials": trials,
            "memory": memory,
            "counters": vars(engine.counters),
        }
    )


def _head() -> str:
    return (
        f"{'rate/s':>8} {'sessions':>9} {'first audio p50':>16} {'p99 ms':>8} {'worst gap ms':>13} "
        f"{'late ms':>8} {'underrun':>9} {'held':>8} {'most':>7} {'in slots':>9} {'audio-s/s':>10}"
    )


def _row(trial: EngineTrial) -> str:
    p50 = "-" if trial.ttfa_p50_ms is None else f"{trial.ttfa_p50_ms:.1f}"
    p99 = "-" if trial.ttfa_p99_ms is None else f"{trial.ttfa_p99_ms:.1f}"
    return (
        f"{trial.rate:>8.3g} {trial.sessions:>9} {p50:>16} {p99:>8} {trial.worst_gap_ms:>13.1f} "
        f"{trial.worst_lateness_ms:>8.1f} {trial.underrun_share:>9.2%} {trial.held_mean:>8.1f} "
        f"{trial.held_most:>7} {trial.generating_mean:>9.1f} {trial.audio_s_per_s:>10.1f}"
    )
