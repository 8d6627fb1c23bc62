"""`vvcli bench`: the time of a frame on this machine."""

from __future__ import annotations

import json

import click

from vvcli.bench.shapes import SHAPES
from vvcli.cli.completion import complete_model
from vvcli.cli.options import device_option, dtype_option, steps_option
from vvcli.cli.types import MAX_STREAMS, was_typed
from vvcli.errors import UsageError


@click.command()
@click.option(
    "--shape",
    type=click.Choice(list(SHAPES)),
    help="Model shape; its weights are random, so no file is needed. Default: realtime-0.5b.",
)
@click.option(
    "-m",
    "--model",
    shell_complete=complete_model,
    help="Measure a model (embedded, a folder or hub id), not a shape.",
)
@click.option(
    "--streams",
    "stream_list",
    default="1,4",
    show_default=True,
    metavar="N,...",
    callback=lambda _context, _parameter, value: _parse_list(value),
    help="Numbers of streams to measure.",
)
@click.option(
    "--frames",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    help="Frames to measure.",
)
@steps_option
@device_option
@dtype_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def bench(
    context: click.Context,
    /,
    shape: str | None,
    model: str | None,
    stream_list: list[int],
    frames: int,
    steps: int,
    device: str,
    dtype: str,
    as_json: bool,
) -> None:
    """Measure the time of one frame for several numbers of streams.

    A frame is 133 ms of audio at the published model's rate. The figure is the median time of
    the whole step: diffusion, decoder, language model.
    """
    from vvcli.bench.frame_time import describe_machine, measure_frame
    from vvcli.bench.random_model import random_model
    from vvcli.checkpoint.folder import load_model
    from vvcli.checkpoint.hub import resolve_model
    from vvcli.device import pick_device, pick_dtype
    from vvcli.model.config import ModelConfig

    if shape and model:
        if was_typed(context, "model"):
            raise UsageError("give either --shape or --model, not both")
        model = None  # from the config file, where it is for other commands
    where = pick_device(device)
    what = pick_dtype(dtype, where)
    name = model or shape or "realtime-0.5b"
    if model:
        measured = load_model(resolve_model(model), what).to(where)
    else:
        measured = random_model(ModelConfig.from_dict(SHAPES[name]), where, what)
    rows = [measure_frame(measured, streams, frames, steps) for streams in stream_list]
    machine = describe_machine(where)
    if as_json:
        settings = {"model": name, "dtype": str(what).removeprefix("torch."), "steps": steps}
        click.echo(json.dumps({**settings, **machine, "frames": [r.to_dict() for r in rows]}))
        return
    click.echo(f"{name}, {what}, {steps} steps, on {machine['device']}, torch {machine['torch']}")
    click.echo(f"{'streams':>8} {'ms/frame':>10} {'min':>9} {'max':>9} {'real-time streams':>18}")
    for row in rows:
        click.echo(
            f"{row.streams:>8} {row.frame_ms:>10.2f} {row.fastest_ms:>9.2f} {row.slowest_ms:>9.2f} "
            f"{row.real_time_streams:>18.1f}"
        )


def _parse_list(value: str) -> list[int]:
    counts = [int(part) if part.strip().isdecimal() else 0 for part in value.split(",")]
    if not all(1 <= count <= MAX_STREAMS for count in counts):
        raise click.BadParameter(f"{value!r} is not a list of numbers such as 1,4,32")
    return counts
