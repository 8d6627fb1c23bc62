"""Fakes for the scheduler: no torch, no model."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

from vvcli.engine.plan import Plan
from vvcli.engine.scheduler import Scheduler
from vvcli.engine.sizes import CacheCapacity
from vvcli.engine.stream import End, Stream

TEXT_WINDOW, SPEECH_WINDOW = 5, 6


def cache(positions: int) -> Any:
    return SimpleNamespace(shape=(1, 2, 2, positions, 16))


def make_stream(
    number: int, tokens: int = 7, prompt: int = 10, max_frames: int | None = None
) -> Stream:
    voice: Any = SimpleNamespace(lm_kv=cache(3), tts_kv=cache(prompt))
    noise: Any = None
    return Stream(number, range(tokens), voice, noise, guidance=1.5, max_frames=max_frames)


def make_scheduler(slots: int, *, max_positions: int = 1000, **options: Any) -> Scheduler:
    return Scheduler(
        slots,
        text_window=TEXT_WINDOW,
        speech_window=SPEECH_WINDOW,
        max_positions=max_positions,
        noise_chunk=4,
        **options,
    )


class Device:
    """Follows plans the way slots do, and checks that each is possible."""

    def __init__(self, scheduler: Scheduler, ends: dict[int, int]) -> None:
        self.scheduler = scheduler
        self.ends = ends  # number: frame at which it says EOS
        self.slots: dict[int, Stream] = {}
        self.halted: set[int] = set()
        self.window_left: dict[int, int] = {}
        self.tokens: defaultdict[int, list[int]] = defaultdict(list)
        self.frames: defaultdict[int, int] = defaultdict(int)
        self.finished: dict[int, End] = {}
        self.capacity: CacheCapacity | None = None  # where the scheduler is told to keep to one

    def step(self, **options: Any) -> Plan:
        plan = self.scheduler.plan(**options)
        for slot in plan.released:
            self.slots.pop(slot, None)
            self.halted.discard(slot)
        if plan.rebuild is not None:
            assert not self.slots, "slots built anew under a running stream"
            self.capacity = plan.rebuild
        for source, target in plan.moves:
            assert target not in self.slots, "moved onto a running stream"
            self.slots[target] = self.slots.pop(source)
            self.window_left[target] = self.window_left.pop(source)
            if source in self.halted:
                self.halted.remove(source)
                self.halted.add(target)
        for slot, stream in plan.admitted:
            assert slot not in self.slots, "admitted onto a running stream"
            self.slots[slot], self.window_left[slot] = stream, 0
        for slot, halted in plan.halted:
            assert slot in self.slots, "halted an empty slot"
            assert halted == (slot not in self.halted), "halted or resumed twice"
            (self.halted.add if halted else self.halted.remove)(slot)
        for slot, stream in plan.frames:
            assert self.slots[slot] is stream
            assert self.window_left[slot] > 0, "a frame without text"
            assert slot not in self.halted, "a frame of a paused stream"
            assert slot < plan.bucket
            self.window_left[slot] -= 1
            self._frame(stream, plan.ends.get(slot))
        for window in plan.windows:
            assert self.window_left[window.slot] == 0, "text in the middle of a speech window"
            assert window.slot not in self.halted, "text for a paused stream"
            number = self.slots[window.slot].number
            if number not in self.finished:  # by the very frame before, which no plan can know
                self.tokens[number] += window.tokens
            self.window_left[window.slot] = window.frames
        for ended in plan.ended:
            assert ended.end is not None
            self.finished.setdefault(ended.number, ended.end)
        return plan

    def _frame(self, stream: Stream, end: End | None) -> None:
        number = stream.number
        assert number not in self.finished, "a frame after the end"
        self.frames[number] += 1
        if end is None and self.frames[number] == self.ends.get(number):
            end = End.EOS
            self.scheduler.finish(stream, end)
        if end is not None:
            self.finished[number] = end

    def drain(self, limit: int = 10_000) -> None:
        for _ in range(limit):
            if not self.scheduler.running and not self.scheduler.waiting:
                return
            self.step()
        raise AssertionError("the scheduler does not come to an end")
