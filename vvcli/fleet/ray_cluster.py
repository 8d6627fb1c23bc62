"""A Ray cluster: which one, and the connection to it, which alone imports Ray."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vvcli.errors import UnavailableError, UsageError

ADDRESS = "RAY_ADDRESS"
LOOPBACK = "127.0.0.1"

ONE_MACHINE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # the name is older than what it does

LONGEST_TAG = "ffffff-ffff-f"  # of a worker: the run, the worker, and how often it was started


@dataclass(frozen=True)
class RayCluster:
    """A cluster that makes the files of a batch.

    Attributes:
        folder: of the files, which all machines of the cluster share.
        address: "HOST:PORT" of the cluster; None: what RAY_ADDRESS says, else a cluster of this
            machine alone, which ends with its user.
    """

    folder: Path
    address: str | None = None


def connect(cluster: RayCluster) -> Any:
    """The module `ray`, connected to `cluster`; to be ended by its `shutdown`.

    Raises:
        UsageError: Ray is not installed.
        UnavailableError: there is no such cluster.
    """
    address = cluster.address or os.environ.get(ADDRESS) or None
    if address is not None and address.startswith("ray://"):
        raise UnavailableError(
            f"no Ray cluster at {address!r}: that is for clients outside of it; name its own "
            "address, HOST:PORT, on one of its machines"
        )
    # Nothing is told to anyone about a cluster of this machine.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is None:
        # Else Ray takes 127.0.0.1 for the address of this machine in its network, and listens on
        # every interface. Read when Ray is imported.
        os.environ[ONE_MACHINE] = "0"
    try:
        import ray
    except ImportError as error:
        raise UsageError("Ray is not installed: pip install 'vvcli[ray]'") from error
    options: dict[str, Any] = {"address": address, "namespace": "vvcli"}
    if address is None:
        options |= {
            "address": "local",
            "include_dashboard": False,
            "_node_ip_address": LOOPBACK,
        }
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        ray.shutdown()
        where = "here" if address is None else f"at {address!r}"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnavailableError(f"no Ray cluster {where}: {reason}") from error
    finally:
        # Ray takes signals for itself.
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                if handler is not None:
                    signal.signal(number, handler)
    return ray


def count_workers(ray: Any, device: str, workers: int) -> tuple[int, dict[str, float]]:
    """How many workers the cluster has room for, and what each takes of it.

    That is a worker for every GPU that is free; where there is none, or a CPU is asked for, so many
    `workers` for each machine.

    Raises:
        UsageError: single devices are named, of which the cluster knows nothing.
        UnavailableError: a GPU is asked for, and none is free.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"a Ray cluster hands out its devices itself: {device!r} cannot be named")
    if device != "cpu":
        gpus = int(ray.available_resources().get("GPU", 0))
        if gpus:
            return gpus, {"num_gpus": 1, "num_cpus": 0}
        if device == "cuda" or ray.cluster_resources().get("GPU", 0):
            raise UnavailableError("no GPU of the Ray cluster is free")
    nodes = sum(bool(node["Alive"]) for node in ray.nodes())
    count = workers * max(1, nodes)
    cpus = ray.available_resources().get("CPU", 0.0)
    if cpus <= 0:
        raise UnavailableError("no CPU of the Ray cluster is free")
    return count, {"num_gpus": 0, "num_cpus": min(1.0, int(100 * cpus / count) / 100)}
