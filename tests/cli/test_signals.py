"""Signals at any moment: the process dies of them and says nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import warm
from tests.cli.test_pipes import LINE, PATIENCE, SPEAK, long_script, read_some, started
from tests.conftest import TINY

PIPE = subprocess.PIPE

# Runs `vvcli speak`, and sends itself a signal, as often as is asked for, at its Nth import.
AT_AN_IMPORT = """
import os, runpy, sys, threading, time

number, imports, times = map(int, sys.argv[1:4])
seen = 0

def send():
    for _ in range(times):
        os.kill(os.getpid(), number)
        time.sleep(0.01)

def hook(event, args):
    global seen
    if event == "import":
        seen += 1
        if seen == imports:
            send() if times == 1 else threading.Thread(target=send, daemon=True).start()

sys.argv = ["vvcli", *sys.argv[4:]]
sys.addaudithook(hook)
runpy.run_module("vvcli", run_name="__main__", alter_sys=True)
"""


# The first few are of the package and its entry, before which Python itself is at work.
@pytest.mark.parametrize(
    ("number", "imports"),
    [
        (signal.SIGINT, 5),
        (signal.SIGINT, 20),
        (signal.SIGINT, 100),
        (signal.SIGINT, 200),
        (signal.SIGTERM, 20),
        (signal.SIGHUP, 20),
        pytest.param(signal.SIGINT, 700, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 900, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 1000, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 1000, marks=pytest.mark.slow),
    ],
)
def test_a_signal_while_imports_run(number: signal.Signals, imports: int) -> None:
    assert died(number, imports, 1) == (-number, b"")


@pytest.mark.parametrize(
    "imports",
    [20, 200, *(pytest.param(at, marks=pytest.mark.slow) for at in (700, 900))],
)
def test_six_signals_are_one(imports: int) -> None:
    assert died(signal.SIGINT, imports, 6) == (-signal.SIGINT, b"")


def died(number: int, imports: int, times: int) -> tuple[int, bytes]:
    words = [str(number), str(imports), str(times), "speak", "-q", "-m", str(TINY), "Hello."]
    done = subprocess.run(
        [sys.executable, "-c", AT_AN_IMPORT, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        timeout=PATIENCE,
    )
    return done.returncode, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_six_signals_while_speaking(tmp_path: Path, number: signal.Signals) -> None:
    command = [*SPEAK, "-q", "-i", str(long_script(tmp_path / "script.txt"))]
    with started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        read_some(process.stdout, lambda data: len(data) > 0)
        for _ in range(6):
            process.send_signal(number)
            time.sleep(0.005)
        process.stdout.close()
        assert process.wait(PATIENCE) == -number
        assert process.stderr.read() == b""


@pytest.mark.slow
def test_a_signal_that_the_parent_ignores_stays_ignored() -> None:
    """As in a job that a shell started with `&`, or by `nohup`."""
    numbers = signal.SIGINT, signal.SIGHUP, signal.SIGTERM
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        process = warm.Popen([*SPEAK, "-q"], stdin=PIPE, stdout=PIPE, stderr=PIPE)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    with process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(LINE)
        process.stdin.flush()
        read_some(process.stdout, lambda data: len(data) > 0)
        for number in numbers:
            process.send_signal(number)
        process.stdin.close()
        process.stdout.read()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""


IN_A_FINALIZER = """
import os, signal, time
from vvcli.cli.signals import Terminated, die_of, raise_on_signals

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)

raise_on_signals()
try:
    Finalized()
    time.sleep(60)
except Terminated as error:
    die_of(error.number)
"""


# As on a busy machine: the signal comes again before Python has left the finalizer.
AT_ONCE = """
import time
import vvcli.cli.signals as signals

deliver = signals._deliver_later

def slow(number):
    signals._deliver_later = deliver
    deliver(number)
    time.sleep(0.1)

signals._deliver_later = slow
"""


@pytest.mark.parametrize("before", ["", AT_ONCE], ids=["later", "at once"])
def test_a_signal_in_a_finalizer_is_not_lost(before: str) -> None:
    """Python drops what is raised there, and prints "Exception ignored in"."""
    done = subprocess.run(
        [sys.executable, "-c", before + IN_A_FINALIZER],
        stderr=subprocess.PIPE,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


# A command in whose way a library drops the signal, or makes an error of its own of it.
DROPPED = """
import os, signal, sys, time
import vvcli.cli.main as main

def command(context):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    except BaseException as error:
        if sys.argv[1] == "replaced":
            raise ImportError("a library") from error
    if sys.argv[1] == "cleared":
        time.sleep(60)
    return 0

main.vvcli.invoke = command
main.main()
"""


@pytest.mark.parametrize("how", ["cleared", "replaced", "cleared at the end"])
def test_a_signal_that_a_library_drops_is_not_lost(how: str) -> None:
    """As numpy's C code does with whatever is raised while it imports a module."""
    done = subprocess.run(
        [sys.executable, "-c", DROPPED, how], stderr=subprocess.PIPE, check=False, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, b"")


STUCK = """
import os, signal, time
from vvcli.cli.signals import CLEAN_UP, Terminated, raise_on_signals

raise_on_signals()
try:
    os.write(1, b"ready")
    time.sleep(60)
except Terminated:
    time.sleep(1.1 * CLEAN_UP)
    os.write(1, b"stuck")
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_clean_up_that_hangs_can_be_ended() -> None:
    with started([sys.executable, "-c", STUCK], stdout=subprocess.PIPE) as process:
        assert process.stdout
        for word in (b"ready", b"stuck"):
            assert os.read(process.stdout.fileno(), 10) == word
            process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == -signal.SIGINT
