"""`vvcli bench table`: latency and throughput of few streams, eagerly and with graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.bench.options import (
    Bench,
    bench_options,
    characters_option,
    streams_option,
    take_bench,
)
from vvcli.cli.types import Number
from vvcli.script.limits import Limits

if TYPE_CHECKING:
    from vvcli.bench.throughput import Level, Throughput
    from vvcli.engine.graphs import GraphMode

LEVELS_ON_CUDA, LEVELS_ON_CPU = [1, 2, 4, 8, 16, 32], [1, 2]


@click.command()
@streams_option("Numbers of streams; default: 1,2,4,8,16,32, on a CPU 1,2.")
@click.option(
    "--records",
    type=Number(Limits(1, 1_000_000, whole=True)),
    metavar="N",
    default=2,
    show_default=True,
    help="Records that each stream speaks.",
)
@characters_option
@bench_options
def table(
    context: click.Context,
    /,
    stream_list: list[int] | None,
    records: int,
    characters: tuple[int, int],
    **options: Any,
) -> None:
    """Measure latency, throughput, GPU utilisation and memory, eagerly and with graphs.

    Texts are random, and the same for both; on a CPU steps are only run eagerly.
    """
    bench = take_bench(context, options)
    loaded = bench.open_subject()
    from vvcli.bench.throughput import measure_throughput
    from vvcli.engine.engine import Engine
    from vvcli.progress.tally import count

    on_cuda = loaded.model.device.type == "cuda"
    stream_list = stream_list or (LEVELS_ON_CUDA if on_cuda else LEVELS_ON_CPU)
    facts = bench.describe(loaded.model)
    modes: list[tuple[str, GraphMode]] = [("eager", "off"), ("graphs", "auto")]
    found: dict[str, Throughput] = {}
    for name, graphs in modes if on_cuda else modes[:1]:

        def tell(level: Level, name: str = name) -> None:
            speed = f"{level.audio_s_per_s:.1f} s of audio a second"
            bench.note(f"{name}, {count(level.streams, 'stream')}: {speed}")

        found[name] = measure_throughput(
            loaded,
            graphs,
            steps=bench.steps,
            streams=stream_list,
            records=records,
            characters=characters,
            tell=tell,
        )
    bench.head(facts)
    bench.line(f"texts of {characters[0]} to {characters[1]} characters, {records} a stream")
    bench.line()
    _print(bench, found)
    bench.json(
        {
            **facts,
            "characters": characters,
            "records_per_stream": records,
            "modes": found,
            "change_percent": {
                rows[0][0]: _change(*(value for _, value, _ in rows))
                for rows in zip(*(each.lines() for each in found.values()), strict=True)
            },
        }
    )
    if bench.profile is not None:
        engine = Engine(loaded.model, slots=max(stream_list), steps=bench.steps)
        bench.trace_engine(engine, loaded, max(stream_list), characters)


def _print(bench: Bench, found: dict[str, Throughput]) -> None:
    heads = [*found, *(["change"] if len(found) > 1 else [])]
    bench.line(f"{'':<28}" + "".join(f"{head:>10}" for head in heads))
    for rows in zip(*(each.lines() for each in found.values()), strict=True):
        cells = ["-" if value is None else format(value, form) for _, value, form in rows]
        change = _change(*(value for _, value, _ in rows))
        if change is not None:
            cells.append(f"{change:+.0f}%")
        bench.line(f"{rows[0][0]:<28}" + "".join(f"{cell:>10}" for cell in cells))
    for name, each in found.items():
        bench.line(f"steps, {name}: {bench.counters(each.counters)}")


def _change(before: float | None, after: float | None = None) -> float | None:
    """In per cent."""
    return 100 * (after / before - 1) if before and after is not None else None
