from __future__ import annotations

from typing import Any

from vvcli.bench.trace import own_times


def event(name: str, ts: float, dur: float, tid: int = 1, cat: str = "cpu_op") -> dict[str, Any]:
    return {"name": name, "ts": ts, "dur": dur, "tid": tid, "pid": 1, "cat": cat, "ph": "X"}


def test_own_time_is_without_what_is_inside() -> None:
    events = [
        event("inner", 2, 3),
        event("outer", 0, 10),
        event("innermost", 3, 1),
        event("inner", 6, 2),
        event("other thread", 1, 8, tid=2),
        event("after", 10, 5),
        event("kernel", 0, 100, cat="kernel"),
        {"name": "flow", "ph": "s", "cat": "cpu_op", "ts": 1},
    ]
    assert own_times(events, ["cpu_op"]) == {
        "outer": [5],
        "inner": [2, 2],
        "innermost": [1],
        "other thread": [8],
        "after": [5],
    }
    assert own_times(events, ["kernel"]) == {"kernel": [100]}
