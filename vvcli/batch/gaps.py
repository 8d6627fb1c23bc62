"""Silence between the records of one file."""

from __future__ import annotations

from collections.abc import Sequence

from vvcli.script.record import Record


def gaps_after(records: Sequence[Record], blank: Sequence[bool], gap: float) -> tuple[float, ...]:
    """Silence after each record: what it asks for, else the run's gap where one is spoken later."""
    gaps = [0.0] * len(records)
    is_last = True
    for i in reversed(range(len(records))):
        if blank[i]:
            continue
        asked = records[i].silence_after
        gaps[i] = (0.0 if is_last else gap) if asked is None else asked
        is_last = False
    return tuple(gaps)
