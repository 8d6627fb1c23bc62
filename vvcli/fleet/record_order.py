"""Puts the parts of each record in order, and lets records pass each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vvcli.samples import Samples
from vvcli.speech.order import HeldSequence

# Records that begin together would also come out together, as many as there are streams, and more
# than the ring holds: each of so many begins with a piece of another length.
FIRST_LENGTHS = 32


@dataclass(eq=False)
class _Record:
    place: int
    number: int  # of the part whose items come out next
    end: int  # after its last part
    hold: float  # what has to come together of it next


class RecordOrder:
    """Items of numbered sequences in; out in the order of their numbers within each record.

    A worker among others holds back what is not urgent: items come out when their sequence is
    complete or `hold` of them have come together, at first less, and those of the record at place
    `live` at once. `waiting` is how much (in the units of `size`) is held back.
    """

    def __init__(self, hold: float) -> None:
        self.waiting = 0
        self.live: int | None = None  # place of the record that is heard now
        self._hold = hold
        self._places = 0
        self._held: dict[int, HeldSequence[Samples]] = {}
        self._records: dict[int, _Record] = {}  # by the numbers of their parts
        self._by_place: dict[int, _Record] = {}
        self._changed: dict[_Record, None] = {}

    def begin(self, first: int, count: int) -> None:
        """The sequences from `first` on, `count` of them, are those of the next record."""
        share = (self._places % FIRST_LENGTHS + 1) / FIRST_LENGTHS
        record = _Record(self._places, first, first + count, self._hold * share)
        self._places += 1
        self._by_place[record.place] = record
        for number in range(first, first + count):
            self._records[number] = record
            self._held[number] = HeldSequence()

    def put(self, number: int, item: Samples, size: int = 0, *, last: bool = False) -> None:
        """Add the next item of sequence `number`."""
        sequence = self._held[number]
        sequence.items.append(item)
        sequence.size += size
        self.waiting += size
        sequence.complete = last
        self._changed[self._records[number]] = None

    def drain(self) -> Iterator[tuple[int, list[Samples], bool]]:
        """The items that come out now: a sequence's number, its items, whether it is complete."""
        live = None if self.live is None else self._by_place.get(self.live)
        changed, self._changed = self._changed, {}
        if live is not None:
            changed[live] = None
        for record in changed:
            yield from self._drain(record, is_live=record is live)

    def _drain(
        self, record: _Record, *, is_live: bool
    ) -> Iterator[tuple[int, list[Samples], bool]]:
        while record.number < record.end:
            number, sequence = record.number, self._held[record.number]
            if not (sequence.complete or is_live or sequence.size >= record.hold):
                return
            record.hold = self._hold
            items, sequence.items = sequence.items, []
            self.waiting -= sequence.size
            sequence.size = 0
            if sequence.complete:
                del self._held[number], self._records[number]
                record.number += 1
            if items:
                yield number, items, sequence.complete
            if not sequence.complete:
                return
        self._by_place.pop(record.place, None)
