"""Sockets that systemd has opened, and what it wants to know of a service."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from vvcli.errors import UsageError
from vvcli.serve.tcp_socket import check_reach

FIRST = 3  # the first descriptor of sd_listen_fds(3)


def inherited(*, has_token: bool) -> list[socket.socket]:
    """The sockets that this process was started with.

    Raises:
        UsageError: there is none, or one lets in more than its owner.
    """
    count = os.environ.pop("LISTEN_FDS", "")
    is_ours = os.environ.pop("LISTEN_PID", "") == str(os.getpid())
    os.environ.pop("LISTEN_FDNAMES", None)
    if not is_ours or not count.isdecimal() or not int(count):
        raise UsageError("systemd has handed over no socket: start the socket unit")
    sockets = []
    for descriptor in range(FIRST, FIRST + int(count)):
        os.set_inheritable(descriptor, False)
        try:
            each = socket.socket(fileno=descriptor)
        except OSError as error:
            raise UsageError(f"descriptor {descriptor} from systemd is no socket") from error
        _check(each, has_token=has_token)
        sockets.append(each)
    return sockets


def _check(listener: socket.socket, *, has_token: bool) -> None:
    if listener.type != socket.SOCK_STREAM or not listener.getsockopt(
        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
    ):
        raise UsageError("a socket from systemd does not listen: use ListenStream=")
    name = listener.getsockname()
    if listener.family != socket.AF_UNIX:
        check_reach(str(name[0]), has_token=has_token)
        return
    if not isinstance(name, str) or not name.startswith("/"):
        raise UsageError("a socket from systemd has no path: anyone on this machine could use it")
    status = Path(name).lstat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
        raise UsageError(f"other users can use {name}: say SocketMode=0600 in the socket unit")


def notify(state: str) -> None:
    """Tell systemd `state`, such as READY=1, if it has asked for it."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect("\0" + name[1:] if name.startswith("@") else name)
        client.sendall(state.encode())
