"""The same lines spoken in two ways, compared line by line: surer than the means of both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vvcli.voicelab import recital
from vvcli.voicelab.judges.panel import Panel, Verdict
from vvcli.voicelab.judges.words import word_errors


def compare(panel: Panel, lines: recital.Lines, first: Path, second: Path) -> tuple[str, str, str]:
    """Lines in both folders, and the second's DistilMOS and word errors (%) less the first's.

    Each difference comes with its standard error.
    """
    numbers = sorted({*recital.spoken(first)} & {*recital.spoken(second)} & {*lines})
    one, other = (_verdicts(panel, lines, folder, numbers) for folder in (first, second))
    words = sum(len(verdict.said.split()) for verdict in one)
    naturalness = _naturalness(other) - _naturalness(one)
    # Errors of a line weigh by its words, as in `error_rates`.
    errors = (_errors(other) - _errors(one)) * 100 * len(numbers) / words
    return str(len(numbers)), _mean(naturalness, ".3f"), _mean(errors, ".1f")


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """What `compare` found of each voice, after the voice's name, as Markdown."""
    head = ("", "lines", "DistilMOS, second - first", "word errors, %, second - first")
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * 4, *rows))


def _verdicts(
    panel: Panel, lines: recital.Lines, folder: Path, numbers: Sequence[int]
) -> list[Verdict]:
    return panel.judge([folder / f"{n:03}.wav" for n in numbers], [lines[n] for n in numbers])


def _naturalness(verdicts: Sequence[Verdict]) -> NDArray[np.float64]:
    return np.array([verdict.naturalness for verdict in verdicts])


def _errors(verdicts: Sequence[Verdict]) -> NDArray[np.float64]:
    return np.array([float(word_errors(verdict.said, verdict.heard)) for verdict in verdicts])


def _mean(values: NDArray[np.float64], form: str) -> str:
    """The mean of `values` and its standard error, both in the format `form`."""
    error = float(values.std(ddof=1)) / len(values) ** 0.5
    return f"{float(values.mean()):+{form}} ± {error:{form}}"
