"""A socket to a server: over a Unix socket, to one of this user's alone."""

from __future__ import annotations

import os
import socket
import stat
import struct

from vvcli.client.address import ServerAddress
from vvcli.errors import UnavailableError

TIMEOUT = 5.0  # seconds for the connection to be there

SUPERUSER = 0  # who may listen, too: for a service of the system

_CREDENTIALS = struct.Struct("3i")  # process, user and group, of Linux


class NotOursError(UnavailableError):
    """Somebody else listens there."""


def connect(address: ServerAddress) -> socket.socket:
    """A connected socket, not blocking.

    Raises:
        NotOursError: the socket is another user's.
        OSError: nobody listens there.
    """
    if not address.path:
        connected = socket.create_connection((address.host, address.port), TIMEOUT)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setblocking(False)
        return connected
    check_owner(address.path)
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connected.settimeout(TIMEOUT)
        connected.connect(address.path)
        _check_peer(connected, address.path)
        connected.setblocking(False)
    except BaseException:
        connected.close()
        raise
    return connected


def check_owner(path: str) -> None:
    """Refuse a socket that another user has put there: text would go to them.

    Raises:
        NotOursError: it is another user's, or no socket.
        OSError: there is nothing.
    """
    status = os.lstat(path)
    if not stat.S_ISSOCK(status.st_mode):
        raise NotOursError(f"{path} is not a socket")
    if status.st_uid != os.geteuid():
        raise NotOursError(f"the socket {path} belongs to another user (number {status.st_uid})")


def _check_peer(connected: socket.socket, path: str) -> None:
    """The same of whoever listens, if the system tells: the file may have been replaced since."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return
    _, user, _ = _CREDENTIALS.unpack(
        connected.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    )
    if user not in (os.geteuid(), SUPERUSER):
        raise NotOursError(f"another user (number {user}) listens at {path}")
