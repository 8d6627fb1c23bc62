from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.engine.sizes import FEW_STEPS, Buckets, SizeChoice, StepSize


@given(
    slots=st.integers(1, 300), windows=st.integers(1, 300), on_cuda=st.booleans(),
    fixed=st.booleans(), data=st.data(),
)  # fmt: skip
def test_every_size_that_a_step_can_have_is_listed_and_large_enough(
    slots: int, windows: int, on_cuda: bool, fixed: bool, data: st.DataObject
) -> None:
    buckets = Buckets(slots, windows, on_cuda, fixed)
    count = data.draw(st.integers(0, slots))
    texts = data.draw(st.integers(0 if count else 1, windows))
    bucket = buckets.streams(count)
    rows = buckets.text(texts, bucket)
    assert count <= bucket <= slots
    assert texts <= rows <= windows
    assert (rows == 0) == (texts == 0)
    if on_cuda or fixed or slots * windows < 500:
        assert (bucket, rows) in set(buckets.every())


@pytest.mark.parametrize(
    ("slots", "graphs"),
    [(1, 3), (32, 7 * 6 - 1), (1024, 167)],
)
def test_on_cuda_there_are_few(slots: int, graphs: int) -> None:
    every = list(Buckets(slots, min(slots, 256), on_cuda=True, fixed=False).every())
    assert len(every) == len(set(every)) == graphs
    assert every[0] == (slots, min(slots, 256)), "the largest first"


@pytest.mark.parametrize(
    ("slots", "first"), [(64, [(0, 4), (1, 0), (1, 4)]), (1, [(0, 1), (1, 0), (1, 1)])]
)
def test_one_stream_begins_with_three(slots: int, first: list[tuple[int, int]]) -> None:
    buckets = Buckets(slots, min(slots, 256), on_cuda=True, fixed=False)
    assert buckets.first() == first
    assert set(first) <= set(buckets.every())


def test_at_a_fixed_width_there_are_three() -> None:
    assert list(Buckets(24, 8, on_cuda=True, fixed=True).every()) == [(24, 8), (24, 0), (0, 8)]


def test_a_cpu_computes_no_row_more_than_asked_for() -> None:
    buckets = Buckets(40, 40, on_cuda=False, fixed=False)
    assert [buckets.streams(count) for count in (0, 1, 5, 40)] == [0, 1, 5, 40]
    assert [buckets.text(count, 40) for count in (0, 1, 5, 40)] == [0, 1, 5, 40]


def test_sizes_on_cuda() -> None:
    buckets = Buckets(400, 256, on_cuda=True, fixed=False)
    sizes = sorted({buckets.streams(count) for count in range(401)})
    assert sizes == [0, 1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 400]
    assert sorted({buckets.text(count, 1) for count in range(33)}) == [0, 4, 8, 16, 24, 32]
    assert buckets.text(1, 256) == 16


SIZES = st.builds(StepSize, st.integers(0, 300), st.integers(0, 40)).filter(any)


@given(wanted=SIZES, captured=st.sets(SIZES, max_size=8), window=st.integers(1, 200))
def test_the_few_steps_of_a_size_run_in_one_that_holds_them(
    wanted: StepSize, captured: set[StepSize], window: int
) -> None:
    choice = SizeChoice(window)
    picked = [choice.pick(wanted, captured) for _ in range(FEW_STEPS + 1)]
    assert len({*picked[:-1]}) == 1
    assert picked[0] == wanted or picked[0] in captured
    assert picked[0].streams >= wanted.streams
    assert picked[0].windows >= wanted.windows
    assert picked[-1] == wanted, "from then on its own graph pays"


def test_a_larger_size_is_taken_unless_it_is_dearer() -> None:
    captured = [StepSize(64, 0), StepSize(256, 0), StepSize(64, 8), StepSize(256, 48)]

    def pick(streams: int, windows: int, window: int) -> StepSize:
        return SizeChoice(window).pick(StepSize(streams, windows), captured)

    assert pick(32, 0, 160) == (64, 0), "the smallest that holds it"
    assert pick(96, 0, 160) == (256, 0)
    assert pick(96, 0, 5) == (256, 0)
    assert pick(256, 24, 160) == (256, 48)
    assert pick(96, 4, 160) == (96, 4), "48 windows of 160 tokens are too many for it"
    assert pick(96, 4, 5) == (256, 48)
    assert pick(257, 0, 5) == (257, 0), "there is no larger one"
