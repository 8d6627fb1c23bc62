"""The life of a server: it listens, serves, lets those finish who play, and ends."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import uvicorn

from vvcli.serve.access_log import AccessLog
from vvcli.serve.app import make_app
from vvcli.serve.context import ServerContext
from vvcli.serve.drain import drain
from vvcli.serve.guard import Admission
from vvcli.serve.http_protocol import StreamProtocol, http_protocol
from vvcli.serve.listener import Bell
from vvcli.serve.metrics import Metrics
from vvcli.serve.server_info import Limits, ServerInfo
from vvcli.serve.stalls import Stalls

if TYPE_CHECKING:
    from vvcli.speech.sessions import SpeechSession
    from vvcli.synthesizer import Synthesizer

KEEP_ALIVE = 5  # seconds between two requests of a connection
# Seconds without an answer after which a WebSocket is lost: pings come after the audio that a slow
# listener has yet to take.
PING_TIMEOUT = 600
SWITCH_INTERVAL = 0.0005  # seconds
MESSAGE_BYTES = 1 << 16  # of a WebSocket
SPARE_DESCRIPTORS = 64
GRACE = 2  # seconds for connections to close once nobody plays


@dataclass(frozen=True)
class Server:
    """One server.

    Attributes:
        synthesizer: nobody else speaks with it.
        info: says what it is.
        limits: its bounds.
        admission: who is let in.
        log: of requests.
        stop_listening: called once no new client is to come.
    """

    synthesizer: Synthesizer
    info: ServerInfo
    limits: Limits
    admission: Admission
    log: AccessLog
    stop_listening: Callable[[], None] = lambda: None

    def run(self, sockets: Sequence[socket.socket], on_ready: Callable[[], None]) -> None:
        """Serve at `sockets` until SIGTERM, and then until those that play have finished.

        SIGHUP opens the log anew. A second SIGTERM ends everything at once.

        Raises:
            RuntimeError: the engine has failed.
            KeyboardInterrupt: SIGINT came.
        """
        interval = sys.getswitchinterval()
        # The engine gives the interpreter away with every operator, and waits so long, if another
        # thread reads text meanwhile, before it is its turn again.
        sys.setswitchinterval(SWITCH_INTERVAL)
        try:
            asyncio.run(self._run(sockets, on_ready))
        finally:
            sys.setswitchinterval(interval)

    async def _run(self, sockets: Sequence[socket.socket], on_ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        stop, hurry = asyncio.Event(), asyncio.Event()
        bell = Bell(loop)
        # Held for as long as the server lives: the engine's thread stays, and its errors are seen.
        keeper = self.synthesizer.open_session(on_audio=lambda: bell.ring(stop))
        keeper.read(wait=False)
        keeper.engine.turns.max_waiting = self.limits.queue
        context = self._context(bell, keeper)
        server = self._server(context)
        serving = asyncio.ensure_future(server.serve([*sockets]))
        sweeping = asyncio.ensure_future(context.stalls.sweep())
        with _signals(loop, stop, hurry, self.log):
            try:
                while not server.started and not serving.done():
                    await asyncio.sleep(0.01)
                on_ready()
                await stop.wait()
                for each in server.servers:
                    each.close()
                self.stop_listening()
                was_interrupted = hurry.is_set()
                await drain(context, hurry)
            finally:
                server.should_exit = True
                await serving
                sweeping.cancel()
                try:
                    keeper.read(wait=False)
                finally:
                    keeper.close()
        if was_interrupted:
            raise KeyboardInterrupt

    def _context(self, bell: Bell, keeper: SpeechSession) -> ServerContext:
        metrics = Metrics(lambda: keeper.engine.load)
        limits = replace(self.limits, connections=_room_for(self.limits.connections))
        stalls = Stalls(limits.stall)
        return ServerContext(self.synthesizer, self.info, limits, metrics, self.log, bell, stalls)

    def _server(self, context: ServerContext) -> uvicorn.Server:
        # What it says of hostile clients is of no use to anyone.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        return QuietServer(
            uvicorn.Config(
                make_app(context, self.admission),
                http=http_protocol(context.limits),
                ws=StreamProtocol,
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
                ws_max_size=MESSAGE_BYTES,
                ws_ping_timeout=PING_TIMEOUT,
                ws_per_message_deflate=False,
            )
        )


class QuietServer(uvicorn.Server):
    """uvicorn's server, which leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


@contextmanager
def _signals(
    loop: asyncio.AbstractEventLoop,
    stop: asyncio.Event,
    hurry: asyncio.Event,
    log: AccessLog,
) -> Iterator[None]:
    """Handle signals in the loop; those that were ignored stay so."""

    def terminate() -> None:
        (hurry if stop.is_set() else stop).set()

    def interrupt() -> None:
        hurry.set()
        stop.set()

    handlers = {signal.SIGTERM: terminate, signal.SIGINT: interrupt, signal.SIGHUP: log.reopen}
    before = {number: signal.getsignal(number) for number in handlers}
    handled = [number for number, was in before.items() if was is not signal.SIG_IGN]
    for number in handled:
        loop.add_signal_handler(number, handlers[number])
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])


def _room_for(connections: int) -> int:
    """As many connections as the process may have descriptors for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, soft - SPARE_DESCRIPTORS)
    return connections
