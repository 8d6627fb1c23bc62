"""One line of JSON for each request, into a file that can be rotated."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from starlette.types import Scope

from vvcli.errors import OutputError

STDERR = 2


class AccessLog:
    """Lines of ASCII: whatever a client sends, it begins no line of its own.

    Args:
        path: of the file, which is appended to; None for no log.
        say: is told once, for people, when lines begin to be lost.

    Raises:
        OutputError: the file cannot be opened, or is a link.
    """

    def __init__(self, path: Path | None, say: Callable[[str], object] = lambda _: None) -> None:
        self._path = path
        self._say = say
        self._loses_lines = False
        self._descriptor = self._open()

    def reopen(self) -> None:
        """Go on in a new file of the same name; in the old one if that cannot be opened."""
        old = self._descriptor
        with suppress(OutputError):
            self._descriptor = self._open()
            if old not in (None, STDERR):
                os.close(old)

    def write(self, event: str, **facts: Any) -> None:
        """Add a line."""
        if self._descriptor is None:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": event, **facts}) + "\n"
        try:
            os.write(self._descriptor, line.encode("ascii"))
            self._loses_lines = False
        except OSError as error:  # a full disk is no reason to stop speaking
            if not self._loses_lines:
                self._loses_lines = True
                self._say(
                    f"requests are not logged: cannot write to {self._path}: {error.strerror}"
                )

    def _open(self) -> int | None:
        if self._path is None:
            return None
        if str(self._path) == "-":
            return STDERR
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(self._path, flags | os.O_NOCTTY | os.O_NONBLOCK, 0o600)
        except OSError as error:
            raise OutputError(f"cannot write to {self._path}: {error.strerror}") from error


class RequestLog:
    """What is known of one request, until it is written."""

    def __init__(self, log: AccessLog, scope: Scope) -> None:
        client = scope.get("client")
        self._log = log
        self._start = time.perf_counter()
        self.facts: dict[str, Any] = {
            "client": client[0] if client else "local",
            "method": scope.get("method", "WS"),
            "path": scope["path"][:200],
        }

    def add(self, **facts: Any) -> None:
        """Note more."""
        self.facts.update(facts)

    def finish(self) -> None:
        """Write the line."""
        seconds = round(time.perf_counter() - self._start, 4)
        self._log.write("request", **self.facts, seconds=seconds)
