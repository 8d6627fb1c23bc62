"""Who of many sessions speaks now, and who waits: first come, first served."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from vvcli.errors import BusyError

Member = TypeVar("Member", bound=Hashable)


class Turns(Generic[Member]):
    """Turns at speaking, of which `limit` are held at the same time.

    A member joins, waits, holds a turn and leaves. One that has nothing to say yet keeps its place
    in the queue: those behind it go first.

    Args:
        limit: turns held at the same time.
        max_waiting: members that wait; None for any number.
    """

    def __init__(self, limit: int, max_waiting: int | None = None) -> None:
        self._limit = limit
        self.max_waiting = max_waiting
        self._held: set[Member] = set()
        self._waiting: dict[Member, bool] = {}  # in order: whether it has something to say

    @property
    def held(self) -> int:
        """Members that hold a turn."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        """Members that wait for one."""
        return len(self._waiting)

    @property
    def contested(self) -> bool:
        """Whether somebody who has something to say waits."""
        return any(self._waiting.values())

    def holds(self, member: Member) -> bool:
        """Whether `member` has a turn."""
        return member in self._held

    def join(self, member: Member, *, ready: bool, always: bool = False) -> None:
        """Queue `member`, unless it waits or holds a turn; `ready` if it has something to say.

        Raises:
            BusyError: `max_waiting` wait already, and `always` is false.
        """
        if member in self._held:
            return
        if member not in self._waiting and not always and self.max_waiting is not None:
            free = self._limit - len(self._held)
            if len(self._waiting) >= self.max_waiting + max(free, 0):
                raise BusyError(
                    f"{self._limit} streams are being spoken and {self.max_waiting} wait: "
                    "try again later"
                )
        self._waiting[member] = ready or self._waiting.get(member, False)

    def leave(self, member: Member) -> None:
        """Give up the turn, or the place in the queue; nothing if there is neither."""
        self._held.discard(member)
        self._waiting.pop(member, None)

    def grant(self) -> Iterator[Member]:
        """Hand out the turns that are free, to those who are ready, in the order they came."""
        while len(self._held) < self._limit:
            member = next((each for each, ready in self._waiting.items() if ready), None)
            if member is None:
                return
            del self._waiting[member]
            self._held.add(member)
            yield member
