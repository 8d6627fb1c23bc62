"""The processors that a worker runs on."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

SYSFS = Path("/sys/bus/pci/devices")
BUS_ID_BYTES = 32


def shares(workers: int) -> list[list[int]]:
    """The processors of this process, in as many shares as there are workers.

    With fewer processors than workers, some workers share one.
    """
    cores = available()
    if len(cores) < workers:
        return [[cores[number % len(cores)]] for number in range(workers)]
    bounds = [number * len(cores) // workers for number in range(workers + 1)]
    return [cores[start:end] for start, end in pairwise(bounds)]


def threads_each(workers: int) -> int:
    """Threads that each of `workers` may keep busy on the processors of this process."""
    return max(1, len(available()) // workers)


def available() -> list[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(cores: list[int]) -> None:
    """Run on `cores` alone, where the system can do that and they are there."""
    usable = set(cores).intersection(available())
    if usable and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, usable)


def near_gpu(sysfs: Path = SYSFS) -> list[int]:
    """The processors of the NUMA node of the first GPU that this process sees; none if unknown.

    Two workers that ran wherever the system put them have been slower than one elsewhere.
    """
    with suppress(OSError, AttributeError, ValueError):
        bus_id = _bus_id()
        if bus_id is not None:
            return parse_cpu_list((sysfs / bus_id / "local_cpulist").read_text("ascii"))
    return []


def parse_cpu_list(text: str) -> list[int]:
    """The numbers of a list as the kernel writes it: "0-15,32-47".

    Raises:
        ValueError: it is no such list.
    """
    cores: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cores += range(int(first), int(last or first) + 1)
    return cores


def _bus_id() -> str | None:
    """The PCI address of the first GPU, asked of the driver, which torch is not yet needed for."""
    import ctypes  # here alone: the names of devices are known without it

    driver = ctypes.CDLL("libcuda.so.1")
    device, name = ctypes.c_int(), ctypes.create_string_buffer(BUS_ID_BYTES)
    failed = (
        driver.cuInit(0)
        or driver.cuDeviceGet(ctypes.byref(device), 0)
        or driver.cuDeviceGetPCIBusId(name, BUS_ID_BYTES, device)
    )
    return None if failed else name.value.decode("ascii").lower()
