"""Records in little memory: a batch may have millions, and holds them until it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vvcli.script.record import Record


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
            plain = (
                record.source == f"{source}{number}"
                and record.error is None
                and record.id is None
                and record.voice is None
                and record.output is None
                and record.seed is None
                and record.cfg_scale is None
                and record.silence_after is None
                and not record.is_heading
            )
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
