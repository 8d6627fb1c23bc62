"""What of a record is stretched as one: a sentence, or all of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vvcli.samples import Samples
from vvcli.speech.spoken_record import SpokenRecord
from vvcli.speech.stretch import Stretcher
from vvcli.speech.values import Sentence


@dataclass(eq=False)
class Span:
    """One or more parts of a record, next to each other; its samples come in order."""

    sentence: Sentence | None = None
    stretcher: Stretcher | None = None  # None at the model's own speed

    def at_speed(self, samples: Samples, *, ends: bool) -> Samples:
        """The samples at the speed of the span; with `ends` they are its last ones."""
        if self.stretcher is None:
            return samples
        made = self.stretcher.stretch(samples)
        return np.concatenate([made, self.stretcher.finish()]) if ends else made


def spans_of(read: SpokenRecord) -> list[Span]:
    """The span that each part of a record belongs to."""
    spans: list[Span] = []
    for part in read.parts:
        if spans and spans[-1].sentence == part.sentence:
            spans.append(spans[-1])
        else:
            spans.append(Span(part.sentence, stretcher_of(read)))
    return spans


def stretcher_of(read: SpokenRecord) -> Stretcher | None:
    """What brings a record to its speed."""
    return None if read.speed == 1 else Stretcher(read.speed)
