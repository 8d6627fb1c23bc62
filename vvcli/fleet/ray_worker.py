"""A worker's end as a Ray actor: the loop of every worker, told and asked by calls."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import threading
import traceback
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from vvcli import __version__
from vvcli.audio.part_name import join_tags
from vvcli.errors import VvcliError
from vvcli.fleet.channel import Message
from vvcli.fleet.inbox import Inbox
from vvcli.fleet.plain_values import Plain, model_of
from vvcli.fleet.pool import plain_error

PROBE = ".vvcli-probe-"


class RayWorker:
    """The methods of an actor; they run on one event loop, and the worker in a thread beside it.

    Args:
        setup: what to load, as plain values: see `load_worker`; besides `tag`, of the files of this
            worker, and `folder`, the working directory.
    """

    def __init__(self, setup: Plain) -> None:
        self._setup = setup
        self._inbox = Inbox()
        self._next = 0
        self._early: dict[int, list[Message]] = {}
        self._out: deque[Message] = deque()
        self._has_out = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._probe: Path | None = None

    async def begin(self) -> Message:
        """Load the model and start the worker: `ready` with facts, or `refused` with an error."""
        self._loop = asyncio.get_running_loop()
        try:
            worker, facts = await self._loop.run_in_executor(None, self._load)
        except VvcliError as error:
            return ["refused", *plain_error(error)]
        threading.Thread(target=self._work, args=(worker,), name="work", daemon=True).start()
        return ["ready", facts]

    async def tell(self, number: int, messages: list[Message]) -> None:
        """Take in messages; calls are numbered, since they may overtake each other."""
        self._early[number] = messages
        while (next_messages := self._early.pop(self._next, None)) is not None:
            self._next += 1
            for message in next_messages:
                self._inbox.tell(self._with_tag(message))

    async def take(self) -> list[Message]:
        """The messages of the worker, once there are any."""
        while not self._out:
            self._has_out.clear()
            await self._has_out.wait()
        messages = []
        while self._out:
            messages.append(self._out.popleft())
        return messages

    async def probe(self, folder: str) -> tuple[str, str] | str:
        """Write a file with a secret into `folder`: its name and content, or why that failed."""
        content = secrets.token_hex(16)
        path = Path(folder) / f"{PROBE}{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o666)
            try:
                os.write(descriptor, content.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            return str(error.strerror)
        self._probe = path
        return path.name, content

    async def end_probe(self) -> None:
        """Remove the file of the probe, if it is still there."""
        if self._probe is not None:
            with suppress(OSError):
                self._probe.unlink()

    def _load(self) -> tuple[Any, Plain]:
        from vvcli.checkpoint.model_folder import ModelFolder
        from vvcli.fleet.cores import near_gpu, pin

        with suppress(OSError):  # names of files are relative to it
            os.chdir(self._setup["folder"])
        if self._setup["device"] != "cpu":
            pin(near_gpu())
        from vvcli.fleet.load import load_worker

        worker, facts = load_worker(self._setup)
        identity = ModelFolder(model_of(self._setup["model"])).identity
        own = {"host": socket.gethostname(), "pid": os.getpid(), "version": __version__}
        return worker, facts | own | {"identity": identity}

    def _work(self, worker: Any) -> None:
        from vvcli.fleet.loop import WorkerLoop

        try:
            WorkerLoop(worker, self._inbox, self._send).run()
        except BaseException as error:
            traceback.print_exception(error)
            self._send("crashed", f"{type(error).__name__}: {error}", None)

    def _send(self, *message: Any) -> None:
        assert self._loop is not None  # noqa: S101 - `begin` has run
        self._out.append(list(message))
        self._loop.call_soon_threadsafe(self._has_out.set)

    def _with_tag(self, message: Message) -> Message:
        kind, *values = message
        if kind != "run":
            return message
        number, settings = values
        return [kind, number, settings | {"tag": join_tags(settings["tag"], self._setup["tag"])}]
