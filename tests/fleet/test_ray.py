"""Workers as actors of a real Ray cluster, on 127.0.0.1, with the tiny model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests import warm
from tests.batch.fakes import files
from tests.conftest import TINY, InProcess
from tests.fleet.ray_deaths import actors, wait_for
from vvcli.errors import UnavailableError
from vvcli.fleet.ray_actors import RayPool
from vvcli.fleet.ray_cluster import RayCluster, connect

RECORDS = 60
PATIENCE = 300


# `vvcli`, which writes down where the nodes of its cluster listen.
SEEN = """
import os
from pathlib import Path
from vvcli.cli.main import main
from vvcli.fleet import ray_actors
def seen(cluster, connect=ray_actors.connect):
    ray = connect(cluster)
    nodes = [node["NodeManagerAddress"] for node in ray.nodes()]
    Path(os.environ["SEEN"]).write_text(" ".join(nodes))
    return ray
ray_actors.connect = seen
main()
"""


@pytest.mark.slow
def test_files_of_a_cluster_are_those_of_one_process(tmp_path: Path, vvcli: InProcess) -> None:
    """Although an actor dies over them, and Ray prints that; and it listens on loopback alone.

    `tests/fleet/ray_deaths.py` tries all else that can happen to a cluster.
    """
    pytest.importorskip("ray", reason="Ray is not installed")
    script = tmp_path / "script.txt"
    script.write_text("\n".join(f"Line {n}." for n in range(RECORDS)))
    options = ["-q", "-m", str(TINY), "-V", "Ada", "--deterministic", "--device", "cpu"]
    assert vvcli("batch", script, "-d", tmp_path / "one", *options).status == 0
    out, manifest = tmp_path / "out", tmp_path / "out" / "manifest.jsonl"
    command = ["batch", str(script), "-d", str(out), *options, "--ray", "--workers", "2"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with subprocess.Popen(
        [sys.executable, "-c", SEEN, *command],
        env=environment | {"SEEN": str(tmp_path / "nodes")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        wait_for(
            lambda: process.poll() is not None or (manifest.exists() and manifest.read_bytes())
        )
        for actor in actors({process.pid})[:1]:
            with suppress(ProcessLookupError):  # it was done
                os.kill(actor, signal.SIGKILL)
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (0, b""), errors
    assert (tmp_path / "nodes").read_text() == "127.0.0.1"
    assert files(out) == files(tmp_path / "one")
    assert len(files(out)) == RECORDS
    entries = [json.loads(line) for line in manifest.read_text().splitlines()]
    assert sorted(entry["index"] for entry in entries) == [*range(RECORDS)]


def test_waking_ends_a_wait_for_actors() -> None:
    """As closing by another thread does."""

    class Silent:
        """Ray, while no actor says anything."""

        waits = 0

        def wait(self, refs: list[object], timeout: float) -> tuple[list[object], list[object]]:
            self.waits += 1
            assert self.waits < 10
            pool.wake()
            return [], refs

    pool = object.__new__(RayPool)
    pool._outbox, pool._refs = {}, {object(): (0, True)}
    pool._ray, pool._woken = Silent(), threading.Event()
    assert pool.wait() == []
    assert pool.wait(0.0) == []


def test_an_address_needs_ray_to_be_asked_for(vvcli: InProcess, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("Hello.")
    result = vvcli("batch", script, "-d", tmp_path / "out", "--ray-address", "127.0.0.1:1")
    assert result.status == 2
    assert "--ray-address" in result.error
    assert not (tmp_path / "out").exists()


def test_an_address_for_clients_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="is for clients outside of it"):
        connect(RayCluster(tmp_path, "ray://127.0.0.1:10001"))


@pytest.mark.slow
def test_ray_is_not_imported_unless_it_is_asked_for() -> None:
    code = (
        "import sys, vvcli.cli.batch, vvcli.fleet.open, vvcli.fleet.ray_cluster\n"
        "assert 'ray' not in sys.modules\n"
    )
    environment = os.environ | {"RAY_ADDRESS": "127.0.0.1:1"}
    assert warm.run([sys.executable, "-c", code], env=environment).returncode == 0
