"""Which back-end a model gets, and that engines can share a model."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.conftest import MakeStream, run
from vvcli.bench.random_model import random_model, random_voice
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends import choose
from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.choose import choose_backend, runs_kernels
from vvcli.engine.backends.cpu.build import cpu_backend
from vvcli.engine.backends.plain import plain_backend
from vvcli.engine.engine import Engine
from vvcli.engine.stream import NoiseSource, Stream
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice


def on_gpu(
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    dtype: torch.dtype = torch.bfloat16,
) -> Any:
    """What is asked of a model that lies on a GPU of `capability`, in a process with Triton."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(choose, "find_spec", lambda _name: object())
    return SimpleNamespace(device=torch.device("cuda"), dtype=dtype)


@pytest.mark.parametrize(
    ("capability", "fits"),
    [((7, 5), False), ((8, 0), True), ((8, 9), True), ((9, 0), True), ((12, 0), True)],
)
def test_kernels_run_where_tensor_cores_take_bfloat16(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], fits: bool
) -> None:
    assert runs_kernels(on_gpu(monkeypatch, capability)) == fits


def test_kernels_are_for_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not runs_kernels(on_gpu(monkeypatch, (9, 0), torch.float32))


def test_a_triton_that_cannot_be_loaded_leaves_the_plain_modules(
    model: VibeVoice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choose, "runs_kernels", lambda _model: True)
    monkeypatch.setitem(sys.modules, "triton", None)
    for name in [name for name in sys.modules if name.startswith("vvcli.engine.backends.triton.")]:
        monkeypatch.delitem(sys.modules, name)
    assert choose_backend(model).name == "cpu"  # the model is on one
    assert "Triton cannot be loaded" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("make", [plain_backend, cpu_backend])
def test_two_engines_share_a_model_that_stays_as_it_is(make: Any) -> None:
    config = ModelConfig.from_dict(SHAPES["tiny"])
    device, dtype = torch.device("cpu"), torch.float32
    model = random_model(config, device, dtype)
    voice = random_voice(config, device, dtype, 20)
    modules = dict(model.named_modules())
    weights = {name: value.clone() for name, value in model.state_dict().items()}

    def streams() -> list[Stream]:
        return [
            Stream(n, [5 + n, 7], voice, NoiseSource(1, n, config.head.latent_size), 1.5, 6)
            for n in range(3)
        ]

    one, other = (Engine(model, make(model), slots=2, steps=3) for _ in range(2))
    expected = run(one, *streams())
    # Side by side, a step of one between two of the other.
    parts: dict[Stream, list[Any]] = {}
    both = [(engine, streams()) for engine in (one, other)]
    for engine, own in both:
        for stream in own:
            engine.submit(stream)
    while one.busy or other.busy:
        for engine, _ in both:
            for frame in engine.step():
                parts.setdefault(frame.stream, []).append(frame.samples)
    for _, own in both:
        for stream, audio in zip(own, expected, strict=True):
            np.testing.assert_array_equal(np.concatenate(parts[stream]), audio)
    assert dict(model.named_modules()) == modules
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name]), name


@pytest.mark.slow
def test_the_cpus_layers_compute_what_the_models_own_do(make_stream: MakeStream) -> None:
    config = ModelConfig.from_dict(SHAPES["tiny"])
    model = random_model(config, torch.device("cpu"), torch.float32)
    voice = random_voice(config, torch.device("cpu"), torch.float32, 20)

    def speak(backend: Backend) -> np.ndarray:
        noise = NoiseSource(1, 0, config.head.latent_size)
        return run(
            Engine(model, backend, slots=1, steps=3), Stream(0, [5, 7], voice, noise, 1.5, 3)
        )[0]

    plain, fast = speak(plain_backend(model)), speak(cpu_backend(model))
    np.testing.assert_allclose(fast, plain, atol=1e-3 * np.abs(plain).max())
