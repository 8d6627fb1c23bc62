"""Thousands of requests of which a third leave, stall or lie: is every other one whole?

    python -m tests.serve.many_clients --requests 10000

A program, not a test: it takes minutes. It starts a server with the tiny model on a Unix socket,
and says in the end how many of each kind there were, what memory the server had on the way, and
whether a slot was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.serve.server import ENDLESS, LONG, SHORT, Server, head, running, speech

STREAMS, AT_ONCE = 16, 48
TEXTS = [SHORT, LONG, "Hello there.", "No.", "What is your name?"]


def liar(dice: random.Random) -> bytes:
    """A request that is not what it says."""
    return dice.choice(
        [
            head("/v1/audio/speech", "Content-Length: 500") + b'{"input": "x"',
            head("/v1/audio/speech", "Content-Length: 5") + b'{"input": "x"}' * 40,
            head("/v1/audio/speech", "Content-Length: 99999999"),
            head("/v1/audio/speech", "Transfer-Encoding: chunked") + b"ffff\r\nx",
            head("/v1/audio/speech", "Origin: https://evil.example", "Content-Length: 0"),
            b"\x16\x03\x01 no request at all",
            speech("x", response_format="exe"),
            speech("[[voice /etc/passwd]] x"),
        ]
    )


class Clients:
    """All clients of one run."""

    def __init__(self, server: Server, seed: int) -> None:
        self._server = server
        self._dice = random.Random(seed)  # noqa: S311
        self.expected = {text: server.speak(text) for text in TEXTS}
        self.counts: Counter[str] = Counter()
        self.broken: list[str] = []

    async def one(self) -> None:
        """A client of some kind."""
        kind = self._dice.choice(["whole"] * 6 + ["leave", "stall", "lie"])
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._server.socket))
        except OSError as error:
            self.broken.append(f"{kind}: {error}")
            return
        try:
            if kind == "whole":
                kind = await self._whole(reader, writer)
            elif kind == "leave":
                writer.write(speech(self._dice.choice([*TEXTS, ENDLESS])))
                await asyncio.sleep(self._dice.random() * 0.05)
            elif kind == "stall":
                writer.write(speech(ENDLESS))
                await asyncio.wait_for(reader.read(1000), 60)
                await asyncio.sleep(2)
            else:
                writer.write(liar(self._dice))
                await asyncio.sleep(self._dice.random() * 0.2)
        except (ConnectionError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            if kind == "whole":
                self.broken.append(f"{kind}: {error!r}")
        finally:
            writer.transport.abort()
        self.counts[kind] += 1

    async def _whole(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        text = self._dice.choice(TEXTS)
        writer.write(speech(text))
        status = (await reader.readline()).split()[1]
        while await reader.readline() != b"\r\n":
            pass
        if status != b"200":
            return f"refused with {status.decode()}"
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        if body != self.expected[text]:
            self.broken.append(f"{text!r}: {len(body)} bytes, not {len(self.expected[text])}")
        return "whole"


def memory(server: Server) -> int:
    """MiB of the server."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) >> 10


async def run(clients: Clients, server: Server, requests: int) -> None:
    """All requests, AT_ONCE at the same time."""
    room = asyncio.Semaphore(AT_ONCE)
    start = time.monotonic()

    async def one() -> None:
        async with room:
            await clients.one()

    for done in range(0, requests, requests // 10):
        await asyncio.gather(*(one() for _ in range(requests // 10)))
        seconds = time.monotonic() - start
        print(f"{done + requests // 10} in {seconds:.0f} s, {memory(server)} MiB", flush=True)


def main() -> int:
    """Run, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    options = ("--queue", str(AT_ONCE), "--stall", "1", "--max-ahead", "1")
    with (
        tempfile.TemporaryDirectory() as name,
        running(Path(name), *options, streams=STREAMS) as server,
    ):
        clients = Clients(server, arguments.seed)
        asyncio.run(run(clients, server, arguments.requests))
        for _ in range(100):
            if not server.figure("vvcli_sessions"):
                break
            time.sleep(0.1)
        names = ("sessions", "streams_playing", "streams_waiting")
        left = {name: server.figure(f"vvcli_{name}") for name in names}
        print(dict(clients.counts), "left:", left)
        print("\n".join(clients.broken[:20]) or "every other one is whole")
        return bool(clients.broken or any(left.values()))


if __name__ == "__main__":
    sys.exit(main())
