from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vvcli.client.http_response import MAX_HEAD, ResponseError, ResponseParser


def parse(pieces: Sequence[bytes], *, ends: bool = False) -> tuple[ResponseParser, bytes]:
    parser = ResponseParser()
    body = b""
    for piece in pieces:
        if piece:
            parser.feed(piece)
            body += parser.take()
    if ends:
        parser.feed(b"")
        body += parser.take()
    return parser, body


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted(place % (len(data) + 1) for place in places)
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


def chunked(pieces: Sequence[bytes], trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x;q=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + body
        + b"0\r\n"
        + trailer
        + b"\r\n"
    )


places = st.lists(st.integers(0, 10_000), max_size=8)


@given(pieces=st.lists(st.binary(max_size=40), max_size=5), where=places)
def test_a_chunked_body_is_the_same_however_it_comes(pieces: list[bytes], where: list[int]) -> None:
    parser, body = parse(cut(chunked(pieces, b"X: y\r\n"), where))
    assert parser.done
    assert parser.keeps_alive
    assert body == b"".join(pieces)


@given(content=st.binary(max_size=60), where=places, interim=st.booleans())
def test_a_body_of_known_length_is_the_same(
    content: bytes, where: list[int], interim: bool
) -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\n" * interim
    data += b"HTTP/1.0 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)
    parser, body = parse(cut(data, where))
    assert (parser.status, parser.done, parser.keeps_alive) == (404, True, False)
    assert body == content


@given(content=st.binary(max_size=60), where=places)
def test_a_body_may_end_with_the_connection(content: bytes, where: list[int]) -> None:
    parser, body = parse(cut(b"HTTP/1.1 200\r\n\r\n" + content, where), ends=True)
    assert parser.done
    assert not parser.keeps_alive
    assert body == content


@given(content=st.binary(min_size=1, max_size=40), is_chunked=st.booleans(), data=st.data())
def test_a_response_that_is_cut_off_is_an_error(
    content: bytes, is_chunked: bool, data: st.DataObject
) -> None:
    whole = (
        chunked([content])
        if is_chunked
        else b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)
    )
    size = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ResponseError):
        parse([whole[:size]], ends=True)


@given(data=st.binary(max_size=200), prefix=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n"]))
@example(data=b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", prefix=b"HTTP/1.1 200 OK\r\n")
def test_no_bytes_cause_another_error(data: bytes, prefix: bytes) -> None:
    with contextlib.suppress(ResponseError):
        parse([prefix + data], ends=True)


HEAD = "HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        HEAD + "no colon\r\n\r\n",
        HEAD + "A : b\r\n\r\n",
        HEAD + "A: b\r\n folded\r\n\r\n",
        HEAD + "A: \0\r\n\r\n",
        HEAD + "Content-Length: -1\r\n\r\n",
        HEAD + "Content-Length: 1 2\r\n\r\n",
        HEAD + "Content-Length: ٣\r\n\r\n",
        HEAD + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        HEAD + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + "Transfer-Encoding: gzip, chunked\r\n\r\n",
        HEAD + "Content-Length: 1\r\n\r\nxy",
        HEAD + "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n",
        HEAD + "Transfer-Encoding: chunked\r\n\r\n123456789\r\n",
        HEAD + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
        HEAD + "Transfer-Encoding: chunked\r\n\r\n" + "0" * 2000,
        HEAD + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + "A: b\r\n" * MAX_HEAD,
        HEAD + "A: " + "b" * MAX_HEAD,
        HEAD + "A: b\r\n" * MAX_HEAD,
        "HTTP/1.1 100 Continue\r\n\r\n" * MAX_HEAD,
    ],
    ids=range(24),
)
def test_what_is_ambiguous_or_endless_is_an_error(text: str) -> None:
    with pytest.raises(ResponseError):
        parse([text.encode()])
