"""Runs the server of `vvcli serve`: its sockets, its model, its end."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli import __version__
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.environment import Environment
from vvcli.cli.fleet_news import hear_of_workers
from vvcli.cli.signals import Terminated
from vvcli.cli.synthesizer import open_synthesizer
from vvcli.errors import UsageError, VvcliError
from vvcli.frontend.languages import LANGUAGES
from vvcli.samples import SAMPLE_RATE

if TYPE_CHECKING:
    from vvcli.serve.guard import Admission
    from vvcli.serve.server_info import Limits, ServerInfo
    from vvcli.synthesizer import Synthesizer

# Long enough for most requests: where caches cannot grow under running streams, those that need
# more wait until nobody speaks.
WARM_UP = "This is how long a request may be before the caches have to grow for it. " * 12


@dataclass(frozen=True)
class ServeRequest:
    """The options of the server itself."""

    socket_path: Path | None
    listen: tuple[str, ...]
    systemd: bool
    token_file: Path | None
    allow_origin: tuple[str, ...]
    queue: int
    drain: float
    stall: float
    log: Path | None
    quiet: bool
    max_ahead: float | None

    @classmethod
    def take(cls, options: dict[str, Any]) -> ServeRequest:
        """The request of these options, which leave `options` to the synthesizer."""
        return cls(**{field.name: options.pop(field.name) for field in fields(cls)})


def run_serve(environment: Environment, request: ServeRequest, options: dict[str, Any]) -> None:
    """Serve until SIGTERM.

    Raises:
        UsageError: the sockets or files asked for may not be used.
        UnavailableError: the model, or a socket, is unavailable.
        OutputError: the log cannot be written.
        Terminated: SIGINT came.
    """
    _check_installed()
    from vvcli.serve.access_log import AccessLog
    from vvcli.serve.server import Server
    from vvcli.serve.systemd import notify

    with ExitStack() as stack:
        # Before the model is loaded: clients that come meanwhile wait, and errors are told at once.
        token = _token(request)
        sockets, stop_listening = _listen(request, stack, has_token=token is not None)
        log = AccessLog(request.log, environment.say)
        folder = ModelFolder(options["model"])
        if not request.quiet:
            environment.say("loading the model")
        stack.enter_context(hear_of_workers(environment.say))
        synthesizer = open_synthesizer(options | {"model": folder}, "f32le", SAMPLE_RATE)
        stack.callback(synthesizer.close)
        _warm_up(synthesizer)
        server = Server(
            synthesizer,
            _info(synthesizer, folder, request, options),
            _limits(request),
            _admission(request, token, sockets),
            log,
            stop_listening,
        )

        def on_ready() -> None:
            notify("READY=1")
            if not request.quiet:
                environment.say(f"ready: {_summary(synthesizer, sockets)}")

        try:
            server.run(sockets, on_ready)
        except KeyboardInterrupt:
            raise Terminated(signal.SIGINT) from None
        except RuntimeError as error:
            if isinstance(error.__cause__, VvcliError):  # such as that no worker is left
                raise error.__cause__ from error
            raise
        finally:
            notify("STOPPING=1")


def _check_installed() -> None:
    try:
        import httptools  # noqa: F401
        import prometheus_client  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"serving needs the Python package {error.name}: pip install 'vvcli[serve]'"
        ) from error


def _token(request: ServeRequest) -> str | None:
    from vvcli.checkpoint.token_file import read_token

    path = request.token_file
    return None if path is None else read_token(path, f"run `openssl rand -hex 32 > {path}`")


def _listen(
    request: ServeRequest, stack: ExitStack, *, has_token: bool
) -> tuple[list[socket.socket], Callable[[], None]]:
    """The sockets to serve at, and what removes the one that is ours."""
    from vvcli.serve.systemd import inherited
    from vvcli.serve.tcp_socket import listen, parse_address
    from vvcli.serve.unix_socket import UnixSocket, default_path

    if request.systemd:
        if request.listen or request.socket_path:
            raise UsageError("--systemd says where to listen: leave out --listen and --socket")
        return inherited(has_token=has_token), lambda: None
    path = request.socket_path or default_path()
    if path is None and not request.listen:
        raise UsageError(
            "XDG_RUNTIME_DIR is not set, so there is no folder for a socket: "
            "give --listen 127.0.0.1:8880, or --socket"
        )
    sockets = []
    for address in request.listen:
        try:
            host, port = parse_address(address)
        except UsageError as error:
            raise UsageError(f"--listen: {error}") from None
        sockets += listen(host, port, has_token=has_token)
    for each in sockets:
        stack.callback(each.close)
    if path is None:
        return sockets, lambda: None
    own = UnixSocket(path)
    stack.callback(own.close)
    return [own.socket, *sockets], own.close


def _warm_up(synthesizer: Synthesizer) -> None:
    """Let nobody be the first: what is made on first use is made here."""
    is_cuda = str(synthesizer.device).startswith("cuda")
    text = WARM_UP if is_cuda else "Yes."
    for _ in synthesizer.speak([text] * synthesizer.workers):  # each worker speaks one
        pass
    if synthesizer.workers > 1:
        # Their steps are captured before the first session, whose end is waited for.
        with synthesizer.open_session() as session:
            session.submit(text)
            session.end()
            for _ in session:
                pass
    elif is_cuda:
        synthesizer.engine.warm_up()


def _info(
    synthesizer: Synthesizer, folder: ModelFolder, request: ServeRequest, options: dict[str, Any]
) -> ServerInfo:
    from vvcli.serve.server_info import ServerInfo

    own = synthesizer.voice.name
    return ServerInfo(
        version=__version__,
        model=str(options["model"]),
        identity=folder.identity,
        voice=own,
        voices=tuple(dict.fromkeys([*(voice.name for voice in folder.voices.files()), own])),
        languages=tuple(LANGUAGES),
        settings={
            "steps": synthesizer.config.pick_steps(options["steps"]),
            "seed": options["seed"],
            "cfg_scale": synthesizer.config.pick_cfg_scale(options["cfg_scale"]),
            "deterministic": options["deterministic"],
            "device": str(synthesizer.device),
            "dtype": synthesizer.dtype,
            "streams": synthesizer.streams * synthesizer.workers,
            "queue": request.queue,
            "max_ahead": _limits(request).max_ahead,
        },
    )


def _limits(request: ServeRequest) -> Limits:
    from vvcli.serve.server_info import Limits

    return Limits(
        queue=request.queue,
        drain=request.drain,
        stall=request.stall,
        max_ahead=Limits.max_ahead if request.max_ahead is None else request.max_ahead,
    )


def _admission(request: ServeRequest, token: str | None, sockets: list[socket.socket]) -> Admission:
    from vvcli.serve.guard import Admission
    from vvcli.serve.tcp_socket import parse_address

    names = {parse_address(address)[0].lower() for address in request.listen}
    names |= {str(each.getsockname()[0]) for each in sockets if each.family != socket.AF_UNIX}
    return Admission(frozenset(names), frozenset(request.allow_origin), token)


def _summary(synthesizer: Synthesizer, sockets: list[socket.socket]) -> str:
    """Who speaks, and where."""
    places = []
    for each in sockets:
        name = each.getsockname()
        if each.family == socket.AF_UNIX:
            places.append(str(name))
        else:
            host = f"[{name[0]}]" if ":" in name[0] else name[0]
            places.append(f"http://{host}:{name[1]}")
    count = synthesizer.streams * synthesizer.workers
    streams = f"{count} stream{'s' * (count != 1)}"
    return f"{synthesizer.voice.name}, {streams} on {synthesizer.device}, {' '.join(places)}"
