"""The threads that encode files: order, memory, errors and the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.threads import encoding
from vvcli.audio.encoder_pool import MIN_VIEW, EncoderPool, Work
from vvcli.audio.writer import FileFormat
from vvcli.samples import Samples


def finish(pool: EncoderPool, works: list[Work]) -> None:
    while not all(work.done for work in works):
        pool.wait()


FILES = st.lists(st.lists(st.integers(0, 50), max_size=6), max_size=8)  # samples of each call


@settings(max_examples=60, deadline=None)
@given(FILES, st.integers(0, 4), st.integers(0, 120))
def test_each_file_gets_its_calls_in_order_and_few_samples_wait(
    files: list[list[int]], threads: int, max_waiting: int
) -> None:
    got: list[list[int]] = [[] for _ in files]
    ended: list[list[int]] = [[] for _ in files]
    works, put = [], 0
    with closing(EncoderPool(threads, max_waiting)) as pool:
        for number, sizes in enumerate(files):
            work = pool.begin()
            works.append(work)
            for size in sizes:
                pool.put(
                    work,
                    lambda samples, n=number: got[n].append(len(samples)),
                    np.zeros(size, np.float32),
                )
                put += size
                assert put - sum(map(sum, got)) <= max_waiting * (threads > 0)
            pool.put(work, lambda n=number: ended[n].extend(got[n]))
            pool.end(work)
        finish(pool, works)
    assert ended == got == files
    assert encoding() == []


def test_an_error_ends_its_file_alone() -> None:
    pool = EncoderPool(2)
    done: list[str] = []
    works = []
    for name in "abc":
        works.append(pool.begin())
        if name == "b":
            pool.put(works[-1], partial(int, "no number"))
        pool.put(works[-1], partial(done.append, name))
        pool.end(works[-1])
    finish(pool, works)
    assert [type(work.error) for work in works] == [type(None), ValueError, type(None)]
    assert sorted(done) == ["a", "c"]
    pool.close()


def test_without_threads_a_call_is_over_when_it_was_put() -> None:
    pool = EncoderPool(0)
    work = pool.begin()
    with pytest.raises(ValueError, match="no number"):
        pool.put(work, partial(int, "no number"))
    pool.end(work)
    assert work.done
    assert encoding() == []
    pool.close()


def test_a_small_view_does_not_hold_the_block_it_is_in() -> None:
    pool = EncoderPool(1)
    block = np.zeros(4 * MIN_VIEW, np.float32)
    kept: list[Samples] = []
    work = pool.begin()
    pool.put(work, kept.append, block[:100])
    pool.end(work)
    finish(pool, [work])
    pool.close()
    assert not np.shares_memory(kept[0], block)


@pytest.mark.parametrize("loudness", [None, -23.0])
def test_closing_ends_what_would_take_long(tmp_path: Path, loudness: float | None) -> None:
    """A day of silence, or all of a levelled file at its end, is not encoded first."""
    pool = EncoderPool(2)
    descriptor = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    writer = FileFormat("opus", 24000, loudness).open(pool.open(descriptor, "out"), 24000)
    work = pool.begin()
    began = threading.Event()

    def call(long: Callable[[], object]) -> None:
        began.set()
        long()

    if loudness is None:
        pool.put(work, partial(call, partial(writer.silence, 86400 * 24000)))
    else:
        for _ in range(200):
            pool.put(work, writer.write, np.full(24000, 0.1, np.float32))
        pool.put(work, partial(call, writer.finish))
    assert began.wait(60)
    pool.close()
    os.close(descriptor)
    assert type(work.error).__name__ == "_ClosedError"
    assert encoding() == []
