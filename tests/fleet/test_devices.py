"""Which devices are meant by a name or a list, and where their workers run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import warm
from tests.conftest import TINY, InProcess
from vvcli.errors import UnavailableError
from vvcli.fleet import cores, devices
from vvcli.fleet.devices import Place, names_devices, pick_places


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which torch sees four CUDA devices."""
    monkeypatch.setattr(devices, "_count", lambda: 4)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("device", "numbers"),
    [
        ("cuda:all", [0, 1, 2, 3]),
        ("cuda:0,2", [0, 2]),
        ("cuda:3,01", [3, 1]),
        (["cuda:1", "cuda:0"], [1, 0]),
        (("cuda", "cuda:2,3"), [0, 2, 3]),
    ],
)
@pytest.mark.usefixtures("four")
def test_each_of_several_devices_has_a_worker_that_sees_it_alone(
    device: Any, numbers: list[int]
) -> None:
    assert pick_places(device) == [
        Place(f"cuda:{n}", "cuda:0", {"CUDA_VISIBLE_DEVICES": str(n)}) for n in numbers
    ]


@pytest.mark.usefixtures("four")
def test_names_of_devices_go_to_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    names = "GPU-8a, MIG-1f,7,GPU-0c"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", names)
    places = pick_places("cuda:all")
    assert not isinstance(places, str)
    assert [place.environment["CUDA_VISIBLE_DEVICES"] for place in places] == [
        *("GPU-8a", "MIG-1f", "7", "GPU-0c")
    ]


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1", "cuda:99", "tpu", ["cuda:1"]])
@pytest.mark.usefixtures("four")
def test_one_device_is_spoken_on_in_this_process(device: Any) -> None:
    assert pick_places(device) == (device if isinstance(device, str) else device[0])


@pytest.mark.parametrize(
    ("device", "workers", "kind", "words"),
    [
        ("cuda:0,0", 1, ValueError, "the device cuda:0 is named twice"),
        (["cuda", "cuda:00"], 1, ValueError, "the device cuda:0 is named twice"),
        (["cuda:0", "cpu"], 1, ValueError, "'cpu' is not one of several CUDA devices"),
        ([], 1, ValueError, "neither the name of a device nor a list"),
        ([0, 1], 1, ValueError, "neither the name of a device nor a list"),
        ("cuda:0,4", 1, UnavailableError, "no device 'cuda:4': torch sees 4 CUDA devices here"),
        ("cuda:0,1", 2, ValueError, "2 workers are asked for, and each CUDA device has one"),
        ("cuda:1", 2, ValueError, "2 workers are asked for, and a CUDA device has one"),
        ("auto", 2, ValueError, "2 workers are asked for, and a CUDA device has one"),
    ],
)
@pytest.mark.usefixtures("four")
def test_what_cannot_be_meant(device: Any, workers: int, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        pick_places(device, workers)


def test_all_of_none_and_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_count", lambda: 1)
    assert pick_places("cuda:all") == "cuda:0"
    monkeypatch.setattr(devices, "_count", lambda: 0)
    with pytest.raises(UnavailableError, match="torch sees no CUDA device here"):
        pick_places("cuda:all")


@given(st.integers(1, 40), st.integers(1, 40))
def test_shares_are_of_one_size_and_disjoint(count: int, workers: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "available", lambda: list(range(10, 10 + count)))
        found = cores.shares(workers)
    assert len(found) == workers
    if count >= workers:
        assert sorted(core for share in found for core in share) == [*range(10, 10 + count)]
        assert max(map(len, found)) - min(map(len, found)) <= 1
    else:
        assert all(len(share) == 1 for share in found)


def test_workers_of_a_cpu_have_threads_for_their_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cores, "available", lambda: list(range(6)))
    monkeypatch.setattr(devices, "_count", lambda: 0)
    monkeypatch.delenv("OMP_NUM_THREADS")
    for device in ("cpu", "auto"):
        places = pick_places(device, 2)
        assert not isinstance(places, str)
        assert [(place.cores, place.threads) for place in places] == [
            ([0, 1, 2], 3),
            ([3, 4, 5], 3),
        ]
        monkeypatch.setenv("OMP_NUM_THREADS", "1")  # whoever says so means it
        assert [place.threads for place in places] == [None, None]
        monkeypatch.delenv("OMP_NUM_THREADS")


def test_the_processors_near_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_bus_id", lambda: "0000:65:00.0")
    assert cores.near_gpu(tmp_path) == []
    (tmp_path / "0000:65:00.0").mkdir()
    (tmp_path / "0000:65:00.0" / "local_cpulist").write_text("0-2,8,10-11\n")
    assert cores.near_gpu(tmp_path) == [0, 1, 2, 8, 10, 11]
    (tmp_path / "0000:65:00.0" / "local_cpulist").write_text("all\n")
    assert cores.near_gpu(tmp_path) == []


def test_a_machine_without_a_driver_pins_nothing() -> None:
    before = cores.available()
    cores.pin([])
    cores.pin([10**6])
    assert cores.available() == before


@pytest.mark.parametrize(
    ("name", "good"),
    [
        *((name, True) for name in ("auto", "cpu", "cuda", "cuda:0", "cuda:all", "cuda:0,12")),
        *((name, False) for name in ("cuda:", "cuda:0,", "cuda:,1", "cuda:all,1", "cpu:0", "cpu,")),
    ],
)
def test_names(name: str, good: bool, vvcli: InProcess) -> None:
    assert names_devices(name) is good
    if not good:
        result = vvcli("speak", "-m", TINY, "--device", name, "Hello.")
        assert result.status == 4
        assert result.error.startswith(f"no device '{name}': use auto, cpu, cuda")


def test_workers_on_a_gpu_are_a_mistake(vvcli: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_count", lambda: 4)
    result = vvcli("speak", "-q", "-m", TINY, "--device", "cuda:0,1", "--workers", "2", "Hello.")
    assert (result.status, result.error) == (
        2,
        "2 workers are asked for, and each CUDA device has one",
    )
    assert vvcli("speak", "--workers", "0", "Hello.").status == 2


@pytest.mark.parametrize(("count", "most", "found"), [(1, 4, "is 1 processor"), (2, 8, "are 2 pr")])
def test_a_processor_has_few_workers(
    count: int, most: int, found: str, monkeypatch: pytest.MonkeyPatch, vvcli: InProcess
) -> None:
    monkeypatch.setattr(devices, "available", lambda: list(range(count)))
    monkeypatch.setattr(cores, "available", lambda: list(range(count)))
    assert len(pick_places("cpu", most)) == most
    with pytest.raises(ValueError, match=f"^{most + 1} workers are asked for, and there {found}"):
        pick_places("cpu", most + 1)
    result = vvcli("speak", "-q", "-m", TINY, "--device", "cpu", "--workers", "4096", "Hello.")
    assert result.status == 2
    assert f"4096 workers are asked for, and there {found}" in result.error


# A second process, and whatever starts it, comes with a second device alone.
ONE = """
import sys
from vvcli import Synthesizer
model = sys.argv[1]
synthesizer = Synthesizer(model, "Ada", device="cpu", streams=1)
list(synthesizer.speak(["Yes."]))
found = {"ray", "vvcli.fleet.processes", "vvcli.fleet.many"} & set(sys.modules)
own = [name for name, module in sys.modules.items()
       if name.startswith("vvcli.") and hasattr(module, "multiprocessing")]
print(sorted(found), own)
"""


@pytest.mark.slow
def test_one_device_imports_nothing_for_several() -> None:
    """Nor does the helper of a process that begins warm, which has spoken."""
    done = warm.run(
        [sys.executable, "-c", ONE, str(TINY)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] []"
