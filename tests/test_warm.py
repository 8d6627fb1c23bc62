"""A process that begins warm is one that began cold, for all that is seen of it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import warm

PIPE = subprocess.PIPE
TINY = Path(__file__).parent / "data" / "tiny"  # not of conftest, which imports much
VVCLI = [sys.executable, "-m", "vvcli"]
SPEAK = [*VVCLI, "speak", "-m", str(TINY), "-V", "Ada", "--deterministic"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="nothing begins warm elsewhere"),
]

# Whatever of a process could differ, and is alike in two that are started alike.
STATE = """
import gc, os, pathlib, random, resource, signal, sys, threading, __main__
status = dict(
    line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines()
)
streams = sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__
print(
    sys.argv, sys.orig_argv, sys.path, sys.flags, __name__, vars(__main__).get("__spec__"),
    os.getcwd(), sorted(os.environ.items()), os.umask(0), os.nice(0),
    os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid(), os.getppid(),
    [status[name].strip() for name in ("SigBlk", "SigIgn", "Threads", "NoNewPrivs")],
    hex(int(status["SigCgt"], 16) & ~(3 << 31)),  # but for those of the C library's threads
    [signal.getsignal(number) for number in signal.valid_signals()],
    [resource.getrlimit(number) for number in range(resource.RLIMIT_NOFILE + 1)],
    sorted(path.name for path in pathlib.Path("/proc/self/fd").iterdir()),
    gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(), sys.gettrace(),
    threading.current_thread() is threading.main_thread(), threading.get_native_id() == os.getpid(),
    *((s.name, s.mode, s.encoding, s.errors, s.newlines, s.line_buffering, s.write_through,
       type(s.buffer), s.fileno(), s.isatty()) for s in streams),
    sep="\\n",
)
"""
SEEN = [sys.executable, "-c", STATE, "-m", "\udcff é"]


@pytest.fixture(autouse=True)
def environment_of_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries that other tests import leave variables, with which a process begins cold."""
    for name in os.environ.keys() - warm.START.keys():
        if not name.startswith("PYTEST_"):
            monkeypatch.delenv(name)
    for name, text in warm.START.items():
        monkeypatch.setenv(name, text)


def both(command: list[str], **options: Any) -> tuple[Any, Any]:
    """What is seen of a process that begins cold, and of one that begins warm."""
    with warm.Popen([sys.executable, "-c", "import os; os._exit(0)"]) as process:
        assert process.is_warm
    found = [
        run(command, capture_output=True, timeout=100, check=False, **options)
        for run in (subprocess.run, warm.run)
    ]
    cold, warmed = ((each.returncode, each.stdout, each.stderr) for each in found)
    return cold, warmed


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["speak", "-q", "-m", str(TINY), "-V", "Ada", "--deterministic"], 0),
        (["speak", "-m", "x", "-i", "/nowhere"], 2),
        (["sing"], 2),
    ],
    ids=["spoken", "no input", "no command"],
)
def test_a_command_does_the_same(arguments: list[str], status: int) -> None:
    cold, warmed = both([*VVCLI, *arguments], input=b"Hello there.\nYes.\n")
    assert cold == warmed
    assert cold[0] == status


CLOSED = """
import os, sys
found = []
for number in range(3):
    try:
        os.fstat(number)
        found.append(number)
    except OSError:
        pass
os.write(int(sys.argv[1]), repr([found, sys.stdin, sys.__stdout__, sys.stderr]).encode())
"""


@pytest.mark.parametrize("closed", [[0, 1, 2], [1], [0, 2]])
def test_a_closed_descriptor_is_as_after_a_shell(tmp_path: Path, closed: list[int]) -> None:
    seen = []
    for path in (tmp_path / "cold", tmp_path / "warm"):
        with path.open("wb") as file:
            command = [sys.executable, "-c", CLOSED, str(file.fileno())]
            early = {"PYTHONNOUSERSITE": "1"} if path.name == "cold" else {}
            with warm.Popen(
                command, closed, env=os.environ | early, pass_fds=[file.fileno()]
            ) as process:
                assert process.is_warm == (path.name == "warm")
            assert process.returncode == 0
        seen.append(path.read_bytes())
    assert seen[0] == seen[1] != b""


def compare(session: bool) -> None:
    """Start two processes alike, and tell them apart.

    `session` is whether they begin one of their own.
    """
    environment = os.environ | {"VVCLI_STEPS": "1", "HOME": "\udcff é"}
    cold, warmed = both(SEEN, env=environment, start_new_session=session, text=True)
    assert cold[0] == 0, cold
    assert warmed[1].splitlines() == cold[1].splitlines()


def compare_after_changes() -> None:
    """Change what is inherited, once the helper has begun."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    compare(True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    compare(False)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files[0], 200), files[1]))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    ctypes.CDLL(None).signal(signal.SIGQUIT, 0)  # behind Python
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.umask(0o027)
    compare(True)


def test_it_begins_as_a_fresh_python() -> None:
    """In a process of its own: tests before this one have left traces here."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests import test_warm; test_warm.compare_after_changes()"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_it_dies_of_a_signal(number: signal.Signals) -> None:
    process: Any = warm.Popen([*SPEAK, "-q"], stdin=PIPE, stdout=PIPE, stderr=PIPE)
    with process:
        process.stdin.write(b"Yes.\n")
        process.stdin.flush()
        assert process.stdout.read(1)
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(100) == -number
        assert process.stderr.read() == b""


def test_it_dies_of_a_broken_pipe() -> None:
    process: Any = warm.Popen([*SPEAK, "-q", 100 * "Yes. "], stdout=PIPE, stderr=PIPE)
    with process:
        process.stdout.close()
        assert process.wait(100) == -signal.SIGPIPE
        assert process.stderr.read() == b""


EXITS = {
    "sys.exit(3)": 3,
    "sys.exit('a sentence')": 1,
    "os._exit(4)": 4,
    "import atexit; atexit.register(print, 'at the end')": 0,
    "print('not flushed yet', end='')": 0,
    "import threading; threading.Timer(0.01, print, ['later']).start()": 0,
    "1 / 0": 1,
    "raise KeyboardInterrupt": -signal.SIGINT,
    "os.kill(os.getpid(), signal.SIGXFSZ)": 0,  # Python ignores it
    "os.close(1); os.write(1, b'')": 1,
}


@pytest.mark.parametrize(("code", "status"), EXITS.items(), ids=EXITS)
def test_it_ends_as_a_fresh_python(code: str, status: int) -> None:
    cold, warmed = both([sys.executable, "-c", f"import os, signal, sys\n{code}"])
    last = [each[2].splitlines()[-1:] for each in (cold, warmed)]  # a traceback has other frames
    assert warmed[:2] == cold[:2]
    assert last[0] == last[1]
    assert cold[0] == status


def test_two_at_once_hold_nothing_of_each_other() -> None:
    """The end of a pipe is seen when its own process is gone."""
    waiting = [sys.executable, "-c", "input()"]
    first, second = (warm.Popen(waiting, stdin=PIPE, stdout=PIPE) for _ in range(2))
    with first, second:
        assert first.stdout
        assert second.stdin
        assert second.stdout
        second.stdin.close()
        assert second.stdout.read() == b""
        assert second.wait(100) == 1
        first.kill()
        assert first.stdout.read() == b""
        assert first.wait(100) == -signal.SIGKILL


@pytest.mark.parametrize(
    "options",
    [
        {"env": os.environ | {"OMP_NUM_THREADS": "2"}},
        {"env": {"HOME": "/"}},
        {"close_fds": False},
        {"bufsize": 0},
    ],
    ids=["threads", "nothing", "inherited", "unbuffered"],
)
def test_what_matters_earlier_begins_cold(options: dict[str, Any]) -> None:
    code = "import os, sys; print(*sorted(sys.modules), 'torch' in sys.modules)"
    with warm.Popen([sys.executable, "-c", code], stdout=PIPE, **options) as process:
        assert process.stdout
        assert process.stdout.read().split()[-1] == b"False"
