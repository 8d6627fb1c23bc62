"""A batch on a Ray cluster that breaks in every way: are the files as in one process?

    python -m tests.fleet.ray_deaths --records 500

A program, not a test: it takes minutes. It starts a head and a node on 127.0.0.1, each with CPU
workers and the tiny model, and says of each way what became of the files and the manifest, and
whether an actor was left behind.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.batch.fakes import files
from tests.conftest import TINY

OPTIONS = ["-q", "-m", str(TINY), "-V", "Ada", "--deterministic", "--device", "cpu"]
PATIENCE = 180.0  # seconds
HOST = "127.0.0.1"
ACTOR = "ray::RayWorker"
PS = ["ps", "-ww", "-eo", "pid=,ppid=,args="]


def actors(above: set[int]) -> list[int]:
    """The processes of actors that descend from those `above`."""
    listing = subprocess.run(PS, capture_output=True, check=True)
    parents, found = {}, []
    for line in listing.stdout.decode(errors="replace").splitlines():
        pid, parent, arguments = line.split(None, 2)
        parents[int(pid)] = int(parent)
        if arguments.startswith(ACTOR):
            found.append(int(pid))

    def is_below(pid: int) -> bool:
        while pid in parents:
            if pid in above:
                return True
            pid = parents[pid]
        return False

    return [pid for pid in found if is_below(pid)]


def wait_for(what: Callable[[], Any]) -> Any:
    """The first true value of `what`."""
    give_up = time.monotonic() + PATIENCE
    while not (found := what()):
        if time.monotonic() > give_up:
            raise TimeoutError(what)
        time.sleep(0.02)
    return found


def say(line: str) -> None:
    """Tell at once what was found."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Broken:
    """Runs of the command on one cluster, each disturbed in some way."""

    def __init__(self, folder: Path, records: int) -> None:
        from ray.cluster_utils import Cluster

        self.folder = folder
        self.records = records
        self.script = folder / "script.txt"
        self.script.write_text("".join(f"This is number {n}, and more.\n" for n in range(records)))
        self.run("one", [])
        self.whole = files(folder / "one")
        machine: dict[str, Any] = {"num_cpus": 2, "node_ip_address": HOST}
        head = machine | {"include_dashboard": False}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self.node = self.cluster.add_node(**machine)

    @property
    def raylets(self) -> set[int]:
        """Processes that actors descend from."""
        return {
            process.process.pid
            for node in self.cluster.list_all_nodes()
            for process in node.all_processes["raylet"]
        }

    def start(self, out: str, options: list[str], **more: Any) -> subprocess.Popen[bytes]:
        """The command, on `out`."""
        command = ["batch", str(self.script), "-d", str(self.folder / out), *OPTIONS, *options]
        return subprocess.Popen([sys.executable, "-m", "vvcli", *command], **more)

    def run(self, out: str, options: list[str]) -> int:
        """The command, to its end; its status."""
        with self.start(out, options) as process:
            return process.wait(PATIENCE * 4)

    @property
    def on_ray(self) -> list[str]:
        return ["--ray", "--ray-address", self.cluster.address]

    def done(self, out: str) -> int:
        """Lines of the manifest."""
        manifest = self.folder / out / "manifest.jsonl"
        return manifest.read_bytes().count(b"\n") if manifest.exists() else 0

    def disturbed(self, out: str, disturb: Callable[[subprocess.Popen[bytes]], object]) -> int:
        """The command, disturbed when a tenth is done; its status."""
        with self.start(out, self.on_ray) as process:
            wait_for(lambda: self.done(out) > self.records // 10 or process.poll() is not None)
            if process.poll() is not None:
                raise RuntimeError(f"{out}: it ended before it was disturbed")
            left = self.records - self.done(out)
            disturb(process)
            status = process.wait(PATIENCE * 4)
        wait_for(lambda: not actors(self.raylets))
        say(f"{out}: disturbed with {left} of {self.records} left, status {status}")
        return status

    def check(self, out: str) -> bool:
        """Say whether the files of `out` are those of one process, each record once."""
        lines = (self.folder / out / "manifest.jsonl").read_text().splitlines()
        once = sorted(json.loads(line)["index"] for line in lines) == [*range(self.records)]
        alike = files(self.folder / out) == self.whole
        say(f"{out}: files {'alike' if alike else 'DIFFER'}, records once: {once}")
        return alike and once

    def every_way(self) -> bool:
        """Try all ways; whether each left what one process makes."""

        def kill_actor(_: subprocess.Popen[bytes]) -> None:
            os.kill(actors(self.raylets)[0], signal.SIGKILL)

        good = self.disturbed("actor", kill_actor) == 0
        good &= self.check("actor")
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
            name = number.name.lower()
            disturb = partial(subprocess.Popen.send_signal, sig=number)
            good &= self.disturbed(name, disturb) == -number
            good &= self.run(name, self.on_ray) == 0
            good &= self.check(name)
        good &= self.disturbed("node", lambda _: self.lose_node()) == 0
        good &= self.check("node")
        return self.refuses_what_is_not_shared() and good

    def lose_node(self) -> None:
        """The machine of the second node is gone."""
        self.cluster.remove_node(self.node, allow_graceful=False)

    def refuses_what_is_not_shared(self) -> bool:
        """A folder that is another one, or none, in every other process."""
        (self.folder / "mine").mkdir()
        descriptor = os.open(self.folder / "mine", os.O_RDONLY | os.O_DIRECTORY)
        try:
            with self.start(
                f"/proc/self/fd/{descriptor}",
                self.on_ray,
                pass_fds=[descriptor],
                stderr=subprocess.PIPE,
            ) as process:
                errors = process.communicate(timeout=PATIENCE)[1].decode()
        finally:
            os.close(descriptor)
        wait_for(lambda: not actors(self.raylets))
        say(f"not shared: status {process.returncode}: {errors.strip()}")
        return process.returncode == 2 and "is not shared with" in errors


def main() -> None:
    """Start the cluster, and break it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=500)
    records = parser.parse_args().records
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    os.environ.pop("RAY_ADDRESS", None)
    with tempfile.TemporaryDirectory() as folder:
        broken = Broken(Path(folder), records)
        try:
            good = broken.every_way()
        finally:
            broken.cluster.shutdown()
    sys.exit(not good)


if __name__ == "__main__":
    main()
