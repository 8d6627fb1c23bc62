"""The synthesizer of a command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.audio.writer import sample_type
from vvcli.cli.memory import check_room_for_torch
from vvcli.engine.backends.triton.compile_pool import (
    begin_hashing,
    start_if_nothing_is_compiled,
)
from vvcli.errors import UsageError
from vvcli.fleet.devices import Place, pick_places
from vvcli.samples import SAMPLE_RATE
from vvcli.speech.long_lived import spare_long_lived

if TYPE_CHECKING:
    from vvcli.synthesizer import Synthesizer

NVIDIA = Path("/dev/nvidiactl")  # is there where a driver is, which takes longer to ask


def places_of(device: str, workers: int) -> str | list[Place]:
    """What `pick_places` finds for the options of a command.

    Raises:
        UnavailableError: there is no such device.
        UsageError: workers are asked for on devices that have one each, or one is named twice.
    """
    try:
        return pick_places(device, workers)
    except ValueError as error:
        raise UsageError(str(error)) from error


def open_synthesizer(
    options: dict[str, Any], format_name: str, rate: int, *, is_levelled: bool = False
) -> Synthesizer:
    """One for the options of `synthesis_options`, to write `format_name` at `rate` Hz.

    What is levelled keeps what is beyond full scale until it has its gain.

    For a process that has no other: what is loaded by now stays until its end.

    Raises:
        UnavailableError: as `Synthesizer` does.
        UsageError: workers are asked for on devices that have one each, or one is named twice.
    """
    check_room_for_torch()
    if options.get("cluster") is None:
        places = places_of(options["device"], options.get("workers", 1))
        if options["device"] != "cpu" and NVIDIA.exists():
            start_if_nothing_is_compiled()
            if isinstance(places, str):  # several workers launch their kernels themselves
                begin_hashing()
    # Imported only here: torch takes a second, and wrong options should not.
    from vvcli.speech.device import release_workspaces
    from vvcli.synthesizer import Synthesizer

    synthesizer = Synthesizer(
        **options | {"split": options["split"] == "sentence"},
        sample_type="float32" if is_levelled else sample_type(format_name, rate, SAMPLE_RATE),
    )
    release_workspaces()
    spare_long_lived()
    return synthesizer
