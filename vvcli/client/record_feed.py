"""Records, read ahead in a thread; a descriptor tells when there is one."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from vvcli.script.record import Record


class RecordFeed:
    """Pulls records from `source`, at most `depth` ahead.

    Attributes:
        descriptor: can be read while there is a record, or the end, that was not fetched.
        ended: whether all records were fetched.
    """

    def __init__(self, source: Iterable[Record], depth: int) -> None:
        self.ended = False
        self._source = source
        self._read: deque[Record | BaseException | None] = deque()
        self._room = threading.Semaphore(depth)
        self._lock = threading.Lock()
        self._closed = False
        self.descriptor, self._bell = os.pipe()
        # A daemon: a reader blocked on a silent pipe must not keep the process alive.
        threading.Thread(target=self._pull, name="record-feed", daemon=True).start()

    def get(self) -> Record | None:
        """The next record; None if there is none yet, or none any more.

        Whatever error the source has raised is raised in the place of its record.
        """
        if self.ended or not self._read:
            return None
        os.read(self.descriptor, 1)
        item = self._read.popleft()
        if isinstance(item, Record):
            self._room.release()
            return item
        self.ended = True
        if item is not None:
            raise item
        return None

    def close(self) -> None:
        """End the thread at its next record."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._bell)
                os.close(self.descriptor)
        self._room.release()

    def _pull(self) -> None:
        last: BaseException | None = None
        try:
            for record in self._source:
                self._room.acquire()
                if not self._put(record):
                    return
        except BaseException as error:  # whatever it is, `get` raises it
            last = error
        self._put(last)

    def _put(self, item: Record | BaseException | None) -> bool:
        """Hand over `item`; whether anybody is left who wants it."""
        with self._lock:
            if self._closed:
                return False
            self._read.append(item)
            with suppress(OSError):
                os.write(self._bell, b"!")
            return True
