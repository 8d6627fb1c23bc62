"""Chapters of a long file: where each begins, in milliseconds, and as a list in JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from vvcli.samples import SAMPLE_RATE


@dataclass(frozen=True)
class ChapterMark:
    """A chapter from `start` to `end`, which is the start of the next one, in milliseconds."""

    title: str
    start: int
    end: int


def chapter_marks(starts: Sequence[tuple[str, int]], length: int) -> tuple[ChapterMark, ...]:
    """Marks of chapters, from titles and first samples, in audio of `length` samples at 24 kHz.

    Times are rounded to the nearest millisecond; the first chapter begins at 0.

    >>> chapter_marks([("One", 240), ("Two", 24012)], 48000)[1]
    ChapterMark(title='Two', start=1000, end=2000)
    """
    times = [0, *(milliseconds(start) for _, start in starts[1:]), milliseconds(length)]
    return tuple(ChapterMark(title, times[i], times[i + 1]) for i, (title, _) in enumerate(starts))


def milliseconds(samples: int) -> int:
    """A position in samples at 24 kHz as milliseconds: the nearest, ties to even."""
    return round(samples * 1000 / SAMPLE_RATE)


def clock(time: int) -> str:
    """Milliseconds as Vorbis comments have them.

    >>> clock(3_723_004)
    '01:02:03.004'
    """
    seconds, rest = divmod(time, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}.{rest:03}"


def chapters_json(marks: Sequence[ChapterMark], title: str | None, author: str | None) -> bytes:
    """The chapters in the JSON of the Podcast Namespace, version 1.2.0; times are seconds.

    Source: https://github.com/Podcastindex-org/podcast-namespace, chapters/jsonChapters.md.
    """
    about = {"title": title, "author": author}
    content = {
        "version": "1.2.0",
        **{key: value for key, value in about.items() if value is not None},
        "chapters": [
            {"startTime": mark.start / 1000, "endTime": mark.end / 1000, "title": mark.title}
            for mark in marks
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
