"""The fallback ladder, with a fake in place of CUDA graphs and of kernels that fail."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.engine.conftest import MakeStream, run
from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.plain import plain_backend
from vvcli.engine.engine import Engine
from vvcli.engine.frames import FrameOutput
from vvcli.engine.graphs import GraphRunner
from vvcli.engine.sizes import Buckets, StepSize
from vvcli.engine.step import FrameStep
from vvcli.engine.stream import Stream
from vvcli.errors import UnavailableError
from vvcli.model.vibevoice import VibeVoice
from vvcli.samples import Samples


class CompileError(Exception):
    """As Triton's: no RuntimeError."""


class FakeGraph:
    """Runs its work again at each replay."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.replay = work


class FakeCapturer:
    def capture(self, work: Callable[[], Any], first_run: Any) -> tuple[Any, Any]:
        first_run(work)
        return FakeGraph(work), work()


@pytest.fixture(autouse=True)
def _static_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every replay of a bucket write the rows that its capture returned."""
    make = FrameOutput.of
    outputs: dict[int, FrameOutput] = {}

    def of(audio: Tensor, sample_type: Any) -> FrameOutput:
        output = make(audio, sample_type)
        static = outputs.setdefault(len(output.rows), output)
        static.rows.copy_(output.rows)
        return static

    monkeypatch.setattr(FrameOutput, "of", of)


@pytest.fixture(scope="module")
def streams(make_stream: MakeStream) -> Callable[[], list[Stream]]:
    texts = {1: "No.", 2: "Tea.", 3: "No."}  # more than there are slots, and soon said
    return lambda: [make_stream(n, text) for n, text in texts.items()]


@pytest.fixture(scope="module")
def expected(model: VibeVoice, streams: Callable[[], list[Stream]]) -> list[Samples]:
    return run(Engine(model, slots=2, steps=5), *streams())


def with_graphs(
    model: VibeVoice, backend: Backend, *, required: bool = False, slots: int = 2, steps: int = 5
) -> Engine:
    engine = Engine(model, backend, slots=slots, steps=steps)
    runner: Any = engine._runner
    runner._capturer, runner._required = FakeCapturer(), required
    return engine


def failing(model: VibeVoice, error: Exception) -> Backend:
    """A back-end whose decoder fails once the rest of a frame has been computed."""

    def decode(*_: Tensor) -> Tensor:
        raise error

    plain = plain_backend(model)
    return replace(plain, name="fake", decode=decode, fallback=plain)


def assert_equal(one: list[Samples], other: list[Samples]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


@pytest.mark.slow
def test_whole_steps_are_replayed(
    model: VibeVoice, streams: Callable[[], list[Stream]], expected: list[Samples]
) -> None:
    engine = with_graphs(model, plain_backend(model))
    assert_equal(run(engine, *streams()), expected)
    counters = engine.counters
    assert counters.replays > counters.captures > 0
    assert (counters.stage_replays, counters.eager_steps, counters.reasons) == (0, 0, [])


@pytest.mark.slow
def test_a_few_steps_run_in_a_larger_graph_and_say_the_same(
    model: VibeVoice, make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[StepSize] = []
    pick = GraphRunner.pick

    def note(self: GraphRunner, wanted: StepSize) -> StepSize:
        sizes.append(wanted)
        return pick(self, wanted)

    monkeypatch.setattr(GraphRunner, "pick", note)
    monkeypatch.setattr(Buckets, "tokens", lambda _buckets, _longest, window: window)  # as on CUDA

    def make_streams() -> list[Stream]:
        return [make_stream(n, text) for n, text in enumerate(["Tea.", "No.", "Go on then.", "I."])]

    expected = run(Engine(model, slots=4, steps=2), *make_streams())
    sizes.clear()
    engine = with_graphs(model, plain_backend(model), slots=4, steps=2)
    assert_equal(run(engine, *make_streams()), expected)
    assert engine.counters.eager_steps == 0
    assert 0 < engine.counters.captures < len({size for size in sizes if any(size)})


@pytest.mark.slow
@pytest.mark.parametrize("error", [RuntimeError("not this one"), CompileError("not this one")])
def test_what_cannot_be_captured_whole_is_captured_by_stages(
    model: VibeVoice,
    streams: Callable[[], list[Stream]],
    expected: list[Samples],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(FrameStep, "__call__", refuse)
    engine = with_graphs(model, plain_backend(model))
    assert_equal(run(engine, *streams()), expected)
    counters = engine.counters
    assert counters.stage_replays > 0
    assert counters.eager_steps == 0
    assert all(reason.endswith("not this one") for reason in counters.reasons)


@pytest.mark.slow
def test_what_cannot_be_captured_at_all_runs_eagerly(
    model: VibeVoice,
    streams: Callable[[], list[Stream]],
    expected: list[Samples],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise CompileError("not here")

    monkeypatch.setattr(FakeCapturer, "capture", refuse)
    engine = with_graphs(model, plain_backend(model))
    assert_equal(run(engine, *streams()), expected)
    assert engine.counters.eager_steps > 0
    assert len(engine.counters.reasons) >= 2
    assert len(caplog.records) == 1, "the same cause is told once"


@pytest.mark.slow
@pytest.mark.parametrize("graphs", [True, False])
@pytest.mark.parametrize("error", [RuntimeError("no ptxas"), CompileError("no ptxas")])
def test_a_kernel_that_fails_gives_way_to_the_plain_module(
    model: VibeVoice,
    streams: Callable[[], list[Stream]],
    expected: list[Samples],
    caplog: pytest.LogCaptureFixture,
    graphs: bool,
    error: Exception,
) -> None:
    backend = failing(model, error)
    engine = with_graphs(model, backend) if graphs else Engine(model, backend, slots=2, steps=5)
    with caplog.at_level(logging.WARNING):
        assert_equal(run(engine, *streams()), expected)
    assert len(engine.counters.reasons) == 1
    [record] = caplog.records
    assert "fake" in record.getMessage()
    assert "no ptxas" in record.getMessage()
    assert bool(engine.counters.replays) == graphs
    assert bool(engine.counters.eager_steps) != graphs


@pytest.mark.slow
def test_the_fallback_outlives_a_rebuild_of_the_slots(
    model: VibeVoice, streams: Callable[[], list[Stream]], expected: list[Samples]
) -> None:
    engine = Engine(model, failing(model, CompileError("no")), slots=2, steps=5)
    run(engine, *streams())
    engine._runner = engine._make_runner(engine._runner.frame_step, engine.state)
    assert_equal(run(engine, *streams()), expected)
    assert len(engine.counters.reasons) == 1


@pytest.mark.slow
def test_required_graphs_may_be_of_plain_modules(
    model: VibeVoice, streams: Callable[[], list[Stream]], expected: list[Samples]
) -> None:
    engine = with_graphs(model, failing(model, CompileError("no")), required=True)
    assert_equal(run(engine, *streams()), expected)
    assert engine.counters.eager_steps == 0


def test_required_graphs_that_cannot_be_captured_are_an_error(
    model: VibeVoice, streams: Callable[[], list[Stream]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CompileError("not here")

    monkeypatch.setattr(FakeCapturer, "capture", refuse)
    engine = with_graphs(model, plain_backend(model), required=True)
    with pytest.raises(UnavailableError, match=r"not here.*required"):
        run(engine, *streams())


def test_a_full_memory_is_not_blamed_on_the_kernels(
    model: VibeVoice, streams: Callable[[], list[Stream]]
) -> None:
    engine = with_graphs(model, failing(model, torch.OutOfMemoryError("full")))
    with pytest.raises(torch.OutOfMemoryError):
        run(engine, *streams())
    assert engine._runner.frame_step.backend.name == "fake"
