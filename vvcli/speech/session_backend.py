"""What sessions are spoken by: an engine, or the workers of a fleet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from vvcli.samples import Samples


class SessionLoad(NamedTuple):
    """Sessions that are open, speak and wait; frames made since the start."""

    sessions: int
    playing: int
    waiting: int
    frames: int


class SpokenBy(Protocol):
    """See `Engine`, which is one; streams and frames are its own.

    A frame has `stream`, `samples` and `end`, which is None until the last one.
    """

    @property
    def no_samples(self) -> Samples:
        """No samples, of the type of the audio."""

    @property
    def busy(self) -> bool:
        """Whether something is left to be done."""

    @property
    def stalled(self) -> bool:
        """Whether nothing can be done until something changes."""

    def submit(self, stream: Any) -> None:
        """Queue `stream`; ValueError if it cannot be spoken."""

    def cancel(self, stream: Any) -> None:
        """Speak no more of `stream`."""

    def pause(self, stream: Any, *, paused: bool = True) -> None:
        """Hold `stream`, or let it go on."""

    def step(self) -> Sequence[Any]:
        """Go on; frames that were made."""


Begin = Callable[[], SpokenBy]
