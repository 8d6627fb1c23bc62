"""The table of what the embedded voice must reach, measured on sentences it was not trained on."""

from __future__ import annotations

import sys
from pathlib import Path

from vvcli import Synthesizer
from vvcli.voicelab import recital, speed
from vvcli.voicelab.judges.hearing import broken, hard, hear, words_wrong
from vvcli.voicelab.judges.panel import Panel
from vvcli.voicelab.settings import Settings


def sets_of(settings: Settings, voice: int, work: Path, count: int) -> dict[str, recital.Lines]:
    """What voice number `voice` is judged on, at most `count` lines of a set."""
    texts = {kind: (work / f"{kind}.txt").read_text("utf-8").splitlines() for kind in TAUGHT}
    sets = {kind: recital.lines_of(settings, lines, voice, count) for kind, lines in texts.items()}
    return {**sets, "hard": dict(list(recital.hard_lines().items())[:count])}


def recite(
    settings: Settings,
    model: Path,
    work: Path,
    count: int,
    folder: Path,
    device: str,
    steps: int | None = None,
) -> None:
    """Have all voices of `model` speak what they are judged on into `folder`.

    `steps` of the solver a frame; without, the model's own.
    """
    for i, voice in enumerate(settings.voices):
        sets = sets_of(settings, i, work, count)
        if not all((folder / voice.name / kind / recital.WHOLE).exists() for kind in sets):
            synthesizer = Synthesizer(model, voice=voice.name, device=device, steps=steps)
            for kind, lines in sets.items():
                recital.speak(synthesizer, lines, folder / voice.name / kind)


def evaluate(
    settings: Settings, model: Path, work: Path, panel: Panel, count: int, folder: Path
) -> str:
    """The whole table, as Markdown, for the model folder `model`.

    `work` has the lines and the teacher's recordings of them; what is spoken is kept in `folder`,
    so that speech of another machine can be judged here. Voice i is judged on the lines whose
    number is i modulo the number of voices.
    """
    for kind in TAUGHT:
        if (work / f"{kind}_audio").exists() and not (work / recital.TEACHER).exists():
            texts = (work / f"{kind}.txt").read_text("utf-8").splitlines()
            recital.write_teacher(settings, work / f"{kind}_audio", texts, work / recital.TEACHER)
    recite(settings, model, work, count, folder, "auto")
    columns = []
    for i, voice in enumerate(settings.voices):
        sets = sets_of(settings, i, work, count)
        teacher = work / recital.TEACHER / voice.name
        columns.append(_column(voice.name, sets, panel, folder / voice.name, teacher))
    shared = (
        f"{speed.real_time_factor(model, 1):.3f}",
        f"{speed.real_time_factor(model, 8):.3f}",
        f"{speed.first_byte(model):.2f}",
        f"{speed.megabytes(model):.1f}",
    )
    head = ["", "must", "aim", *(voice.name for voice in settings.voices)]
    rows = [(*labels, *(column[i] for column in columns)) for i, labels in enumerate(ROWS)]
    rows += [(*labels, *[got] * len(columns)) for labels, got in zip(SPEEDS, shared, strict=True)]
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


TAUGHT = ("held_out", "words")  # sets that the teacher speaks, too
ROWS = (
    ("sentences", "200", ""),
    ("DistilMOS, mean", "≥ 4.0", "≥ 4.4"),
    ("the teacher's", "", ""),
    ("word / character errors, %", "≤ 2 / ≤ 1", "≤ 1 / ≤ 0.5"),
    ("the teacher's", "", ""),
    ("word errors beyond the teacher's, %", "", ""),
    ("words in carrier sentences, wrong beyond the teacher's, %", "≤ 5", "≤ 2"),
    ("F0 spread against the teacher's", "0.8 to 1.2", "0.9 to 1.1"),
    ("energy above 8 kHz against the teacher's, dB", "± 3", "± 1"),
    ("cut short, run on, repeated", "≤ 2", "0"),
    ("hard lines not whole, of 70", "0", "0"),
    ("first and last 30 ms, dBFS", "≤ -60", ""),
    ("offset, dBFS", "≤ -60", ""),
)
SPEEDS = (
    ("real-time factor, 1 stream", "≤ 0.15", "0.08"),
    ("real-time factor, 8 streams", "≤ 0.09", "0.05"),
    ("process start to first byte, s", "≤ 1.6", "1.0"),
    ("size, MB", "≤ 64", "48"),
)


def _column(
    name: str, sets: dict[str, recital.Lines], panel: Panel, folder: Path, teacher: Path
) -> list[str]:
    # All questions at once: the judges take seconds to be loaded.
    asked = [(folder / kind, sets[kind]) for kind in sets]
    asked += [(teacher / kind, sets[kind]) for kind in TAUGHT]
    pairs = [
        (place / f"{number:03}.wav", lines[number])
        for place, lines in asked
        for number in recital.spoken(place)
        if number in lines
    ]
    panel.judge([path for path, _ in pairs], [text for _, text in pairs])
    ours = {kind: hear(panel, lines, folder / kind) for kind, lines in sets.items()}
    theirs = {
        kind: hear(panel, sets[kind], teacher / kind)
        for kind in TAUGHT
        if recital.spoken(teacher / kind)
    }
    mine, its = ours["held_out"], theirs.get("held_out")
    ended = broken(mine, its, recital.whole(folder / "held_out"))
    wrong = hard(ours["hard"].verdicts, recital.whole(folder / "hard"))
    for kind, numbers in (("held_out", ended), ("hard", wrong)):
        for number in numbers:
            heard = ours[kind].verdicts[number].heard
            print(f"{name}: {sets[kind][number]}\n    {heard}", file=sys.stderr)  # noqa: T201
    missed = words_wrong(ours["words"].verdicts)
    if "words" in theirs:
        missed -= words_wrong(theirs["words"].verdicts)
    return [
        str(len(mine.verdicts)),
        f"{mine.naturalness:.2f}",
        f"{its.naturalness:.2f}" if its else "unknown",
        f"{mine.wer:.1f} / {mine.cer:.1f}",
        f"{its.wer:.1f} / {its.cer:.1f}" if its else "unknown",
        f"{mine.wer - its.wer:+.1f}" if its else "unknown",
        f"{missed:.1f}" if "words" in theirs else f"{missed:.1f} in all",
        f"{mine.pitch_spread / its.pitch_spread:.2f}" if its else "unknown",
        f"{mine.above_8k - its.above_8k:+.1f}" if its else "unknown",
        str(len(ended)),
        str(len(wrong)),
        f"{mine.edges:.0f}",
        f"{mine.offset:.0f}",
    ]
