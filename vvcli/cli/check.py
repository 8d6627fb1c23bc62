"""`vvcli check`: does everything that speaking needs work here?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.exit_status import ExitStatus, status_of
from vvcli.cli.memory import check_room_for_torch
from vvcli.cli.message_options import verbose_option
from vvcli.cli.options import device_option, model_option, voice_option
from vvcli.cli.remedies import with_remedy
from vvcli.errors import VvcliError
from vvcli.progress.visible import visible

if TYPE_CHECKING:
    from vvcli.engine.backends.compare import Comparison

SENTENCE = "This sentence was spoken to see whether it works."


@click.command()
@model_option
@voice_option
@device_option
@verbose_option
def check(model: str, voice: str | None, device: str) -> ExitStatus:
    """Check libraries, device, model and voices, and speak one sentence.

    Prints one line for each on standard output; the exit status is that of the first failure.
    """
    folder = ModelFolder(model)
    steps: list[tuple[str, Callable[[], str | Iterator[str]]]] = [
        ("libraries", _libraries),
        ("device", lambda: _device(device)),
        ("model", lambda: _model(folder)),
        ("voices", lambda: _voices(folder)),
        ("kernels", lambda: _kernels(folder, device)),
        ("speech", lambda: _speech(model, folder, voice, device)),
    ]
    check_room_for_torch()
    for name, step in steps:
        try:
            found = step()
            for line in [found] if isinstance(found, str) else found:
                click.echo(f"{name:<10} ok      {visible(line)}")
        except VvcliError as error:
            click.echo(f"{name:<10} FAILED  {visible(with_remedy(error))}")
            return status_of(error)
    return ExitStatus.OK


def _libraries() -> str:
    from importlib.metadata import PackageNotFoundError, requires, version

    from vvcli.errors import UnavailableError

    # What the package itself asks for, without extras and markers.
    needed = [
        re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
        for requirement in requires("vvcli") or ()
        if ";" not in requirement
    ]
    try:
        return ", ".join(f"{name} {version(name)}" for name in needed)
    except PackageNotFoundError as error:
        raise UnavailableError(f"{error.name} is not installed: install vvcli again") from error


def _device(name: str) -> str:
    from vvcli.bench.machine import describe_machine
    from vvcli.speech.device import pick_device

    device = pick_device(name)
    return f"{device}: {describe_machine(device)['device']}"


def _model(folder: ModelFolder) -> str:
    config, _ = folder.config, folder.tokenizer
    layers = f"{config.lm.text_layers} + {config.lm.tts_layers} layers"
    return f"{folder.path}: {layers}, {config.frame_rate:g} frames/s"


def _voices(folder: ModelFolder) -> str:
    names = [voice.name for voice in folder.voices.files()]
    return ", ".join(names) or "none by name; -V FILE works"


def _kernels(folder: ModelFolder, device: str) -> Iterator[str]:
    """A line for each part that kernels compute on this device: none on a CPU."""
    from vvcli.speech.kernels import compare_kernels

    found = compare_kernels(folder, device)
    for part in dict.fromkeys(comparison.part for comparison in found):
        yield f"{part}: {_worst([one for one in found if one.part == part])}"


def _worst(found: list[Comparison]) -> str:
    """What is to be said of a part: why it failed, or its largest error beside the plain one."""
    failed = [one for one in found if one.failed]
    worst = failed[0] if failed else max(found, key=lambda one: one.error)
    return worst.sentence + ("; using plain modules" if failed else "")


def _speech(model: str, folder: ModelFolder, voice: str | None, device: str) -> str:
    import numpy as np

    from vvcli.errors import UnavailableError
    from vvcli.progress.tally import Tally
    from vvcli.synthesizer import Synthesizer

    synthesizer = Synthesizer(folder, voice, device=device, streams=1)
    tally = Tally()
    for chunk in synthesizer.stream([SENTENCE]):
        tally.add(chunk)
        if not np.isfinite(chunk.samples).all():
            raise UnavailableError(f"{model} made samples that are not finite on this device")
    if not tally.samples:
        raise UnavailableError(f"{model} made no audio")
    return f"{synthesizer.voice.name}: {tally}"
