from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.engine.sizes import Buckets


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
