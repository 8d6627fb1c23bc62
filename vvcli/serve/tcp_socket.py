"""A TCP socket: on loopback, or with a token."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address

from vvcli.errors import UnavailableError, UsageError
from vvcli.script.limits import shown

BACKLOG = 1024
MAX_PORT = 65535

_PORT = re.compile("[0-9]{1,5}")


def parse_address(text: str) -> tuple[str, int]:
    """The host and port of `HOST:PORT` or `[HOST]:PORT`.

    Raises:
        UsageError: it is none.
    """
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise UsageError(f"{shown(text)} is not HOST:PORT: an IPv6 address stands in brackets")
    if not host or not _PORT.fullmatch(port) or int(port) > MAX_PORT:
        raise UsageError(f"{shown(text)} is not HOST:PORT with a PORT from 0 to {MAX_PORT}")
    return host, int(port)


def listen(host: str, port: int, *, has_token: bool) -> list[socket.socket]:
    """Sockets that listen at every address of `host`; port 0 is one that is free.

    Raises:
        UsageError: an address is beyond loopback, and there is no token.
        UnavailableError: the host is unknown, or the port taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        reason = error.strerror or error
        raise UnavailableError(f"cannot listen at {host}:{port}: {reason}") from error
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            check_reach(str(address[0]), has_token=has_token)
            sockets.append(_listen(family, (address[0], port, *address[2:])))
            port = port or sockets[0].getsockname()[1]
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return sockets


def check_reach(address: str, *, has_token: bool) -> None:
    """Refuse an address that other machines reach, unless clients have to show a token.

    Raises:
        UsageError: it is one.
    """
    if not has_token and not ip_address(address.partition("%")[0]).is_loopback:
        raise UsageError(
            f"other machines can reach {address}: that needs a token", remedy="token file"
        )


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{address[0]}:{address[1]}"
        raise UnavailableError(f"cannot listen at {where}: {error.strerror}") from error
    return listener
