"""`vvcli bench run`: a whole job, from the line reader to the reader of the audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.bench.options import (
    Bench,
    characters_option,
    many_bench_options,
    slots_option,
    take_bench,
)
from vvcli.cli.types import Number
from vvcli.errors import UsageError
from vvcli.script.limits import Limits

if TYPE_CHECKING:
    from vvcli.bench.job import JobResult
    from vvcli.fleet.devices import Place

RECORDS_ON_CUDA, RECORDS_ON_CPU = 1024, 8
SLOTS_ON_CUDA, SLOTS_ON_CPU = 256, 4

FILE_FORMATS = ["wav", "flac", "opus", "mp3"]


@click.command()
@click.option(
    "--records",
    type=Number(Limits(1, 1_000_000, whole=True)),
    metavar="N",
    help=f"Records to speak; default: {RECORDS_ON_CUDA}, on a CPU {RECORDS_ON_CPU}.",
)
@slots_option(f"Records spoken at the same time; default: {SLOTS_ON_CUDA}, on a CPU 4.")
@characters_option
@click.option(
    "--files",
    "format_name",
    type=click.Choice(FILE_FORMATS),
    help="With several workers: make a file for each record, as `vvcli batch` does.",
)
@many_bench_options
def run(
    context: click.Context,
    /,
    records: int | None,
    streams: int | None,
    characters: tuple[int, int],
    workers: int,
    format_name: str | None,
    **options: Any,
) -> None:
    """Speak many lines as `vvcli speak` does, through two pipes, and hold the speed against the
    bound that the time of a frame sets.

    With several devices or workers: how much faster are all of them than the first one alone?
    """
    bench = take_bench(context, options)
    from vvcli.cli.synthesizer import places_of

    places = places_of(bench.device, workers)
    if not isinstance(places, str):
        _run_many(bench, places, records, streams, characters, format_name)
        return
    if format_name is not None:
        raise UsageError("--files compares several workers: add --workers N or --device cuda:all")
    loaded = bench.open_subject()
    from vvcli.bench.frame_time import FRAMES_ON_CPU, FRAMES_ON_CUDA
    from vvcli.bench.job import run_job
    from vvcli.bench.texts import random_texts

    on_cuda = loaded.model.device.type == "cuda"
    records = records or (RECORDS_ON_CUDA if on_cuda else RECORDS_ON_CPU)
    streams = streams or (SLOTS_ON_CUDA if on_cuda else SLOTS_ON_CPU)
    facts = bench.describe(loaded.model.device, loaded.model.dtype)
    bench.head(facts)
    bench.note(f"{records} records of {characters[0]} to {characters[1]} characters")
    result = run_job(
        loaded,
        random_texts(records, characters, seed=0),
        streams=streams,
        steps=bench.solver_steps,
        bound_frames=FRAMES_ON_CUDA if on_cuda else FRAMES_ON_CPU,
    )
    _print(bench, result)
    bench.json({**facts, "run": result})


def _run_many(
    bench: Bench,
    places: list[Place],
    records: int | None,
    streams: int | None,
    characters: tuple[int, int],
    format_name: str | None,
) -> None:
    """The job by the first of `places` and by all, in turn."""
    from vvcli.bench.scaling import measure_scaling
    from vvcli.bench.texts import random_texts
    from vvcli.fleet.plain_values import plain_options
    from vvcli.speech.device import pick_device
    from vvcli.speech.speaker import SpeakerOptions

    on_cuda = places[0].cores is None
    count = records or (RECORDS_ON_CUDA if on_cuda else RECORDS_ON_CPU) * len(places)
    slots = streams or (SLOTS_ON_CUDA if on_cuda else SLOTS_ON_CPU)
    spoken = SpeakerOptions(streams=slots, steps=bench.solver_steps, sample_type="int16")
    setup = {
        "model": bench.model,
        "shape": bench.shape,
        "dtype": bench.dtype,
        "options": plain_options(spoken),
    }
    facts = bench.describe(pick_device("cuda:0" if on_cuda else "cpu"), bench.dtype)
    bench.head(facts)
    bench.note(f"{count} records of {characters[0]} to {characters[1]} characters")
    texts = random_texts(count, characters, seed=0)
    result = measure_scaling(places, setup, texts, format_name)
    lines = {
        "records": f"{result.records}, {result.audio_s:.1f} s of audio",
        "workers": f"{result.workers} of {result.streams} streams: {', '.join(result.names)}",
        "result": "a stream" if format_name is None else f"a file for each record, {format_name}",
        "one worker": f"{result.one_audio_s_per_s:.1f} s of audio a second, median of "
        f"{len(result.one_runs)}",
        "all workers": f"{result.all_audio_s_per_s:.1f}, {result.times:.2f} times as much",
        "records whole": "all, in order" if result.whole else "NOT ALL",
        "same bits": "yes" if result.same_bits else "no",
    }
    bench.line()
    bench.table(lines)
    bench.json({**facts, "format": format_name, "scaling": result})


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
    bench.table(lines)
    bench.memory_lines(result.memory)
    bench.table({"steps": bench.counters(result.counters)})
