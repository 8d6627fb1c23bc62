"""A GPU starts while weights are read, and an error of its start is left to whoever uses it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
import torch

from vvcli.speech import device as module
from vvcli.speech.device import pick_streams, starting


def test_a_gpu_starts_beside_the_host_and_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, started = threading.Event(), threading.Event()

    def zeros(*_: object, **__: object) -> None:
        assert reading.wait(10), "the host did not go on meanwhile"
        started.set()

    monkeypatch.setattr(torch, "zeros", zeros)
    with starting(torch.device("cuda")):
        reading.set()
    assert started.is_set()


def test_an_error_of_the_start_is_not_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def zeros(*_: object, **__: object) -> None:
        raise RuntimeError("no driver")

    monkeypatch.setattr(torch, "zeros", zeros)
    with starting(torch.device("cuda")):
        pass


def test_a_cpu_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Thread", None)
    with starting(torch.device("cpu")):
        pass


@pytest.mark.parametrize(
    ("memory_gb", "streams"), [(8, 64), (16, 64), (24, 256), (80, 256)], ids=str
)
def test_a_large_gpu_speaks_more_records_at_a_time(
    monkeypatch: pytest.MonkeyPatch, memory_gb: int, streams: int
) -> None:
    properties = SimpleNamespace(total_memory=int(memory_gb * 0.99 * 2**30))  # some is reserved
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: properties)
    gpu = torch.device("cuda", 0)
    assert pick_streams("auto", gpu) == streams
    assert pick_streams("7", gpu) == pick_streams(7, gpu) == 7
    assert pick_streams("auto", torch.device("cpu")) == 8
