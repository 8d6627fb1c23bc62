"""One piece of text that is spoken as one."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_SEED = 2**64 - 1  # what a key of the noise generator holds


@dataclass(frozen=True, slots=True)
class Record:
    """A record and what it asks for itself; what is None, the run decides.

    Attributes:
        index: place in the whole run, from 0; picks the noise, together with the seed.
        text: what is spoken; blank text is silent.
        source: where the text was read, for messages: "book.txt:12".
        voice: a voice's name or file.
        seed: picks the noise, without the index; 0 to 2⁶⁴ - 1.
        cfg_scale: classifier-free guidance.
        error: why the input could not be read as text: the record keeps its place, and fails.
        id: the record's name in manifests and file names.
        output: the file that the record asks for.
        silence_after: seconds of silence after it, in place of the run's gap.
        part: place among the parts of a record that was split, from 0.
        parts: how many of them there are.
        is_heading: whether it is a heading of its document, and so may name a chapter.
        spoken: what is said of the text; None until it has been read.
        respelled: how many words of the text a lexicon had.
        speed: how much faster than by itself it is spoken, at the same pitch; 0.5 to 2.
    """

    index: int
    text: str
    source: str = ""
    voice: str | None = None
    seed: int | None = None
    cfg_scale: float | None = None
    error: str | None = None
    id: str | None = None
    output: str | None = None
    silence_after: float | None = None
    part: int = 0
    parts: int = 1
    is_heading: bool = False
    spoken: str | None = field(default=None, compare=False)
    respelled: int = field(default=0, compare=False)
    speed: float | None = None

    @property
    def label(self) -> str:
        """The record in messages: where its text was read, else its place in the run."""
        return self.source or f"record {self.index}"

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to say: a blank record is counted, and silent."""
        return self.error is None and not self.text.strip()
