"""Tickets in the order of their lengths."""

from __future__ import annotations

import heapq
from collections import deque


class LongestFirst:
    """Tickets in, the longest out; of the same length, the one that was added first.

    Texts have few different lengths, so that finding the longest costs next to nothing, which it
    would not in a heap of a million tickets.
    """

    def __init__(self) -> None:
        self._tickets: dict[float, deque[int]] = {}  # by length; none is empty
        self._lengths: list[float] = []  # heap of those, negated
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def push(self, ticket: int, length: float) -> None:
        """Add a ticket of this length."""
        self._count += 1
        tickets = self._tickets.get(length)
        if tickets is None:
            self._tickets[length] = deque((ticket,))
            heapq.heappush(self._lengths, -length)
        else:
            tickets.append(ticket)

    def pop(self) -> int:
        """Take out the next ticket.

        Raises:
            IndexError: there is none.
        """
        length = -self._lengths[0]
        tickets = self._tickets[length]
        ticket = tickets.popleft()
        self._count -= 1
        if not tickets:
            del self._tickets[length]
            heapq.heappop(self._lengths)
        return ticket
