"""Workers come out as from a sorted list, whoever of those with the same load."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.fleet.least_loaded import LeastLoaded

LIMIT = 4

# A worker and the load it has from now on; None takes one out.
STEPS = st.lists(st.none() | st.tuples(st.integers(0, 5), st.integers(0, LIMIT + 1)), max_size=60)


@given(STEPS)
def test_the_one_with_the_least_to_do_comes_out(steps: list[tuple[int, int] | None]) -> None:
    asking, loads = LeastLoaded(LIMIT), dict[int, int]()
    for step in steps:
        if step is not None:
            worker, load = step
            asking.remove(worker, loads.pop(worker, LIMIT))
            asking.add(worker, load)
            if load < LIMIT:
                loads[worker] = load
        elif loads:
            least = min(loads.values())
            assert loads.pop(asking.pop()) == least
        else:
            with pytest.raises(IndexError):
                asking.pop()
        assert bool(asking) == bool(loads)
        assert set(asking.idle) == {worker for worker, load in loads.items() if not load}
