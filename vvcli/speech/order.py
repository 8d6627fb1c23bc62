"""Puts results that are made at the same time back into the order they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from vvcli.samples import Samples

Item = TypeVar("Item")


@dataclass(slots=True)
class HeldSequence(Generic[Item]):
    """What is held back of a sequence."""

    items: list[Item] = field(default_factory=list)
    size: int = 0  # of these
    complete: bool = False


class Order(Protocol):
    """Decides which samples come out next; sequences are numbered in the order of the records."""

    waiting: int  # samples held back

    def begin(self, first: int, count: int) -> None:
        """The next record is that of the `count` sequences from `first` on."""

    def put(self, number: int, item: Samples, size: int = 0, *, last: bool = False) -> None:
        """Add the next samples of sequence `number`."""

    def drain(self) -> Iterator[tuple[int, list[Samples], bool]]:
        """The number of a sequence, its samples, and whether it is complete."""


class OrderBuffer(Generic[Item]):
    """Items of numbered sequences in; items of 0, then of 1, and so on, out.

    The sequence at the head passes through as it is made; later ones wait. `waiting` is how much
    (in the units of `size`) is held back. `head` is the number of the first sequence that is not
    out whole.
    """

    def __init__(self) -> None:
        self.head = 0
        self.waiting = 0
        self._held: dict[int, HeldSequence[Item]] = {}

    def begin(self, first: int, count: int) -> None:
        """Nothing needs to be known of records: their sequences follow one another."""

    def discard(self, number: int) -> None:
        """Forget what is held back of sequence `number`, which begins anew."""
        sequence = self._held.pop(number, None)
        if sequence is not None:
            self.waiting -= sequence.size

    def put(self, number: int, item: Item, size: int = 0, *, last: bool = False) -> None:
        """Add the next item of sequence `number`."""
        sequence = self._held.get(number)
        if sequence is None:
            if number < self.head:
                raise ValueError(f"sequence {number} is complete")
            sequence = self._held[number] = HeldSequence()
        elif sequence.complete:
            raise ValueError(f"sequence {number} is complete")
        sequence.items.append(item)
        sequence.size += size
        self.waiting += size
        sequence.complete = last

    def drain(self) -> Iterator[tuple[int, list[Item], bool]]:
        """The next items in order: a sequence's number, its items, and whether it is complete."""
        while (sequence := self._held.get(self.head)) is not None:
            number, items = self.head, sequence.items
            self.waiting -= sequence.size
            if sequence.complete:
                del self._held[number]
                self.head += 1
            else:
                sequence.items, sequence.size = [], 0
            if items:
                yield number, items, sequence.complete
            if not sequence.complete:
                return
