"""On a GPU: steps are replayed graphs that give what eager steps give, and the host never waits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.engine.conftest import run, spoil
from vvcli.bench.random_model import random_model, random_voice
from vvcli.bench.shapes import SHAPES
from vvcli.engine.engine import Engine
from vvcli.engine.step import FrameStep
from vvcli.engine.stream import End, NoiseSource, Stream, StreamFrame
from vvcli.model.config import ModelConfig
from vvcli.model.voice import Voice
from vvcli.samples import Samples

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

CUDA = torch.device("cuda")


class Bed:
    """A random model on the GPU and streams for it."""

    def __init__(self, shape: str, dtype: torch.dtype) -> None:
        self.config = ModelConfig.from_dict(SHAPES[shape])
        self.dtype = dtype
        self.model = random_model(self.config, CUDA, dtype)
        self.voice: Voice = random_voice(self.config, CUDA, dtype, 60)

    def streams(self, count: int, first: int = 0, max_frames: int | None = None) -> list[Stream]:
        """Streams of 4 to 43 frames and texts of 1 to 17 tokens; the same for the same number."""
        return [
            Stream(
                number,
                [(number * 7 + i) % self.config.lm.vocab_size for i in range(1 + number % 17)],
                self.voice,
                NoiseSource(5, number, self.config.head.latent_size),
                guidance=1.0 + 0.2 * (number % 5),
                max_frames=max_frames or 4 + number * 13 % 40,
            )
            for number in range(first, first + count)
        ]

    def engine(self, slots: int, **options: object) -> Engine:
        return Engine(self.model, slots=slots, steps=5, **options)  # type: ignore[arg-type]


SHAPES_AND_DTYPES = [
    ("tiny", torch.float32),
    ("realtime-0.5b", torch.float32),
    ("realtime-0.5b", torch.bfloat16),
]


@pytest.fixture(params=SHAPES_AND_DTYPES, ids=str)
def bed(request: pytest.FixtureRequest) -> Bed:
    return Bed(*request.param)


@pytest.fixture
def big() -> Bed:
    return Bed("realtime-0.5b", torch.bfloat16)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    torch.cuda.empty_cache()


def assert_equal(one: list[Samples], other: list[Samples]) -> None:
    assert len(one) == len(other)
    for n, (a, b) in enumerate(zip(one, other, strict=True)):
        assert np.isfinite(a).all()
        assert np.abs(a).max() > 0
        np.testing.assert_array_equal(a, b, err_msg=f"stream {n}")


def test_replayed_graphs_equal_eager_steps_bit_for_bit(bed: Bed) -> None:
    replayed = bed.engine(4, graphs="require", deterministic=True)
    eager = bed.engine(4, graphs="off", deterministic=True)
    assert_equal(run(replayed, *bed.streams(9)), run(eager, *bed.streams(9)))
    counters = replayed.counters
    assert (counters.eager_steps, counters.stage_replays, counters.reasons) == (0, 0, [])
    assert counters.captures == 3, "a frame, text, and both together"
    assert counters.replays > 43
    assert (eager.counters.captures, eager.counters.replays) == (0, 0)


def test_a_model_can_have_one_engine_after_another(big: Bed) -> None:
    first = run(Engine(big.model, slots=2, steps=5, deterministic=True), *big.streams(2))
    again = run(Engine(big.model, slots=2, steps=5, deterministic=True), *big.streams(2))
    assert_equal(again, first)


def test_each_bucket_is_captured_once_the_widest_among_them(big: Bed) -> None:
    engine = big.engine(6, graphs="require")
    engine.warm_up()
    # Frames of 0, 1, 2, 4 and 6 streams, with 0, 4 and 6 text windows.
    assert engine.counters.captures == 14
    assert not engine.state.active.any()
    assert not engine.state.frame.any()
    run(engine, *big.streams(20))
    assert engine.counters.captures == 14
    assert engine.counters.eager_steps == 0


def test_a_graph_that_cannot_be_captured_whole_is_captured_by_stages(
    big: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run(big.engine(2, deterministic=True), *big.streams(3))

    def refuse(*_: object) -> None:
        raise RuntimeError("not this one")

    monkeypatch.setattr(FrameStep, "__call__", refuse)
    engine = big.engine(2, deterministic=True)
    assert_equal(run(engine, *big.streams(3)), expected)
    assert engine.counters.stage_replays > 0
    assert engine.counters.eager_steps == 0
    assert len(engine.counters.reasons) == 3
    assert all("not this one" in reason for reason in engine.counters.reasons)


def test_streams_do_not_depend_on_slot_and_neighbours_at_one_width(big: Bed) -> None:
    together = run(big.engine(8, deterministic=True), *big.streams(12))
    for number in (0, 5, 11):
        alone = run(big.engine(8, deterministic=True), *big.streams(1, first=number))
        assert_equal(alone, [together[number]])


def test_bucket_widths_change_no_more_than_rounding(big: Bed) -> None:
    wide = run(big.engine(8, deterministic=True), *big.streams(6))
    buckets = run(big.engine(8), *big.streams(6))
    for one, other in zip(wide, buckets, strict=True):
        assert one.shape == other.shape
        error = np.linalg.norm(one[:3200] - other[:3200]) / np.linalg.norm(one[:3200])
        assert error < 0.05, "the first frame; later ones grow from its rounding"


def test_idle_slots_full_of_nan_do_not_reach_running_ones(big: Bed) -> None:
    streams = big.streams(3)
    expected = run(big.engine(8, deterministic=True), *streams)
    engine = big.engine(8, deterministic=True)
    engine.warm_up()
    spoil(engine)
    assert_equal(run(engine, *big.streams(3)), expected)


def test_cancelling_under_load_leaves_the_others_as_they_are(big: Bed) -> None:
    expected = run(big.engine(8, deterministic=True), *big.streams(24))
    engine = big.engine(8, deterministic=True)
    streams = big.streams(24)
    for stream in streams:
        engine.submit(stream)
    parts: dict[int, list[Samples]] = {stream.number: [] for stream in streams}
    step = 0
    while engine.busy:
        for frame in engine.step():
            assert frame.stream.end is not End.CANCELLED
            parts[frame.stream.number].append(frame.samples)
        step += 1
        if step % 7 == 0 and step // 7 % 3 == 0 and (victim := step // 7) < 24:
            engine.cancel(streams[victim])
    cancelled = {stream.number for stream in streams if stream.end is End.CANCELLED}
    assert cancelled
    for number, pieces in parts.items():
        if number not in cancelled:
            np.testing.assert_array_equal(np.concatenate(pieces), expected[number])


def test_the_host_never_waits_for_the_device(big: Bed) -> None:
    """Except, asleep, for the event of the frame before: torch raises on any other wait."""
    engine = big.engine(8, graphs="require")
    engine.warm_up()
    for stream in big.streams(16):
        engine.submit(stream)
    torch.cuda.set_sync_debug_mode("error")
    try:
        while engine.busy:
            engine.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert engine.counters.rebuilds == 0


def test_room_is_built_in_a_quiet_moment_and_graphs_captured_anew(big: Bed) -> None:
    engine = big.engine(2, graphs="require", deterministic=True)
    expected = run(big.engine(2, deterministic=True), *big.streams(2))
    [*_, long_audio] = run(engine, *big.streams(2), *big.streams(1, first=7, max_frames=600))
    assert len(long_audio) == 600 * big.config.decoder.hop
    assert engine.counters.rebuilds == 1
    assert engine.counters.growths == 0
    assert_equal(run(engine, *big.streams(2)), expected)


def test_ten_thousand_records_through_64_slots_take_no_more_memory_than_the_first() -> None:
    bed = Bed("tiny", torch.bfloat16)
    engine = bed.engine(64, graphs="require")
    engine.warm_up()
    run(engine, *bed.streams(256))
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    for stream in bed.streams(10_000, max_frames=3):
        engine.submit(stream)
    ended = sum(frame.end is not None for frame in _frames(engine))
    assert ended == 10_000
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() == before
    assert torch.cuda.max_memory_allocated() < before + (4 << 20), "what a step uploads"


def _frames(engine: Engine) -> Iterator[StreamFrame]:
    while engine.busy:
        yield from engine.step()
