"""What a listener hears, and the search for a rate, without an engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.bench.load.search import CLOSE, find_rate, search
from vvcli.bench.load.sessions import Session, held


def session(*deliveries: float, arrival: float = 0.0, frames: int | None = None) -> Session:
    found = Session(arrival, frames or len(deliveries), frame_s=1.0)
    for now in deliveries:
        found.deliver(now)
    return found


def test_frames_ahead_of_playback_are_no_underrun() -> None:
    found = session(3.0, 3.1, 4.9, 5.9, arrival=2.5)
    assert found.waited(now=9.0) == 0.5
    assert found.worst_gap == pytest.approx(1.8)
    assert not found.underran
    assert found.done


def test_a_frame_after_its_turn_is_an_underrun() -> None:
    # The third frame's turn is at 5.0.
    found = session(3.0, 3.1, 5.25, frames=4)
    assert found.underran
    assert found.worst_lateness == pytest.approx(0.25)
    assert not found.done


def test_a_session_that_waits_has_waited_until_now() -> None:
    assert session(arrival=1.0, frames=3).waited(now=5.0) == 4.0


def test_sessions_that_play_at_the_same_time() -> None:
    # Playing from 0 to 2, 1 to 4, 3 to 4, and not at all.
    sessions = [session(0, 0.5), session(1, 1, 1), session(3), session(frames=2)]
    assert held(sessions, 0, 4) == (6 / 4, 2)
    assert held(sessions, 1, 2) == (2, 2)
    assert held(sessions, 2.5, 2.75) == (1, 1)
    assert held(sessions, 5, 6) == (0, 0)


@given(st.floats(0.01, 1e4), st.floats(0.001, 15))
def test_the_rate_found_holds_and_a_slightly_higher_one_does_not(limit: float, part: float) -> None:
    guess = limit * part
    asked = []

    def holds(rate: float) -> bool:
        asked.append(rate)
        return rate <= limit

    found = find_rate(holds, guess)
    assert found is not None
    assert found <= limit < found * CLOSE * 1.001
    assert len(asked) <= 20


def test_no_rate() -> None:
    assert find_rate(lambda _: False, 100.0) is None


@given(st.integers(0, 12), st.floats(1, 100))
def test_a_search_that_runs_out_of_time_has_the_best_rate_until_then(
    trials: int, limit: float
) -> None:
    told: list[Any] = []

    def try_rate(rate: float, *_: float, **__: object) -> Any:
        timed_out = len(told) == trials
        return SimpleNamespace(
            rate=rate, timed_out=timed_out, holds=rate <= limit and not timed_out
        )

    test: Any = SimpleNamespace(try_rate=try_rate)
    best = search(test, 20.0, 1.0, told.append)
    held = [trial.rate for trial in told if trial.holds]
    assert len(told) <= trials + 1
    assert (best.rate if best else None) == max(held, default=None)
