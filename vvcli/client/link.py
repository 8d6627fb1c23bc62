"""A server: its address, its facts, and connections to it that are kept."""

from __future__ import annotations

from collections.abc import Callable

from vvcli.client.address import ServerAddress
from vvcli.client.connection import Connection, exchange
from vvcli.client.http_response import ResponseError
from vvcli.client.server_facts import PATH, ServerFacts, parse_facts
from vvcli.errors import UnavailableError

TIMEOUT = 60.0  # seconds for the handshake: a server that is just started loads its model first
MAX_FACTS = 1 << 20  # bytes


class ServerLink:
    """Connections to one server, which is shaken hands with here.

    Args:
        address: where it is.
        token: that it asks for.
        timeout: seconds in which it has to answer.
        say_late: called when a handshake takes long.

    Attributes:
        address: where it is.
        facts: what it is.
        is_doubtful: whether the server may be another one since: a connection has ended.

    Raises:
        NoServerError: nobody listens there.
        UnavailableError: who listens there is another user, not our server, another version of it,
            or wants a token.
    """

    def __init__(
        self,
        address: ServerAddress,
        token: str | None = None,
        timeout: float = TIMEOUT,
        say_late: Callable[[], object] = lambda: None,
    ) -> None:
        self.address = address
        self.is_doubtful = False
        self._token = token
        self._timeout = timeout
        self._say_late = say_late
        self._idle: list[Connection] = []
        try:
            connection = Connection(address, token)
        except OSError as error:
            reason = error.strerror or error
            raise NoServerError(
                f"no server answers at {address}: {reason}", remedy="serve"
            ) from error
        try:
            self.facts = self._shake_hands(connection)
        except OSError as error:
            reason = error.strerror or error
            raise UnavailableError(f"the server at {address} does not answer: {reason}") from error
        self.give_back(connection)

    def open(self) -> Connection:
        """A connection for the next request.

        Raises:
            UnavailableError: the server is another one now.
            OSError: nobody listens any more.
        """
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable():
                connection.was_idle = True
                return connection
            connection.close()
        connection = Connection(self.address, self._token)
        if self.is_doubtful:
            self.facts.check_same(self._shake_hands(connection))
            self.is_doubtful = False
            if not connection.is_usable():
                connection.close()
                connection = Connection(self.address, self._token)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep `connection` for another request, or close it."""
        if connection.is_usable():
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close the connections that idle."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _shake_hands(self, connection: Connection) -> ServerFacts:
        try:
            content = exchange(connection, PATH, self._timeout, MAX_FACTS, self._say_late)
            status = connection.response.status
            if status in (401, 403):
                raise UnavailableError(
                    f"the server at {self.address} lets only those in who show its token",
                    remedy="token file",
                )
            if status == 503:
                raise ConnectionRefusedError(None, "it is shutting down")
            return parse_facts(content if status == 200 else b"", self.address)
        except ResponseError as error:
            connection.close()
            raise UnavailableError(
                f"what listens at {self.address} is not `vvcli serve`: {error}"
            ) from error
        except BaseException:
            connection.close()
            raise


class NoServerError(UnavailableError):
    """Nobody listens there."""
