"""A server whose sessions are spoken by several workers."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fleet.processes import is_running, wait_until_gone
from tests.serve.server import ENDLESS, KILL, LONG, SHORT, TERM, Server, running, speech, wait_until

pytestmark = pytest.mark.slow

WORKERS = ("--device", "cpu", "--workers", "2")


def workers_of(server: Server) -> list[int]:
    command = ["ps", "-ww", "--ppid", str(server.process.pid), "-o", "pid=,args="]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [int(line.split()[0]) for line in lines.splitlines() if "vvcli.fleet.child" in line]


def test_the_bytes_are_those_of_one_worker(tmp_path: Path, expected: dict[str, bytes]) -> None:
    """Also where workers are killed: what they had is spoken again, and the server goes on."""
    with running(tmp_path, *WORKERS) as server:
        assert "6 streams on cpu 0, cpu 1" in server.said
        workers = workers_of(server)
        assert len(workers) == 2
        with server.connect() as client, ThreadPoolExecutor(4) as pool:
            client.sendall(speech(ENDLESS))  # and reads nothing
            texts = [SHORT, LONG, "Hello there."] * 8
            found = [pool.submit(server.speak, text) for text in texts]
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            assert [each.result() for each in found] == [expected[text] for text in texts]
        wait_until(lambda: not server.figure("vvcli_sessions"))
        wait_until(lambda: len(workers_of(server)) == 2)
        assert not {*workers} & {*workers_of(server)}
        left = workers_of(server)
        server.signal(TERM)
        assert server.wait() == 0
        wait_until_gone(left)


def test_no_worker_survives_its_server(tmp_path: Path) -> None:
    with running(tmp_path, *WORKERS) as server:
        workers = workers_of(server)
        server.signal(KILL)
        assert server.wait() == -9
        wait_until_gone(workers)


def test_a_server_without_workers_is_over(tmp_path: Path) -> None:
    with running(tmp_path, *WORKERS) as server:
        while server.process.poll() is None:
            for worker in filter(is_running, workers_of(server)):
                os.kill(worker, signal.SIGKILL)
            with ThreadPoolExecutor(1) as pool:  # a death is seen as something is to be spoken
                pool.submit(ask, server)
        assert server.wait() == 4
        assert server.process.stderr is not None
        said = server.process.stderr.read().decode()
        assert "was killed by SIGKILL: it is started again" in said
        assert said.splitlines()[-1].startswith("vvcli: no worker is left: cpu ")


def ask(server: Server) -> None:
    """Ask for speech, and take what comes."""
    try:
        with server.connect() as client:
            client.sendall(speech(SHORT))
            client.recv(1)
    except OSError:
        pass
