"""Cue files, with start and end of each record: JSON lines, SubRip or WebVTT."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from vvcli.audio.output import Output
from vvcli.audio.output_file import open_output
from vvcli.errors import UsageError
from vvcli.script.record import Record
from vvcli.speech.values import Sentence, Status

# How one cue is written: its number from 1, record, start and end in samples, rate, status, and
# which sentence of the record it is.
_FormatCue = Callable[[int, Record, int, int, int, Status, int | None], str]


class Cues:
    """A file of cues, one for each record that has audio, or each sentence of it, in order.

    Positions are samples of the output, at its `rate`. Each cue is written at once; the file has
    its name when it is whole, as `Output` does it.
    """

    def __init__(self, output: Output, kind: str, rate: int) -> None:
        self._output = output
        self._rate = rate
        self._entry = _ENTRIES[kind]
        self._header = b"WEBVTT\n\n" if kind == ".vtt" else b""
        self._count = 0

    def cue(
        self,
        record: Record,
        start: int,
        end: int,
        status: Status = Status.OK,
        sentence: Sentence | None = None,
    ) -> None:
        """Say that `record`, or a sentence of it, is at samples `start` to `end`, without `end`.

        Blank and failed records have no cue.
        """
        if end <= start or status in (Status.BLANK, Status.FAILED):
            return
        self._write_header()
        self._count += 1
        part = None
        if sentence is not None:
            record, part = replace(record, text=sentence.text), sentence.number
        entry = self._entry(self._count, record, start, end, self._rate, status, part)
        # JSON records may hold lone surrogates.
        self._output.write(entry.encode("utf-8", "replace"))

    def finish(self) -> None:
        """Close; the file is whole."""
        self._write_header()
        self._output.finish()

    def __enter__(self) -> Cues:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._output.closed:
            return
        if kind is None:
            self.finish()
        else:
            self._output.abandon()

    def _write_header(self) -> None:
        self._output.write(self._header)
        self._header = b""


def check_cues(path: Path) -> str:
    """The kind of cue file that `path` names: its suffix.

    Raises:
        UsageError: it is none of them.
    """
    kind = path.suffix.lower()
    if kind not in _ENTRIES:
        raise UsageError(f"{path}: a cue file ends in one of {', '.join(_ENTRIES)}")
    return kind


def open_cues(path: Path, rate: int) -> Cues:
    """A cue file whose suffix says its format; `rate` is that of the output.

    Raises:
        UsageError: the suffix is none of .jsonl, .srt and .vtt.
        OutputError: it cannot be opened for writing.
    """
    kind = check_cues(path)
    return Cues(open_output(path), kind, rate)


def _jsonl(
    number: int, record: Record, start: int, end: int, rate: int, status: Status, part: int | None
) -> str:
    named: dict[str, str | int] = {} if record.id is None else {"id": record.id}
    if part is not None:
        named["sentence"] = part
    where = {
        "start_sample": start,
        "end_sample": end,
        "start": round(start / rate, 6),
        "end": round(end / rate, 6),
    }
    cue = {"index": record.index, **named, **where, "text": record.text, "status": status.value}
    text = json.dumps(cue, ensure_ascii=False)
    # Lone surrogates are not UTF-8, and some readers end a line at U+2028 or U+0085.
    return (text if text.isprintable() else json.dumps(cue)) + "\n"


def _srt(
    number: int, record: Record, start: int, end: int, rate: int, status: Status, part: int | None
) -> str:
    # SubRip has no way to escape; a reader could take the arrow for the next cue's times.
    text = _without_blank_lines(record.text).replace("-->", "->")
    return f"{number}\n{_times(start, end, rate, ',')}\n{text}\n\n"


def _vtt(
    number: int, record: Record, start: int, end: int, rate: int, status: Status, part: int | None
) -> str:
    text = _without_blank_lines(record.text)
    for character, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, escape)
    return f"{number}\n{_times(start, end, rate, '.')}\n{text}\n\n"


_ENTRIES: dict[str, _FormatCue] = {".jsonl": _jsonl, ".srt": _srt, ".vtt": _vtt}


def _without_blank_lines(text: str) -> str:
    """A blank line would end the cue."""
    lines = re.split(r"\r\n|\r|\n", text.replace("\0", "\N{REPLACEMENT CHARACTER}"))
    return "\n".join(line.strip() for line in lines if line.strip())


def _times(start: int, end: int, rate: int, point: str) -> str:
    """The line of times, to the nearest millisecond; a cue lasts for at least one."""
    first = _milliseconds(start, rate)
    last = max(_milliseconds(end, rate), first + 1)
    return f"{_clock(first, point)} --> {_clock(last, point)}"


def _milliseconds(sample: int, rate: int) -> int:
    return (2000 * sample + rate) // (2 * rate)


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{rest:03}"
