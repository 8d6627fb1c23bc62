"""A trial is broken off when it cannot hold any more, and only if somebody set a limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice, pairwise

import numpy as np
import pytest

from vvcli.bench.load.trial import HOPELESS, TOLERATED, Patience, arrivals

SESSIONS = 1000


def too_late(patience: Patience) -> None:
    for _ in range(round(TOLERATED * SESSIONS) + 1):
        patience.note_first(0.11)
    assert not patience.is_lost
    patience.note_first(0.11)


def lost(patience: Patience) -> None:
    patience.note_loss()


def waiting(patience: Patience) -> None:
    patience.note_wait(HOPELESS)
    assert not patience.is_lost
    patience.note_wait(HOPELESS + 0.01)


@pytest.mark.parametrize("trouble", [too_late, lost, waiting])
def test_what_cannot_hold_is_broken_off(trouble: Callable[[Patience], None]) -> None:
    limited, endless = Patience(0.1, SESSIONS), Patience(math.inf, SESSIONS)
    for _ in range(SESSIONS):
        limited.note_first(0.09)
    trouble(limited)
    trouble(endless)
    assert limited.is_lost
    assert not endless.is_lost


def test_sessions_arrive_at_their_rate() -> None:
    found = [*islice(arrivals(50.0, ["a", "b"], np.random.default_rng(0)), 2000)]
    assert all(before < after for (before, _), (after, _) in pairwise(found))
    assert found[-1][0] == pytest.approx(40, rel=0.1)
    assert {text for _, text in found} == {"a", "b"}
