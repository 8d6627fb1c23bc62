"""Workers as processes of this host.

A worker is a new Python process, never a fork of this one: what this one holds (threads, locks, a
device) does not get there. It starts with an environment that names its device, so that torch
sees no other. It has a session of its own, so that ^C comes to this process alone, which ends it;
and when this process is gone, however that came, the socket ends and so does the worker.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Collection
from typing import Any

from vvcli.engine.host_memory import HostMemory
from vvcli.fleet.channel import Channel, Message
from vvcli.fleet.devices import Place
from vvcli.fleet.plain_values import Plain
from vvcli.fleet.pool import start_all
from vvcli.fleet.ring import RingReader, make_ring_file
from vvcli.samples import Samples, SampleType
from vvcli.script.feed import Bell

RING_BYTES = 16 << 20  # of a worker: a tenth of a second of the fastest GPU
STDERR = 2

# What a worker runs. Its path of modules is this process's own: with `-m`, the working directory
# would come first, whatever lies there.
PROGRAM = "import sys; sys.path[:] = {path!r}; from {module} import main; main({fds})"
CHILD = "vvcli.fleet.child"


class _Process:
    """A worker's process, with this end of its socket and ring."""

    def __init__(
        self, place: Place, sample_type: SampleType, module: str, memory: HostMemory
    ) -> None:
        ours, theirs = socket.socketpair()
        ring = make_ring_file(RING_BYTES)
        try:
            fds = theirs.fileno(), ring
            named = f"{fds[0]}, {fds[1]}"
            program = PROGRAM.format(path=sys.path, module=module, fds=named)
            self.popen = subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=STDERR,  # what a library prints must not get between the samples
                env=os.environ | place.environment,
                pass_fds=fds,
                start_new_session=True,
            )
            self.ring = RingReader(ring, sample_type, memory)
        finally:
            theirs.close()
            os.close(ring)
        self.channel = Channel(ours)
        self.reason: str | None = None  # why it is about to end, as it says itself

    def end(self) -> str:
        """Kill the process if it lives; how it ended."""
        self.popen.kill()
        self.channel.close()
        code = self.popen.wait()
        if self.reason is not None:
            return f"failed: {self.reason}"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with status {code}"


class ProcessPool:
    """See `Pool`.

    Args:
        places: of the workers.
        setup: what each loads, as `child` wants it.
        sample_type: of the audio.
        module: its `main` is what a worker runs.

    Raises:
        UnavailableError: a worker cannot load the model, or none is left that does.
    """

    def __init__(
        self, places: list[Place], setup: Plain, sample_type: SampleType, module: str = CHILD
    ) -> None:
        self.names = [place.name for place in places]
        self.sample_type = sample_type
        self._places = places
        self._module = module
        self._setup = setup
        self._memory = HostMemory()
        self._processes: dict[int, _Process] = {}
        self._selector = selectors.DefaultSelector()
        self._bell = Bell()
        self._selector.register(self._bell.descriptor, selectors.EVENT_READ)
        self.facts: dict[int, Plain] = {}
        try:
            self.facts = start_all(self)
        except BaseException:
            self.close()
            raise

    @property
    def streams(self) -> int:
        """Records that each worker speaks at the same time."""
        return int(next(iter(self.facts.values()))["streams"])

    @property
    def started(self) -> Collection[int]:
        """Workers that were started and have not died, ready or not."""
        return self._processes.keys()

    @property
    def pids(self) -> list[int]:
        """The workers' processes."""
        return [process.popen.pid for process in self._processes.values()]

    def start(self, worker: int) -> None:
        """Start a worker that is not among `started`."""
        place = self._places[worker]
        process = _Process(place, self.sample_type, self._module, self._memory)
        self._processes[worker] = process
        self._selector.register(process.channel, selectors.EVENT_READ, worker)
        own = {"device": place.device, "cores": place.cores, "threads": place.threads}
        self.send(worker, "load", self._setup | own)

    def kill(self, worker: int) -> None:
        """End a worker at once; nothing more comes of it."""
        if worker in self._processes:
            self._bury(worker)

    def send(self, worker: int, *message: Any) -> None:
        """Send a message of plain values; to a dead worker nothing."""
        process = self._processes.get(worker)
        if process is not None:
            with contextlib.suppress(OSError):  # that it is dead is seen where messages are read
                process.channel.send(*message)

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        """Wait for messages, or for `wake`; with the workers they come from."""
        messages: list[tuple[int, Message]] = []
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._bell.quiet()
                continue
            process = self._processes[key.data]
            found = process.channel.receive()
            if found is None:
                messages.append((key.data, ["died", self._bury(key.data)]))
                continue
            for message in found:
                if message[0] in ("crashed", "refused"):
                    process.reason = str(message[-2])
                messages.append((key.data, message))
        return messages

    def read(
        self, worker: int, position: int, length: int, sample_type: SampleType | None = None
    ) -> Samples:
        """The samples that a `chunk` message of the worker names; to be called for each, once."""
        ring = self._processes[worker].ring
        samples = ring.read(position, length, sample_type)
        if ring.due(position + length):
            self.send(worker, "read", position + length)
        return samples

    def wake(self) -> None:
        """End `wait`, from any thread."""
        self._bell.ring()

    def close(self) -> None:
        """End all workers."""
        for worker in list(self._processes):
            self._bury(worker)
        self._selector.close()
        self._bell.close()

    def _bury(self, worker: int) -> str:
        process = self._processes.pop(worker)
        self._selector.unregister(process.channel)
        return process.end()
