"""What the judges and meters say of a folder of sentences, and which of them are broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vvcli.voicelab import recital
from vvcli.voicelab.judges import meters
from vvcli.voicelab.judges.panel import Panel, Verdict
from vvcli.voicelab.judges.words import comparable, errors, repeats, word_errors
from vvcli.voicelab.settings import RATE

# Of the teacher's duration: outside of these an utterance is cut short or has run on. A word more
# lasts longer, so what sounds like a repeat counts from the last on; the recogniser alone hears
# repeats in the teacher's speech, too.
SHORTEST, LONGEST, LONGER = 0.75, 1.35, 1.1
# Of a hard line's words: with more errors it did not come out whole.
MAX_HARD_ERRORS = 0.34


@dataclass(frozen=True)
class Heard:
    """What judges and meters say of one voice's folder of sentences."""

    naturalness: float  # mean, 1 to 5
    wer: float  # per cent
    cer: float
    pitch_spread: float  # semitones
    above_8k: float  # dB
    edges: float  # dB of full scale, the loudest of all utterances
    offset: float  # dB of full scale, the largest
    seconds: dict[int, float]
    verdicts: dict[int, Verdict]


def hear(panel: Panel, lines: recital.Lines, folder: Path) -> Heard:
    """Judge the files in `folder` that say `lines`."""
    numbers = [n for n in recital.spoken(folder) if n in lines]
    verdicts = panel.judge([folder / f"{n:03}.wav" for n in numbers], [lines[n] for n in numbers])
    recordings = recital.load(folder, numbers)
    wer, cer = error_rates(verdicts)
    return Heard(
        naturalness=float(np.mean([v.naturalness for v in verdicts])),
        wer=wer,
        cer=cer,
        pitch_spread=float(np.mean([meters.spread(meters.pitches(r)) for r in recordings])),
        above_8k=float(np.mean([meters.above_8k(r) for r in recordings])),
        edges=max(meters.edges(r) for r in recordings),
        offset=max(meters.offset(r) for r in recordings),
        seconds={n: len(r) / RATE for n, r in zip(numbers, recordings, strict=True)},
        verdicts=dict(zip(numbers, verdicts, strict=True)),
    )


def error_rates(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Errors in words and in letters, per cent of what was said."""
    pairs = [comparable(v.said, v.heard) for v in verdicts]
    letters = [(said.replace(" ", ""), heard.replace(" ", "")) for said, heard in pairs]
    words = sum(len(v.said.split()) for v in verdicts)
    wrong_words = sum(word_errors(v.said, v.heard) for v in verdicts)
    wrong_letters = sum(errors(said, heard) for said, heard in letters)
    return 100 * wrong_words / words, 100 * wrong_letters / sum(len(said) for said, _ in letters)


def broken(ours: Heard, theirs: Heard | None, whole: set[int]) -> list[int]:
    """Sentences cut short, run on or repeated, measured by the teacher's where there is one."""
    found = []
    for number, verdict in ours.verdicts.items():
        tempo = 1.0
        if theirs is not None and number in theirs.seconds:
            tempo = ours.seconds[number] / theirs.seconds[number]
        again = repeats(verdict.said, verdict.heard) and (theirs is None or tempo > LONGER)
        if number not in whole or not SHORTEST < tempo < LONGEST or again:
            found.append(number)
    return found


def hard(verdicts: dict[int, Verdict], whole: set[int]) -> list[int]:
    """Hard lines that did not come out whole."""
    found = []
    for number, verdict in verdicts.items():
        wrong = word_errors(verdict.said, verdict.heard)
        allowed = max(1.0, MAX_HARD_ERRORS * len(verdict.said.split()))
        if number not in whole or wrong > allowed:
            found.append(number)
    return found


def words_wrong(verdicts: dict[int, Verdict]) -> float:
    """Of the words that carrier sentences carry, how many per cent were not heard."""
    carried = [set(v.said.split()) - {"the", "words", "are", "and"} for v in verdicts.values()]
    heard = [set(v.heard.split()) for v in verdicts.values()]
    missed = sum(len(said - found) for said, found in zip(carried, heard, strict=True))
    return 100 * missed / sum(map(len, carried))
