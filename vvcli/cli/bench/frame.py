"""`vvcli bench frame`: the time of one frame, split, and against the least it could be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.bench.options import Bench, bench_options, streams_option, take_bench
from vvcli.cli.types import FileName, Number
from vvcli.progress.visible import visible
from vvcli.script.limits import Limits

if TYPE_CHECKING:
    from vvcli.bench.frame_time import FrameTime


@click.command()
@streams_option("Numbers of streams to measure; default: 1,32,256,1024, on a CPU 1,4.")
@click.option(
    "--frames",
    type=Number(Limits(1, 10_000, whole=True)),
    metavar="N",
    help="Frames to measure; default: 100, on a CPU 10.",
)
@click.option(
    "--profile",
    metavar="FILE",
    type=FileName(path_type=Path),
    help="Also write a Chrome trace of 20 frames, and list the top kernels on stderr.",
)
@bench_options
def frame(
    context: click.Context,
    /,
    stream_list: list[int] | None,
    frames: int | None,
    profile: Path | None,
    **options: Any,
) -> None:
    """Measure the time of one frame for several numbers of streams.

    A frame is 133 ms of audio at the published model's rate. The figure is the median time of
    the whole step: diffusion, decoder, language model. On CUDA it is run as a graph and eagerly.
    """
    bench = take_bench(context, options)
    if profile is not None:
        from vvcli.bench.trace import check_trace

        check_trace(profile)
    model = bench.open_model()
    from vvcli.bench import frame_time
    from vvcli.bench.floor import measure_rates
    from vvcli.engine.engine import Engine
    from vvcli.progress.tally import count

    on_cuda = model.device.type == "cuda"
    if on_cuda:
        stream_list = stream_list or [*frame_time.BUCKETS_ON_CUDA]
        frames = frames or frame_time.FRAMES_ON_CUDA
    else:
        stream_list = stream_list or [*frame_time.BUCKETS_ON_CPU]
        frames = frames or frame_time.FRAMES_ON_CPU
    facts = bench.describe(model.device, model.dtype)
    rates = measure_rates(model.device, model.dtype)
    bench.head(facts)
    facts |= bench.rates(rates)
    _head(bench, on_cuda=on_cuda)
    rows = []
    for streams in stream_list:
        row = frame_time.measure_frame(
            model, streams, frames=frames, steps=bench.solver_steps, rates=rates
        )
        rows.append(row)
        if bench.as_json:  # a long measurement that breaks off has told something
            bench.note(f"{count(streams, 'stream')}: {row.frame_ms:.2f} ms a frame")
        bench.line(_row(row, on_cuda=on_cuda))
    if on_cuda:
        _memory(bench, rows)
    bench.json({**facts, "frames": rows})
    if profile is not None:
        from vvcli.bench.trace import trace_frames

        running = frame_time.RunningSlots(
            Engine(model, slots=stream_list[-1], steps=bench.solver_steps)
        )
        running.time(running.frame, 1)  # captured before the trace begins
        for line in trace_frames(running.frame, model.device, profile):
            bench.environment.stderr.write(f"{visible(line)}\n")
        bench.note(f"the trace is in {profile}: open it in chrome://tracing or Perfetto")


def _head(bench: Bench, *, on_cuda: bool) -> None:
    bench.line()
    eager = f"{'eager':>8} {'ratio':>6} " if on_cuda else ""
    bench.line(
        f"{'streams':>8} {'ms/frame':>9} {'min':>8} {'max':>8} {eager}"
        f"{'diffusion':>10} {'decoder':>8} {'LM':>8} {'real-time streams':>18} "
        f"{'floor':>8} {'reached':>8}"
    )


def _row(row: FrameTime, *, on_cuda: bool) -> str:
    eager = f"{row.eager_ms:>8.2f} {row.ratio:>5.1f}x " if on_cuda else ""
    stages = row.stages_ms
    return (
        f"{row.streams:>8} {row.frame_ms:>9.2f} {row.fastest_ms:>8.2f} {row.slowest_ms:>8.2f} "
        f"{eager}{stages['diffusion']:>10.2f} {stages['decoder']:>8.2f} {stages['lm']:>8.2f} "
        f"{row.real_time_streams:>18.1f} {row.floor_ms:>8.2f} {row.floor_share:>7.0%} "
        f"{row.floor_of}"
    )


def _memory(bench: Bench, rows: list[FrameTime]) -> None:
    bench.line()
    bench.line(f"{'':>8} {'GiB allocated':>21} {'GiB reserved':>21}")
    bench.line(f"{'streams':>8} {'graphs':>10} {'eager':>10} {'graphs':>10} {'eager':>10}")
    for row in rows:
        graphs, eager = row.memory, row.eager_memory or row.memory
        bench.line(
            f"{row.streams:>8} {graphs.allocated:>10.2f} {eager.allocated:>10.2f} "
            f"{graphs.reserved:>10.2f} {eager.reserved:>10.2f}"
        )
    for row in rows:
        for reason in row.counters["reasons"]:
            bench.line(f"{row.streams} streams: {reason}")
