"""Threads that encode files, while the audio of the next ones is made.

libsndfile, soxr, hashes and the disk are waited for without Python's lock, so that threads of one
process keep as many processors busy. They meet the thread that hands out work at `SimpleQueue`
alone: a signal may raise an exception there at any moment, which in the Python code of a condition
or a semaphore leaves its lock held for good.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from vvcli.audio.output import Output
from vvcli.samples import SAMPLE_RATE, Samples

MAX_THREADS = 64

# Files are closed in their order: while a long one is encoded, threads go on with those behind it.
# With four a thread, 16 threads are busy three quarters of the time where lengths differ as those
# of paragraphs do; with eight nine tenths.
FILES_PER_THREAD = 8
MAX_FILES = 256  # each has two or three descriptors open

WAITING_PER_THREAD = 120 * SAMPLE_RATE  # samples, 11.5 MB of float32

# Samples; fewer may be a view of a block of megabytes, which would be held for as long.
MIN_VIEW = 1 << 15

Call = Callable[..., object]


class _ClosedError(Exception):
    """Ends work that nobody waits for any more."""


class Work:
    """The calls that make one file, carried out in their order.

    Attributes:
        error: of a call, after which the others are left out.
        done: whether all calls were carried out, or left out.
    """

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.done = False
        self.calls: queue.SimpleQueue[tuple[Call, Samples | None] | None] = queue.SimpleQueue()


class EncoderPool:
    """Carries out the work of files, that of each file in one thread, the oldest files first.

    All methods but `check` are for one thread, and `close` is the last of them.

    Args:
        threads: how many, each started when there is work for it. With none, every call is
            carried out by whoever puts it.
        max_waiting: samples of all files that wait to be encoded, beyond which `put` waits.
    """

    def __init__(self, threads: int, max_waiting: int | None = None) -> None:
        self.max_files = min(FILES_PER_THREAD * threads, MAX_FILES)
        self._max_threads = min(threads, MAX_THREADS)
        if max_waiting is None:
            max_waiting = WAITING_PER_THREAD * self._max_threads
        self._max_waiting = max_waiting
        self._threads: list[threading.Thread] = []
        self._works: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        # Samples that were encoded, and 0 after the last call for a file.
        self._encoded: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._begun: Work | None = None  # whose calls are not all there
        self._waiting = 0  # samples
        self._closed = False

    def begin(self) -> Work:
        """Start on the next file; the calls of the one before have ended."""
        work = self._begun = Work()
        if self._max_threads:
            self._works.put(work)
            if len(self._threads) < self._max_threads:
                # A daemon: where closing is interrupted, the process can still end.
                thread = threading.Thread(target=self._run, name="encode", daemon=True)
                thread.start()
                self._threads.append(thread)
        return work

    def put(self, work: Work, call: Call, samples: Samples | None = None) -> None:
        """Carry out `call`, of `samples` if there are any, after those that were put before.

        Raises:
            Exception: of the call, where there are no threads.
        """
        if not self._max_threads:
            _carry_out(call, samples)
            return
        if samples is not None:
            if samples.base is not None and len(samples) < MIN_VIEW:
                samples = samples.copy()
            self._waiting += len(samples)
        work.calls.put((call, samples))
        while self._waiting > self._max_waiting:
            self.wait()

    def end(self, work: Work) -> None:
        """There are no more calls."""
        self._begun = None
        if self._max_threads:
            work.calls.put(None)
        else:
            work.done = True

    def poll(self) -> None:
        """Note what the threads have done since."""
        while not self._encoded.empty():
            self.wait()

    def wait(self) -> None:
        """Wait until a call was carried out, or a file is done."""
        self._waiting -= self._encoded.get()

    def open(self, descriptor: int, name: str) -> Output:
        """An output for calls, which end at its next write once the pool is closed."""
        return _ClosableOutput(descriptor, name, self.check)

    def check(self) -> None:
        """Raise an exception in a call that goes on after the pool was closed."""
        if self._closed:
            raise _ClosedError

    def close(self) -> None:
        """End the threads; what they have not done yet is left."""
        self._closed = True
        if self._begun is not None:
            self._begun.calls.put(None)
        for _ in self._threads:
            self._works.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (work := self._works.get()) is not None:
            while (item := work.calls.get()) is not None:
                call, samples = item
                count = 0 if samples is None else len(samples)
                if work.error is None:
                    try:
                        self.check()
                        _carry_out(call, samples)
                    except BaseException as error:  # raised again by whoever wants the file
                        work.error = error
                del item, call, samples  # the memory is free before it is said to be
                self._encoded.put(count)
            work.done = True
            self._encoded.put(0)


def _carry_out(call: Call, samples: Samples | None) -> None:
    call() if samples is None else call(samples)


class _ClosableOutput(Output):
    """An output whose writes fail once `check` does, however long a call would go on."""

    def __init__(self, descriptor: int, name: str, check: Callable[[], None]) -> None:
        super().__init__(descriptor, name)
        self._check = check

    def write(self, data: bytes) -> None:
        """Write all of `data` now, if anybody waits for it."""
        self._check()
        super().write(data)
