"""Options and output that the subcommands of `vvcli bench` share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vvcli.bench.shapes import SHAPES
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.environment import Environment
from vvcli.cli.message_options import verbose_option
from vvcli.cli.options import device_option, dtype_option, several_devices, steps_option
from vvcli.cli.types import MAX_STREAMS, ModelName, Number, was_typed
from vvcli.errors import UsageError
from vvcli.model.config import ModelConfig
from vvcli.progress.visible import visible
from vvcli.script.limits import STREAMS, Limits, shown

if TYPE_CHECKING:
    import torch

    from vvcli.bench.floor import Rates
    from vvcli.bench.readings import Memory
    from vvcli.model.vibevoice import VibeVoice
    from vvcli.speech.loaded_model import LoadedModel

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_SHAPE = "realtime-0.5b"

MIN_CHARACTERS, MAX_CHARACTERS = 4, 100_000

_OPTIONS = (
    click.option(
        "--shape",
        type=click.Choice(list(SHAPES)),
        help=f"Model shape, for random weights, which need no file. Default: {DEFAULT_SHAPE}.",
    ),
    click.option(
        "-m",
        "--model",
        metavar="MODEL",
        type=ModelName(),
        help="Measure a model (embedded, a folder or hub id), not a shape.",
    ),
    verbose_option,
    steps_option,
    dtype_option,
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


@dataclass
class Bench:
    """The options that every subcommand has, and how its results come out."""

    environment: Environment
    shape: str
    model: str | None
    steps: int | None
    device: str
    dtype: str
    as_json: bool

    @cached_property
    def folder(self) -> ModelFolder | None:
        """The model to measure; None for random weights of a shape."""
        return ModelFolder(self.model) if self.model else None

    @cached_property
    def solver_steps(self) -> int:
        """Solver steps per frame: those asked for, or the model's own.

        Raises:
            UnavailableError: the model is unavailable.
        """
        folder = self.folder
        config = folder.config if folder else ModelConfig.from_dict(SHAPES[self.shape])
        return config.pick_steps(self.steps)

    def open_model(self) -> VibeVoice:
        """The weights to measure."""
        from vvcli.bench.subject import open_model

        return open_model(self.folder, self.shape, self.device, self.dtype)

    def open_subject(self) -> LoadedModel:
        """What to measure, with tokenizer and voice."""
        from vvcli.bench.subject import open_subject

        return open_subject(self.folder, self.shape, self.device, self.dtype)

    def describe(self, device: torch.device, dtype: torch.dtype | str) -> dict[str, Any]:
        """What every JSON object begins with: the model, how it is run, and where."""
        from vvcli.bench.machine import describe_machine

        return {
            "model": self.model or self.shape,
            "dtype": str(dtype).removeprefix("torch."),
            "steps": self.solver_steps,
            **describe_machine(device),
        }

    def note(self, text: str) -> None:
        """Tell on standard error how far it is."""
        self.environment.say(text)

    def head(self, facts: dict[str, Any]) -> None:
        """Print what every table begins with; nothing if JSON is asked for."""
        if self.as_json:
            return
        versions = ("torch", "cuda", "triton", "driver", "python", "vvcli")
        self.line(
            f"{facts['model']}, {facts['dtype']}, {facts['steps']} steps, on {facts['device']}"
        )
        self.line(", ".join(f"{name} {facts[name]}" for name in versions if facts.get(name)))

    def rates(self, rates: Rates) -> dict[str, float]:
        """Print the rates that floors are computed from; the same for a JSON object."""
        facts = {
            "copy_gb_s": rates.bytes_per_second / 1e9,
            "matmul_tflop_s": rates.flops_per_second / 1e12,
        }
        self.line(
            f"copy {facts['copy_gb_s']:.0f} GB/s, "
            f"matrix product {facts['matmul_tflop_s']:.3g} TFLOP/s, in this run"
        )
        return facts

    def line(self, text: str = "") -> None:
        """Print a line of a table; nothing if JSON is asked for."""
        if not self.as_json:
            click.echo(visible(text))

    def table(self, lines: dict[str, str]) -> None:
        """Print a line for each name with its value; nothing if JSON is asked for."""
        for name, value in lines.items():
            self.line(f"{name:<20} {value}")

    def json(self, figures: dict[str, Any]) -> None:
        """Print the one object, dataclasses as objects too, if JSON is asked for."""
        if self.as_json:
            click.echo(json.dumps(figures, default=asdict))

    def memory_lines(self, memory: Memory) -> None:
        """Print what is known of the memory."""
        names = {
            "allocated": "peak, allocated",
            "reserved": "peak, reserved",
            "used": "whole device, now",
            "process": "peak of the process",
        }
        known = {names[key]: size for key, size in vars(memory).items() if size is not None}
        self.table({name: f"{size:.2f} GiB" for name, size in known.items()})

    def counters(self, counters: dict[str, Any]) -> str:
        """How steps were run, on one line."""
        return ", ".join(
            f"{value} {name.replace('_', ' ')}" for name, value in counters.items() if value
        )


def bench_options(command: Command, devices: Callable[..., Any] = device_option) -> Command:
    """Give a subcommand the options of `Bench`; `take_bench` takes them out of what it gets."""
    for option in reversed((*_OPTIONS, devices)):
        command = option(command)
    return click.pass_context(command)  # type: ignore[return-value]


def many_bench_options(command: Command) -> Command:
    """The same for a subcommand that measures several devices as well, with `--workers`."""
    return bench_options(command, several_devices)


def take_bench(context: click.Context, options: dict[str, Any]) -> Bench:
    """The shared ones of `options`, which keeps the others.

    Raises:
        UsageError: both a shape and a model are given.
    """
    taken = {name: options.pop(name) for name in Bench.__dataclass_fields__ if name in options}
    if taken["shape"] and taken["model"]:
        if was_typed(context, "model"):
            raise UsageError("give either --shape or --model, not both")
        taken["model"] = None  # from the config file, where it is for other commands
    taken["shape"] = taken["shape"] or DEFAULT_SHAPE
    return Bench(environment=context.obj, **taken)


def streams_option(text: str) -> Callable[[Command], Command]:
    """`--streams`, a list of numbers, with what they are by default in its help."""
    return click.option(
        "--streams",
        "stream_list",
        metavar="N,...",
        callback=lambda _context, _parameter, value: _parse_list(value),
        help=text,
    )


def slots_option(text: str) -> Callable[[Command], Command]:
    """`--streams`, one number, with what it is by default in its help."""
    one = Limits(STREAMS.low, STREAMS.high, whole=True)
    return click.option("--streams", type=Number(one), metavar="N", help=text)


characters_option = click.option(
    "--characters",
    metavar="N-N",
    default="100-500",
    show_default=True,
    callback=lambda _context, _parameter, value: _parse_range(value),
    help="Shortest and longest text.",
)


_COUNT = re.compile("[0-9]{1,9}")


def _counts(parts: list[str]) -> list[int]:
    """The whole numbers that `parts` are; 0, which no option takes, for what is none."""
    return [int(part) if _COUNT.fullmatch(part.strip()) else 0 for part in parts]


def _parse_range(value: str) -> tuple[int, int]:
    parts = _counts(value.split("-"))
    if len(parts) != 2 or not MIN_CHARACTERS <= parts[0] <= parts[1] <= MAX_CHARACTERS:
        raise click.BadParameter(
            f"{shown(value)} is not a range such as 100-500, within "
            f"{MIN_CHARACTERS} and {MAX_CHARACTERS}"
        )
    return parts[0], parts[1]


def _parse_list(value: str | None) -> list[int] | None:
    if value is None:
        return None
    counts = _counts(value.split(","))
    if not all(1 <= count <= MAX_STREAMS for count in counts):
        raise click.BadParameter(
            f"{shown(value)} is not a list of whole numbers from 1 to {MAX_STREAMS}, such as 1,4,32"
        )
    return counts
