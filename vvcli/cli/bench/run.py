"""`vvcli bench run`: a whole job, from the line reader to the reader of the audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.bench.options import (
    Bench,
    bench_options,
    characters_option,
    slots_option,
    take_bench,
)
from vvcli.cli.types import Number
from vvcli.script.limits import Limits

if TYPE_CHECKING:
    from vvcli.bench.job import JobResult

RECORDS_ON_CUDA, RECORDS_ON_CPU = 1024, 8
SLOTS_ON_CUDA, SLOTS_ON_CPU = 256, 4


@click.command()
@click.option(
    "--records",
    type=Number(Limits(1, 1_000_000, whole=True)),
    metavar="N",
    help=f"Records to speak; default: {RECORDS_ON_CUDA}, on a CPU {RECORDS_ON_CPU}.",
)
@slots_option(f"Records spoken at the same time; default: {SLOTS_ON_CUDA}, on a CPU 4.")
@characters_option
@bench_options
def run(
    context: click.Context,
    /,
    records: int | None,
    streams: int | None,
    characters: tuple[int, int],
    **options: Any,
) -> None:
    """Speak many lines as `vvcli speak` does, through two pipes, and hold the speed against the
    bound that the time of a frame sets.
    """
    bench = take_bench(context, options)
    loaded = bench.open_subject()
    from vvcli.bench.frame_time import FRAMES_ON_CPU, FRAMES_ON_CUDA
    from vvcli.bench.job import run_job
    from vvcli.bench.texts import random_texts

    on_cuda = loaded.model.device.type == "cuda"
    records = records or (RECORDS_ON_CUDA if on_cuda else RECORDS_ON_CPU)
    streams = streams or (SLOTS_ON_CUDA if on_cuda else SLOTS_ON_CPU)
    facts = bench.describe(loaded.model)
    bench.head(facts)
    bench.note(f"{records} records of {characters[0]} to {characters[1]} characters")
    result, synthesizer = run_job(
        loaded,
        random_texts(records, characters, seed=0),
        streams=streams,
        steps=bench.steps,
        bound_frames=FRAMES_ON_CUDA if on_cuda else FRAMES_ON_CPU,
    )
    _print(bench, result)
    bench.json({**facts, "run": result})
    bench.trace_engine(synthesizer.engine, loaded, streams, characters)


def _print(bench: Bench, result: JobResult) -> None:
    seconds = "-" if result.first_audio_s is None else f"{result.first_audio_s:.3f} s"
    used = "-" if result.gpu_percent is None else f"{result.gpu_percent:.0f} %"
    lines = {
        "records": f"{result.records}, {result.characters} characters",
        "streams": f"{result.streams}",
        "audio": f"{result.audio_s:.1f} s in {result.elapsed_s:.2f} s",
        "speed": f"{result.audio_s_per_s:.1f} s of audio a second",
        "bound": f"{result.bound_audio_s_per_s:.1f}, at {result.bound_frame_ms:.2f} ms a frame",
        "share of the bound": f"{result.share_of_bound:.1%}",
        "first audio": f"{seconds} after the first line was written",
        "first audio, warm": f"{result.first_audio_warm_ms:.1f} ms, one stream, median; "
        f"worst {result.first_audio_warm_worst_ms:.1f} ms",
        "warm-up": f"{result.warm_up_s:.1f} s before the run",
        "order": "kept, every record whole" if result.in_order else "BROKEN",
        "read": f"{result.bytes_read} bytes of {result.bytes_written}",
        "GPU": used,
    }
    bench.line()
    for name, value in lines.items():
        bench.line(f"{name:<20} {value}")
    bench.memory_lines(result.memory)
    bench.line(f"{'steps':<20} {bench.counters(result.counters)}")
