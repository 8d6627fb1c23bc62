"""A response of HTTP/1.1, parsed as its bytes come.

Not `http.client`: its import alone takes a third of the time in which a sentence is to be heard.
Of RFC 9112 this is what a response needs; whatever is ambiguous in it is an error.
"""

from __future__ import annotations

import re
from enum import Enum

MAX_HEAD = 1 << 16  # bytes of status line and headers
MAX_LINE = 1 << 10  # of a chunk's size, with extensions

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")


class ResponseError(Exception):
    """The bytes are not a response of HTTP, or not a whole one."""


class _State(Enum):
    HEAD = "head"
    CHUNK = "the size of a chunk"
    CHUNK_DATA = "a chunk"
    CHUNK_END = "the end of a chunk"
    TRAILER = "the trailer"
    LENGTH = "a body of known length"
    CLOSE = "a body that ends with the connection"
    DONE = "done"


class ResponseParser:
    """Parses one response.

    Attributes:
        status: of HTTP; 0 until the headers are there.
        headers: names in lower case.
        done: whether the response is there to its end.
        keeps_alive: whether another request may follow on the connection.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.keeps_alive = False
        self._buffer = bytearray()  # not parsed
        self._body = bytearray()  # not taken
        self._state = _State.HEAD
        self._left = 0  # bytes of the chunk or body
        self._head_size = 0

    @property
    def done(self) -> bool:
        """Whether the response is there to its end."""
        return self._state is _State.DONE

    @property
    def has_begun(self) -> bool:
        """Whether any byte has come."""
        return bool(self._buffer) or self._head_size > 0

    def feed(self, data: bytes) -> None:
        """Parse more bytes; none is the end of the connection.

        Raises:
            ResponseError: they are no response, or it ended too early.
        """
        if not data:
            self._end()
            return
        self._buffer += data
        while self._step():
            pass
        if self.done and self._buffer:
            raise ResponseError("there is more after the end of the response")

    def take(self) -> bytes:
        """The body that came since the last time."""
        body, self._body = bytes(self._body), bytearray()
        return body

    def _end(self) -> None:
        if self._state is _State.CLOSE:
            self._state = _State.DONE
        if not self.done:
            raise ResponseError("the connection ended in the middle")

    def _step(self) -> bool:
        """Parse one thing; whether there was one."""
        match self._state:
            case _State.HEAD | _State.CHUNK | _State.CHUNK_END | _State.TRAILER:
                line = self._line()
                if line is not None:
                    self._parse_line(line)
                return line is not None
            case _State.LENGTH | _State.CHUNK_DATA:
                return self._move(self._left)
            case _State.CLOSE:
                return self._move(len(self._buffer))
            case _State.DONE:
                return False

    def _move(self, size: int) -> bool:
        """Move up to `size` bytes into the body."""
        size = min(size, len(self._buffer))
        if not size:
            return False
        self._body += self._buffer[:size]
        del self._buffer[:size]
        if self._state is not _State.CLOSE:
            self._left -= size
            if not self._left:
                is_chunk = self._state is _State.CHUNK_DATA
                self._state = _State.CHUNK_END if is_chunk else _State.DONE
        return True

    def _line(self) -> bytes | None:
        """The next line, or the whole head, which is parsed at once."""
        is_head = self._state is _State.HEAD
        mark, limit = (b"\r\n\r\n", MAX_HEAD) if is_head else (b"\r\n", MAX_LINE)
        end = self._buffer.find(mark, 0, limit)
        if end < 0:
            if len(self._buffer) >= limit:
                raise ResponseError(f"{self._state.value} is too long")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return line

    def _parse_line(self, line: bytes) -> None:
        match self._state:
            case _State.HEAD:
                self._parse_head(line)
            case _State.CHUNK_END:
                if line:
                    raise ResponseError("a chunk is longer than it says")
                self._state = _State.CHUNK
            case _State.TRAILER:
                self._head_size += len(line)
                if self._head_size > MAX_HEAD:
                    raise ResponseError("the trailer is too long")
                self._state = _State.TRAILER if line else _State.DONE
            case _:
                match = _CHUNK.fullmatch(line)
                if match is None:
                    raise ResponseError("the size of a chunk is no number")
                self._left = int(match[1], 16)
                self._state = _State.CHUNK_DATA if self._left else _State.TRAILER

    def _parse_head(self, head: bytes) -> None:
        self._head_size += len(head) + 1
        if self._head_size > MAX_HEAD:
            raise ResponseError("the head is too long")
        first, *lines = head.split(b"\r\n")
        match = _STATUS.fullmatch(first)
        if match is None:
            raise ResponseError("it does not begin as a response of HTTP/1.1")
        status = int(match[2])
        headers: dict[str, str] = {}
        for line in lines:
            field = _FIELD.fullmatch(line)
            if field is None:
                raise ResponseError("a header is malformed")
            name = field[1].decode("ascii").lower()
            if name in headers and name in ("content-length", "transfer-encoding"):
                raise ResponseError(f"{name} is there twice")
            headers[name] = field[2].decode("latin-1")
        if status == 101:
            raise ResponseError("it changes the protocol")
        if status < 200:  # the response itself follows
            return
        self.status, self.headers = status, headers
        connection = headers.get("connection", "").lower()
        self.keeps_alive = match[1] == b"1" and "close" not in connection
        self._state = self._body_state()

    def _body_state(self) -> _State:
        length = self.headers.get("content-length")
        encoding = self.headers.get("transfer-encoding")
        if encoding is not None:
            if length is not None or encoding.lower() != "chunked":
                raise ResponseError("the length of the body is ambiguous")
            return _State.CHUNK
        if self.status in (204, 304):
            return _State.DONE
        if length is None:
            self.keeps_alive = False
            return _State.CLOSE
        if not _LENGTH.fullmatch(length):
            raise ResponseError("the length of the body is no number")
        self._left = int(length)
        return _State.LENGTH if self._left else _State.DONE
