"""Processes that begin with torch and vvcli imported: `subprocess.Popen` in a tenth of the time.

`import torch` is most of what a short `vvcli` process does. A helper has imported it, without
starting a thread, and forks for each command. The fork becomes a child of the caller; it has the
descriptors, signals, session, folder, environment and arguments of a fresh Python, and ends as one.
Where a fork would not be like a fresh Python (an option or a variable that matters earlier, another
system than Linux), a fresh one is started.

Tests of what is imported and when, of memory, of closed or inherited descriptors, and those in
which strings must have different hashes in different processes use `subprocess` itself.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import importlib
import inspect
import io
import json
import os
import resource
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

MODULES = (
    *("safetensors.torch", "vvcli.checkpoint.voices", "vvcli.synthesizer"),
    *("vvcli.frontend.english.rules", "vvcli.progress.bar"),
    *("vvcli.cli.batch_run", "vvcli.cli.main", "vvcli.cli.speak", "vvcli.cli.speak_run"),
)
OPTIONS = {"stdin", "stdout", "stderr", "cwd", "env", "text", "start_new_session", "pass_fds"}
# Variables that are read when they are needed, not when a module is imported, or that vvcli sets.
READ_LATE = (
    *("VVCLI_", "XDG_", "PYTEST_", "HOME", "PATH", "TERM", "COLUMNS", "NO_COLOR", "CI", "HF_"),
    *("CUDA_VISIBLE_DEVICES", "GOMP_SPINCOUNT", "PYTORCH_CUDA_ALLOC_CONF", "RAY_"),
    *("TORCHINDUCTOR_CACHE_DIR", "TRITON_", "_VVCLI_", "COMP_"),
)

TINY = Path(__file__).parent / "data" / "tiny"
LIMITS = range(resource.RLIMIT_NOFILE + 1)

SIZE = 8  # bytes of a number on the helper's socket
MOST = 16  # descriptors of a request
SPACE = 4000  # bytes of a command that `ps` shows
PR_SET_CHILD_SUBREAPER = 36

START = dict(os.environ)  # of the helper
_prctl = getattr(ctypes.CDLL(None), "prctl", lambda *_: -1)
_lock = threading.Lock()
_helpers: list[socket.socket] = []  # the one, when it is needed


class Popen(subprocess.Popen[Any]):
    """A process that runs `[sys.executable, "-m" or "-c", ...]`; see above.

    `closed` are those of the three standard descriptors that it does not have. With `embedded`, it
    has the embedded model at once, and the tiny one as always.
    """

    def __init__(
        self,
        command: list[str],
        closed: Sequence[int] = (),
        *,
        embedded: bool = False,
        **options: Any,
    ) -> None:
        self.is_warm = (
            command[0] == sys.executable
            and command[1] in ("-m", "-c")
            and options.keys() <= OPTIONS
            and _early(options.get("env", os.environ)) == _early(START)
            and _prctl(PR_SET_CHILD_SUBREAPER, 0) == 0
        )
        self._closed, self._embedded = closed, embedded
        if closed and not self.is_warm:
            script = f'exec "$@" {" ".join(f"{number}>&-" for number in closed)}'
            command = ["/bin/sh", "-c", script, "sh", *command]
        super().__init__(command, **options)

    def _execute_child(self, *values: Any) -> None:
        start: Any = super()._execute_child  # type: ignore[misc]
        if not self.is_warm:
            start(*values)
            return
        given = dict(zip(inspect.signature(start).parameters, values, strict=True))
        ends = [given[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        request = {
            "command": given["args"],
            "folder": os.path.realpath(given["cwd"] or "."),
            "environment": dict(os.environ if given["env"] is None else given["env"]),
            "has_session": given["start_new_session"],
            "inherited": _inherited(),
            "numbers": [0, 1, 2, *given["pass_fds"]],
            "closed": self._closed,
            "embedded": self._embedded,
        }
        ends = [own if end == -1 else end for own, end in enumerate(ends)]
        try:
            sent = json.dumps(request).encode()
            self.pid = _fork(sent, [*ends, *given["pass_fds"]])
            self._child_created = True
        finally:
            names = "p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"
            self._close_pipe_fds(*(given[name] for name in names))  # type: ignore[attr-defined]


def _inherited() -> dict[str, Any]:
    """What a child has of this process as it is now; the helper began earlier."""
    umask = os.umask(0)
    os.umask(umask)
    return {
        "ignored": [*_ignored()],
        "blocked": [*signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "umask": umask,
        "niceness": os.nice(0),
        "limits": [resource.getrlimit(number) for number in LIMITS],
    }


def _ignored() -> set[int]:
    """Signals that are ignored, as the system has it: libraries change that behind Python."""
    status = Path("/proc/self/status").read_text()
    mask = int(status.split("SigIgn:")[1].split()[0], 16)
    return {number for number in signal.valid_signals() if mask >> (number - 1) & 1}


def run(
    command: list[str],
    *,
    input: Any = None,  # noqa: A002 - as in subprocess
    capture_output: bool = False,
    check: bool = False,
    timeout: float | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run a command to its end, as `subprocess.run` does."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if input is not None:
        options["stdin"] = subprocess.PIPE
    with Popen(command, **options) as process:
        try:
            output, errors = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(command, process.returncode, output, errors)
    if check:
        done.check_returncode()
    return done


@contextmanager
def program(path: Path) -> Iterator[None]:
    """Have a program at `path` that runs `vvcli` from here, whoever starts it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{path}.socket")
        listener.listen()
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        text = f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -IS -c {shlex.quote(CLIENT)} "
        path.write_text(f'{text}{shlex.quote(listener.getsockname())} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)


CLIENT = """
import json, os, socket, sys
_, path, *arguments = sys.argv
with socket.socket(socket.AF_UNIX) as server:
    server.connect(path)
    socket.send_fds(server, [b"3"], [0, 1, 2])
    request = {"arguments": arguments, "cwd": os.getcwd(), "env": dict(os.environ)}
    server.sendall(json.dumps(request).encode())
    server.shutdown(socket.SHUT_WR)
    os._exit(server.recv(1)[0])
"""


def _accept(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            threading.Thread(target=_run, args=listener.accept()[:1], daemon=True).start()


def _run(client: socket.socket) -> None:
    """Run what a `CLIENT` asks for with its descriptors, and send its status, as a shell has it."""
    with client:
        _, descriptors, _, _ = socket.recv_fds(client, 1, 3)
        request = json.loads(client.makefile().read())
        command = [sys.executable, "-m", "vvcli", *request["arguments"]]
        # Not what a shell adds, such as `_` and SHLVL.
        late = {name: text for name, text in request["env"].items() if name.startswith(READ_LATE)}
        options = {"cwd": request["cwd"], "env": _early(START) | late}
        options |= dict(zip(("stdin", "stdout", "stderr"), descriptors, strict=True))
        with Popen(command, embedded=True, **options) as process:
            for end in descriptors:
                os.close(end)
        status = process.returncode
        client.sendall(bytes([status if status >= 0 else 128 - status]))


def popen_module() -> Any:
    """`subprocess` for a module whose processes are to begin warm."""
    return types.SimpleNamespace(**vars(subprocess) | {"Popen": Popen})


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if not name.startswith(READ_LATE)}


def _helper() -> socket.socket:
    if not _helpers:
        ours, theirs = socket.socketpair()
        with theirs:
            code = f"from tests.warm import serve; serve({theirs.fileno()})"
            process = subprocess.Popen(
                [sys.executable, "-c", f"{code}  #".ljust(SPACE)],
                pass_fds=[theirs.fileno()],
                cwd=Path(__file__).parents[1],
                env=START,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(process.wait)
        atexit.register(ours.close)  # before
        _helpers.append(ours)
    return _helpers[0]


def _fork(request: bytes, descriptors: list[int]) -> int:
    """Have a process started, and adopt it: its parent ends, and we are the next that adopts."""
    with _lock:
        helper = _helper()
        socket.send_fds(helper, [len(request).to_bytes(SIZE, "big")], descriptors)
        helper.sendall(request)
        pid = int.from_bytes(helper.recv(SIZE, socket.MSG_WAITALL), "big")
        if not pid:
            raise OSError("the helper of tests.warm has ended")
        _prctl(PR_SET_CHILD_SUBREAPER, 1)  # no longer than needed: no other orphan should come here
        helper.sendall(b"\0")
        helper.recv(1)
        _prctl(PR_SET_CHILD_SUBREAPER, 0)
    return pid


# --- the helper


def serve(descriptor: int) -> None:
    """Import all, and fork for each request of the socket; see `_answer`."""
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")  # as `vvcli.cli.main` does, before torch
    for name in MODULES:
        importlib.import_module(name)
    _speak(TINY)
    _answer(socket.socket(fileno=descriptor))


def _speak(folder: Path) -> None:
    """Say a word with a model, which all forks from now on share.

    Most of what one would compute for a few words is the model as it is packed for a CPU, and the
    code that oneDNN makes for each of its shapes. A pool of threads would be missing in the forks.
    """
    if START.get("OMP_NUM_THREADS") == "1":
        shared_model = importlib.import_module("tests.shared_model")
        shared_model.FOLDERS.add(folder)
        shared_model.share()
        synthesizer = importlib.import_module("vvcli.synthesizer").Synthesizer
        list(synthesizer(str(folder)).speak(["Yes."]))
        assert len([*Path("/proc/self/task").iterdir()]) == 1, "a fork would miss a thread"
    gc.collect()
    gc.freeze()  # no fork copies these pages to look for garbage in them


def _answer(helper: socket.socket) -> None:
    """Fork for each request, until nobody is at the other end; return in a fork that has run."""
    has_embedded = False
    while True:
        size, descriptors, _, _ = socket.recv_fds(helper, SIZE, MOST)
        if not size:
            os._exit(0)
        request = json.loads(helper.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL))
        if request.pop("embedded") and not has_embedded:
            _speak(importlib.import_module("vvcli.checkpoint.hub").embedded_model())
            has_embedded = True
        parent = os.fork()
        if not parent:
            break
        os.waitpid(parent, 0)
        helper.sendall(b"\0")
        for end in descriptors:
            os.close(end)
    parent = os.getpid()
    if child := os.fork():
        helper.sendall(child.to_bytes(SIZE, "big"))
        helper.recv(1)
        os._exit(0)
    while os.getppid() == parent:
        time.sleep(0.001)
    _begin(descriptors, **request)


def _inherit(
    ignored: list[int],
    blocked: list[int],
    umask: int,
    niceness: int,
    limits: list[tuple[int, int]],
) -> None:
    """Take over what `_inherited` found in the process that this one stands to be a child of."""
    wanted = {*ignored, signal.SIGPIPE, signal.SIGXFSZ}  # Python ignores these two by itself
    for number in _ignored() ^ wanted:
        signal.signal(number, signal.SIG_IGN if number in wanted else signal.SIG_DFL)
    if signal.SIGINT not in ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    os.umask(umask)
    os.nice(niceness - os.nice(0))
    for kind, (soft, hard) in zip(LIMITS, limits, strict=True):
        if resource.getrlimit(kind) != (soft, hard):
            resource.setrlimit(kind, (soft, hard))


def _begin(
    descriptors: list[int],
    command: list[str],
    folder: str,
    environment: dict[str, str],
    has_session: bool,
    inherited: dict[str, Any],
    numbers: list[int],
    closed: list[int],
) -> None:
    """Run `command` as if Python had just started."""
    _inherit(**inherited)
    if has_session:
        os.setsid()
    _place(descriptors, numbers)
    _rename(command)
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if number in closed:
            os.close(number)
            setattr(sys, name, None)
            setattr(sys, f"__{name}__", None)
            continue
        old = getattr(sys, name)
        at_once = old.write_through  # as with PYTHONUNBUFFERED
        size = 0 if at_once and mode == "w" else -1
        data: Any = open(number, mode + "b", size, closefd=False)  # noqa: SIM115 - to the end
        by_line = not at_once and (number == 2 or data.isatty())
        text = io.TextIOWrapper(data, old.encoding, old.errors, "\n", by_line, at_once)
        (data.raw if size else data).name = f"<{name}>"
        text.mode = mode  # type: ignore[misc]
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if "workers" in " ".join(command):
        _warm_workers()
    _, option, program, *arguments = sys.orig_argv = command
    sys.argv = [option, *arguments]
    sys.path[0] = folder if option == "-m" else ""
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    if option == "-m":
        runpy._run_module_as_main(program)  # type: ignore[attr-defined]
    else:
        exec(compile(program, "<string>", "exec"), vars(main))  # noqa: S102
        _end()


def _end() -> None:
    """End as Python does, but for taking every module apart: that is 0.4 s of copied pages."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(Exception):  # Python itself says what is wrong
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(0)


def _place(descriptors: list[int], numbers: list[int]) -> None:
    """Give the descriptors their numbers, and close all others."""
    beyond = max(numbers) + 1
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD, beyond) for end in descriptors]
    for number, end in zip(numbers, moved, strict=True):
        os.dup2(end, number)
    for low, high in pairwise([*sorted(numbers), os.sysconf("SC_OPEN_MAX")]):
        os.closerange(low + 1, high)


def _rename(command: list[str]) -> None:
    """Have `ps` show `command`, where the command line of the helper was."""
    numbers = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = map(int, numbers[45:47])
    words = "\0".join(command).encode("utf-8", "surrogateescape")[: end - start - 1]
    ctypes.memmove(start, words.ljust(end - start, b"\0"), end - start)


def _warm_workers() -> None:
    """Leave a helper of its own to a process that will start workers: they are its children."""
    ours, theirs = socket.socketpair()
    if not os.fork():
        ours.close()
        os.setsid()
        for number in range(3):  # the ends of pipes are not to be held by it
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        _answer(theirs)
        sys.exit()
    theirs.close()
    _helpers[:] = [ours]
    processes: Any = importlib.import_module("vvcli.fleet.processes")
    processes.subprocess = popen_module()
