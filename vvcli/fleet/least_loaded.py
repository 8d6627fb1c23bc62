"""Workers that ask for more, by how much they have to do."""

from __future__ import annotations

from collections.abc import Collection


class LeastLoaded:
    """Workers in, the one with the least to do out.

    Loads are few and small numbers, so each has a list of its own, and none is searched.

    Args:
        limit: the load with which a worker asks no more.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_load: list[dict[int, None]] = [{} for _ in range(limit)]
        self._lowest = limit

    def __bool__(self) -> bool:
        while self._lowest < self._limit and not self._by_load[self._lowest]:
            self._lowest += 1
        return self._lowest < self._limit

    @property
    def idle(self) -> Collection[int]:
        """Those that have nothing to do."""
        return self._by_load[0]

    def add(self, worker: int, load: int) -> None:
        """Add `worker`, if it asks with so much to do."""
        if load < self._limit:
            self._by_load[load][worker] = None
            self._lowest = min(self._lowest, load)

    def remove(self, worker: int, load: int) -> None:
        """Take out `worker`, which was added with this load, if it is there."""
        if load < self._limit:
            self._by_load[load].pop(worker, None)

    def pop(self) -> int:
        """Take out the worker with the least to do.

        Raises:
            IndexError: nobody asks.
        """
        if not self:
            raise IndexError("no worker asks")
        # The last one: a dictionary that lost its first keys is slow to find the first left.
        return self._by_load[self._lowest].popitem()[0]
