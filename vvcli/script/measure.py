"""Counts records and characters before a run, where the input can be read twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vvcli.script.record import Record


@dataclass(frozen=True)
class Total:
    """Totals of a run: records that are not blank, and their characters."""

    records: int
    characters: int


def measure(records: Iterable[Record]) -> Total:
    """Count `records`, which must come to an end."""
    spoken = [len(record.text) for record in records if not record.is_blank]
    return Total(len(spoken), sum(spoken))


def can_measure(paths: Sequence[Path]) -> bool:
    """Whether all inputs can be read twice: regular files, not pipes."""
    return all(str(path) != "-" and path.is_file() for path in paths)
