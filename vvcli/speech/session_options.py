"""How one session speaks, where it differs from its synthesizer."""

from __future__ import annotations

from dataclasses import dataclass

from vvcli.samples import SampleType
from vvcli.speech.parameters import check_parameters

MAX_AHEAD = 30.0  # seconds


@dataclass(frozen=True)
class SessionOptions:
    """See `Synthesizer.open_session`, which takes the same arguments; None is the synthesizer's.

    Raises:
        ValueError: a number is out of its range, or a word is not one of those allowed.
    """

    voice: str | None = None
    seed: int | None = None
    cfg_scale: float | None = None
    language: str | None = None
    commands: bool | None = None
    split: bool | None = None
    speed: float | None = None
    sample_type: SampleType | None = None
    voice_files: bool = True
    first_index: int = 0
    max_ahead: float = MAX_AHEAD

    def __post_init__(self) -> None:
        given = ("voice", "seed", "cfg_scale", "split", "speed", "sample_type")
        asked = {name: getattr(self, name) for name in given}
        asked = {name: value for name, value in asked.items() if value is not None}
        check_parameters(max_ahead=self.max_ahead, **asked)
