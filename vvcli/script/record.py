"""One piece of text that is spoken as one."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SEED = 2**64 - 1  # what a key of the noise generator holds


@dataclass(frozen=True, slots=True)
class Record:
    """A record and what it asks for itself; what it leaves open, the run decides.

    `error` says why the input could not be read as text: the record keeps its place, and fails.
    """

    index: int  # 0-based, in the whole run; picks the noise
    text: str
    source: str = ""  # where it was read, for messages: "book.txt:12"
    voice: str | None = None
    seed: int | None = None
    cfg_scale: float | None = None
    error: str | None = None
    id: str | None = None  # its name in manifests and file names
    output: str | None = None  # the file it asks for
    silence_after: float | None = None  # seconds, in place of the run's gap
    part: int = 0  # place among the parts of a record that was split
    parts: int = 1

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to say: a blank record is counted, and silent."""
        return self.error is None and not self.text.strip()
