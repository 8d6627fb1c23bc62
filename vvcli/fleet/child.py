"""The main program of a worker's process; see `processes.py`.

Nothing heavy is imported before the process has its cores: threads that a library starts stay
where they were started.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from vvcli.errors import VvcliError
from vvcli.fleet.channel import Channel
from vvcli.fleet.cores import near_gpu, pin
from vvcli.fleet.plain_values import Plain

if TYPE_CHECKING:
    from vvcli.fleet.worker import Worker

GRACE = 0.4  # seconds in which the loop may remove what it has begun


def main(
    connection: int, ring: int, load: Callable[[Plain], tuple[Worker, Plain]] | None = None
) -> NoReturn:
    """Serve the process at the other end of the socket `connection`, until it is gone.

    Args:
        connection: a descriptor.
        ring: the descriptor of the memory that audio goes into.
        load: makes the worker of what this one is told to load; default: `load_worker`.
    """
    channel = Channel(socket.socket(fileno=connection))
    status = 1
    try:
        setup = _first(channel)
        if setup is not None:
            _serve(channel, setup, ring, load)
        status = 0
    except VvcliError as error:
        from vvcli.fleet.pool import plain_error

        channel.send("refused", *plain_error(error))
    except OSError as error:  # nobody is at the other end
        if not isinstance(error, ConnectionError):
            _crash(channel, error)
    except BaseException as error:
        _crash(channel, error)
    sys.stderr.flush()
    os._exit(status)  # at once: no library has anything to finish


def _serve(
    channel: Channel,
    setup: Plain,
    ring: int,
    load: Callable[[Plain], tuple[Worker, Plain]] | None,
) -> None:
    cores = near_gpu() if setup["cores"] is None else setup["cores"]
    pin(cores)
    from vvcli.fleet.inbox import Inbox

    inbox = Inbox()

    def listen() -> None:
        """Bring messages to the inbox until the other end is gone, and the process soon after."""
        while (messages := channel.receive()) is not None:
            for message in messages:
                inbox.tell(message)
        timer = threading.Timer(GRACE, os._exit, (0,))
        timer.daemon = True
        timer.start()
        inbox.close()

    # A daemon: the process ends with its main thread, or when this one says so.
    threading.Thread(target=listen, name="listen", daemon=True).start()
    from vvcli.fleet.load import load_worker
    from vvcli.fleet.loop import WorkerLoop
    from vvcli.fleet.ring import RingWriter

    worker, facts = (load or load_worker)(setup)
    channel.send("ready", facts)
    WorkerLoop(worker, inbox, channel.send, RingWriter(ring, inbox.wait_read)).run()


def _first(channel: Channel) -> Plain | None:
    """The first message, which says what to load; none if there will be no message."""
    while (messages := channel.receive()) is not None:
        if messages:  # no more is sent before this is answered
            return dict(messages[0][1])
    return None


def _crash(channel: Channel, error: BaseException) -> None:
    """Say why, for those who look for the cause, and in a sentence."""
    traceback.print_exception(error)
    with suppress(OSError):
        channel.send("crashed", f"{type(error).__name__}: {error}", None)
