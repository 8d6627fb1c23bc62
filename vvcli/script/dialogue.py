"""Dialogue: lines of `Name: text`, each name with a voice of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vvcli.checkpoint.regular_file import read_bounded
from vvcli.errors import UsageError
from vvcli.script.record import Record

MAX_LABEL = 40  # characters
MAX_CAST_BYTES = 1 << 20  # of a file

_LABEL = re.compile(r"\s*(?P<label>[^\W\d_][^:\n]{0,39}):(?:\s+(?P<text>.*))?$", re.DOTALL)


class Dialogue:
    """Who speaks in which voice, through all the inputs of a run.

    A label begins with a letter, has at most 40 characters and ends in a colon and a space; it
    counts if it is there twice in an input or has a voice already, so that "Note: this" stays
    text. Names that are not in `cast` get `voices` in the order in which they appear, from the
    first again where there are more names than voices.

    Args:
        voices: of the model, by name.
        cast: names whose voices the user has given.
    """

    def __init__(self, voices: Sequence[str], cast: Mapping[str, str] | None = None) -> None:
        self._voices = voices
        self._given = 0
        self._cast = dict(cast or {})
        self.cast: dict[str, str] = {}  # of the names that have been met, in their order

    def read(self, lines: Iterable[Record]) -> list[Record]:
        """The records of `lines` without their labels, each in the voice of its name.

        A line without a label goes on with the last name. A record with a voice of its own keeps
        it. The lines are read to their end first: only then is known whether a label is one.
        """
        records = list(lines)
        labels = [_label(record) for record in records]
        counted = Counter(label for label in labels if label)
        known = [label for label in counted if label in self._cast or counted[label] > 1]
        for name in known:
            if name not in self._cast and self._voices:
                self._cast[name] = self._voices[self._given % len(self._voices)]
                self._given += 1
            if name in self._cast:
                self.cast[name] = self._cast[name]
        return list(_records(records, labels, frozenset(known), self._cast))


def _label(record: Record) -> str | None:
    match = _LABEL.match(record.text) if record.error is None else None
    return " ".join(match["label"].split()) if match else None


def _records(
    records: Iterable[Record],
    labels: Iterable[str | None],
    known: frozenset[str],
    voices: Mapping[str, str],
) -> Iterator[Record]:
    name: str | None = None
    for record, label in zip(records, labels, strict=True):
        text = record.text
        if label in known:
            name = label
            match = _LABEL.match(text)
            text = (match["text"] if match else "") or ""
        voice = record.voice if record.voice is not None else voices.get(name or "")
        yield replace(record, text=text.strip() if label in known else text, voice=voice)


def parse_cast(value: str) -> dict[str, str]:
    """The voices of names: `Alice=clara,Bob=miles`, or a file with a `name=voice` a line.

    A value with an equals sign is a list, another one a file, in which a line that begins with `#`
    is a comment.

    Raises:
        UsageError: the file cannot be read, a part of it names no name or no voice, or a name is
            there twice.
    """
    if "=" in value:
        return _voices((part, "the cast") for part in value.split(",") if part.strip())
    try:
        text = read_bounded(Path(value), MAX_CAST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the cast {value}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the cast {value} is not text: save it as UTF-8") from error
    lines = enumerate(text.splitlines(), start=1)
    return _voices(
        (line, f"{value}:{number}")
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    )


def _voices(parts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The voices of names, of parts and where they are."""
    voices: dict[str, str] = {}
    for text, source in parts:
        name, voice = _pair(text, source)
        if name in voices:
            raise UsageError(f"{source}: {name!r} is there twice: give each name one voice")
        voices[name] = voice
    return voices


def _pair(text: str, source: str) -> tuple[str, str]:
    name, equals, voice = text.partition("=")
    name, voice = " ".join(name.split()), voice.strip()
    if not (name and equals and voice):
        raise UsageError(f"{source}: {text.strip()!r} is no part: write Name=voice")
    if _LABEL.fullmatch(f"{name}:") is None:
        raise UsageError(
            f"{source}: {name!r} is no name: it begins with a letter, has no colon and at most "
            f"{MAX_LABEL} characters"
        )
    return name, voice
