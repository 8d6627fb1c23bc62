"""Puts results that are made at the same time back into the order they were asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class OrderBuffer(Generic[Item]):
    """Items of numbered sequences in; items of 0, then of 1, and so on, out.

    The sequence at the head passes through as it is made; later ones wait. `waiting` is how much
    (in the units of `size`) is held back. `head` is the number of the first sequence that is not
    out whole.
    """

    def __init__(self) -> None:
        self.head = 0
        self._held: defaultdict[int, list[tuple[Item, int]]] = defaultdict(list)
        self._complete: set[int] = set()
        self.waiting = 0

    def put(self, number: int, item: Item, *, size: int = 0, last: bool = False) -> None:
        """Add the next item of sequence `number`."""
        if number < self.head or number in self._complete:
            raise ValueError(f"sequence {number} is complete")
        self._held[number].append((item, size))
        self.waiting += size
        if last:
            self._complete.add(number)

    def drain(self) -> Iterator[Item]:
        """All items that are next in order."""
        while True:
            for item, size in self._held.pop(self.head, ()):
                self.waiting -= size
                yield item
            if self.head not in self._complete:
                return
            self._complete.remove(self.head)
            self.head += 1
