"""`vvcli bench kernels`: the kernels of a frame, and how much of its floor each reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.bench.options import bench_options, streams_option, take_bench
from vvcli.errors import UnavailableError

if TYPE_CHECKING:
    from vvcli.bench.kernels import KernelRow, KernelTable

NAME_WIDTH = 60


@click.command()
@streams_option("Numbers of streams to measure; default: 1,32,256,1024.")
@bench_options
def kernels(context: click.Context, /, stream_list: list[int] | None, **options: Any) -> None:
    """Measure each kernel of a frame on a GPU: calls, bytes, FLOPs, time, share of its floor.

    The floor of a call is the longer of its bytes over the bandwidth of a copy and its FLOPs over
    the rate of a matrix product, both measured in the same run.
    """
    bench = take_bench(context, options)
    model = bench.open_model()
    from vvcli.bench.floor import measure_rates
    from vvcli.bench.frame_time import BUCKETS_ON_CUDA
    from vvcli.engine.backends.choose import runs_kernels

    if not runs_kernels(model):
        raise UnavailableError(
            "no kernels run here: they need a GPU of compute capability 8.0, Triton and bfloat16"
        )
    from vvcli.bench.kernels import measure_kernels

    facts = bench.describe(model.device, model.dtype)
    rates = measure_rates(model.device, model.dtype)
    bench.head(facts)
    facts |= bench.rates(rates)
    tables = []
    for streams in stream_list or [*BUCKETS_ON_CUDA]:
        table = measure_kernels(model, streams, steps=bench.solver_steps, rates=rates)
        tables.append(table)
        for line in table_lines(table):
            bench.line(line)
    bench.json({**facts, "tables": tables})


def table_lines(table: KernelTable) -> list[str]:
    """One number of streams, for a person."""
    head = f"{'calls':>7} {'MB':>8} {'GFLOP':>8} {'floor, us':>10} {'us':>9} {'share':>6}  kernel"
    return [
        "",
        f"{table.streams} streams: busy {table.busy_us:.0f} us a frame, kernels "
        f"{table.kernels_us:.0f} us (they overlap), sum of floors {table.floor_us:.0f} us",
        head,
        *map(_line, table.rows),
    ]


def _line(row: KernelRow) -> str:
    work = f"{'':>8} {'':>8} {'':>10}"
    if row.bytes is not None and row.flops is not None and row.floor_us is not None:
        work = f"{row.bytes / 1e6:>8.1f} {row.flops / 1e9:>8.1f} {row.floor_us:>10.1f}"
    share = "" if row.share is None else f"{row.share:.0%}"
    return f"{row.calls:>7.1f} {work} {row.us:>9.1f} {share:>6}  {row.kernel[:NAME_WIDTH]}"
