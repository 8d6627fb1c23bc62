"""One step as it is planned: slots released, moved and admitted, frames, text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from vvcli.engine.sizes import CacheCapacity
from vvcli.engine.stream import End, Stream


class TextWindow(NamedTuple):
    """Up to `text_window` tokens for one slot, and how many frames may follow them."""

    slot: int
    tokens: tuple[int, ...]
    frames: int


@dataclass
class Plan:
    """One step. Parts are carried out in the order of the fields."""

    rebuild: CacheCapacity | None = None  # no stream is in a slot: build slots of this capacity
    released: list[int] = field(default_factory=list)
    moves: list[tuple[int, int]] = field(default_factory=list)  # (from, to), slots
    admitted: list[tuple[int, Stream]] = field(default_factory=list)  # (slot, stream)
    halted: list[tuple[int, bool]] = field(default_factory=list)  # (slot, whether it stands still)
    noise_due: list[tuple[int, Stream]] = field(default_factory=list)  # (slot, stream)
    frames: list[tuple[int, Stream]] = field(default_factory=list)  # (slot, stream), by slot
    ends: dict[int, End] = field(default_factory=dict)  # by slot: frames known to be the last
    bucket: int = 0  # slots 0 … bucket - 1 take part in the frame; with 0 there is none
    windows: list[TextWindow] = field(default_factory=list)
    ended: list[Stream] = field(default_factory=list)  # truncated: the next window does not fit
    max_length: int = 0  # longest TTS LM cache after the step
    max_text_length: int = 0  # longest text LM cache after the step

    @property
    def longest_window(self) -> int:
        """Tokens of the longest text window; 0 without any."""
        return max((len(window.tokens) for window in self.windows), default=0)
