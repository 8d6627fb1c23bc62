"""Records in little memory: a batch may have millions, and holds them until it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter

from vvcli.script.record import Record

# All that a record may have besides its place, text and source, and what most have of it.
_ASKED = [field for field in fields(Record) if field.name not in ("index", "text", "source")]
_ask = attrgetter(*(field.name for field in _ASKED))
_NOTHING = tuple(field.default for field in _ASKED)


class RecordList:
    """The records of one input, numbered through.

    Most are a line of text and nothing else; of those only the text is kept, and the record is
    made again on each pass.

    Args:
        records: their indices rise by one.
        first_index: the index of the first.
        source: what stands before the number in the source of most, as in "book.txt:12".
    """

    def __init__(self, records: Iterable[Record], first_index: int, source: str) -> None:
        self.first_index = first_index
        self._source = source
        self._kept: list[str | Record] = []
        keep = self._kept.append
        for number, record in enumerate(records, start=1):
            plain = record.source == f"{source}{number}" and _ask(record) == _NOTHING
            keep(record.text if plain else record)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Record]:
        source, first = self._source, self.first_index
        for number, kept in enumerate(self._kept, start=1):
            if type(kept) is str:
                yield Record(first + number - 1, kept, f"{source}{number}")
            else:
                yield kept  # type: ignore[misc]

    @property
    def next_index(self) -> int:
        """The index that the next input begins with."""
        return self.first_index + len(self._kept)
