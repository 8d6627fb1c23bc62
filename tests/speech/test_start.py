"""A GPU starts while weights are read, and an error of its start is left to whoever uses it."""

from __future__ import annotations

import threading

import pytest
import torch

from vvcli.speech import device as module
from vvcli.speech.device import starting


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
