"""Plans steps, without touching a device: who gets a slot, a frame, text.

A step is: slots released, streams moved and admitted, one frame for every stream that can make one,
then text windows for streams that are due. With kernels, a frame and the text after it go through
the TTS LM together. The scheduler plans steps and is told how they went; results may come back one
or more steps late.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from vvcli.engine.plan import Plan, TextWindow
from vvcli.engine.sizes import CacheCapacity
from vvcli.engine.stream import End, Stream

NO_MORE_TEXT = 1 << 30  # frames left in the last window: until EOS or the end of the context

# Speech runs on after its text. A stream gets capacity for twice the frames that come between its
# text windows, and for this many windows more.
SPARE_WINDOWS = 8


class Scheduler:
    """Streams in, plans out.

    Args:
        slots: streams that run at the same time.
        text_window: tokens of a text window.
        speech_window: frames between two text windows.
        max_positions: the model's context; a stream that fills it is truncated.
        noise_chunk: frames that the noise in a slot is for.
        max_windows: text windows after a frame, so that joining streams cannot hold up running
            ones; streams left over wait one frame.
        bucket: rounds a number of slots up to one the engine runs; slots are compacted only when
            that makes the bucket smaller.
        widens_at_once: whether a step with new streams is as wide as those that still wait will
            make it, since each width that is passed through would have to be captured.
        capacity: of a slot, where building slots anew is costly. A stream that is expected to
            need more is held, and those behind it, until the running ones have ended. Without
            it, caches are taken to grow.
    """

    def __init__(
        self,
        slots: int,
        *,
        text_window: int,
        speech_window: int,
        max_positions: int,
        noise_chunk: int,
        max_windows: int | None = None,
        bucket: Callable[[int], int] = lambda slots: slots,
        widens_at_once: bool = False,
        capacity: CacheCapacity | None = None,
    ) -> None:
        if slots < 1:
            raise ValueError(f"{slots} slots: at least one is needed")
        self._text_window = text_window
        self._speech_window = speech_window
        self._max_positions = max_positions
        self._noise_chunk = noise_chunk
        self._slots = slots
        self._bucket = bucket
        self._widens_at_once = widens_at_once
        self.capacity = capacity
        self._max_windows = max_windows or slots
        # Admitting a window's share per frame spreads the text steps evenly over later frames.
        self._admissions_per_step = math.ceil(slots / speech_window)
        self._free = list(range(slots))
        self._waiting: deque[Stream] = deque()
        self._running: dict[int, Stream] = {}
        self._released: list[int] = []
        self._toggled: list[Stream] = []  # paused or resumed since the last plan

    @property
    def waiting(self) -> int:
        """Streams submitted and not yet admitted."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Streams in a slot."""
        return len(self._running)

    def submit(self, stream: Stream) -> None:
        """Queue `stream`; streams are admitted in the order they are submitted."""
        self._waiting.append(stream)

    def finish(self, stream: Stream, end: End) -> None:
        """End `stream` wherever it is, queued or not; its slot is free from the next plan on."""
        if stream.end is not None:
            return
        stream.end = end
        if stream.slot is None:
            with suppress(ValueError):
                self._waiting.remove(stream)
            return
        slot, stream.slot = stream.slot, None
        del self._running[slot]
        heapq.heappush(self._free, slot)
        self._released.append(slot)

    def pause(self, stream: Stream, *, paused: bool) -> None:
        """Let `stream` stand still in its slot, or go on; it counts from the next plan on."""
        stream.paused = paused
        self._toggled.append(stream)

    def plan(self, *, admit: bool = True) -> Plan:
        """The next step. With `admit` false no waiting stream joins (the look-ahead is full)."""
        plan = Plan()
        plan.released, self._released = self._released, []
        if admit:
            self._admit(plan)
        if not self._waiting:
            self._compact(plan)
        self._plan_halts(plan)
        due = self._plan_frames(plan)
        self._plan_text(plan, due)
        return plan

    def _admit(self, plan: Plan) -> None:
        if self.capacity is not None and self._waiting and not self._running:
            enlarged = self.capacity
            for stream in self._waiting:
                needed = self._needed_capacity(stream)
                if not enlarged.holds(needed):
                    enlarged = enlarged.enlarged(needed)
            if enlarged != self.capacity:
                plan.rebuild = self.capacity = enlarged
        while self._waiting and self._free and len(plan.admitted) < self._admissions_per_step:
            needed = self._needed_capacity(self._waiting[0])
            if self.capacity is not None and not self.capacity.holds(needed):
                break
            stream, slot = self._waiting.popleft(), heapq.heappop(self._free)
            stream.slot, self._running[slot] = slot, stream
            plan.admitted.append((slot, stream))

    def _needed_capacity(self, stream: Stream) -> CacheCapacity:
        """The positions that `stream` is expected to need, from its start to its end."""
        tokens, window = len(stream.tokens), self._text_window
        frames = stream.max_frames
        if frames is None:
            frames = self._speech_window * (2 * math.ceil(tokens / window) + SPARE_WINDOWS)
        context = self._max_positions + 1
        # Padding tokens of a window are written behind the row's end.
        tts = min(stream.prompt + tokens + frames, context) + window
        return CacheCapacity(tts, stream.text_prompt + tokens + window)

    def _compact(self, plan: Plan) -> None:
        """With nobody left to admit, move streams down so that the last ones run in few slots."""
        if not self._running or self._bucket(max(self._running) + 1) <= self._bucket(self.running):
            return
        admitted = {slot for slot, _ in plan.admitted}
        for slot in sorted(self._running, reverse=True):
            if slot < self.running:
                break
            if slot in admitted:  # it is loaded after the moves
                continue
            lower = heapq.heapreplace(self._free, slot)
            stream = self._running.pop(slot)
            stream.slot, self._running[lower] = lower, stream
            plan.moves.append((slot, lower))

    def _plan_halts(self, plan: Plan) -> None:
        toggled, self._toggled = self._toggled, []
        for stream in toggled:
            if stream.slot is not None and stream.halted != stream.paused:
                stream.halted = stream.paused
                plan.halted.append((stream.slot, stream.halted))
            elif stream.end is None and stream.slot is None:  # until it is admitted
                self._toggled.append(stream)

    def _plan_frames(self, plan: Plan) -> list[tuple[int, Stream]]:
        """Plan a frame for every stream that can make one; those that then need text, with slots.

        There may be a thousand streams every few milliseconds: for most of them nothing is called.
        """
        due = []
        for running in sorted(self._running.items()):
            slot, stream = running
            makes_frame = stream.window_left and not stream.paused
            if makes_frame:
                plan.frames.append(running)
                if not stream.frames % self._noise_chunk:
                    plan.noise_due.append(running)
                stream.frames += 1
                stream.window_left -= 1
            length = stream.prompt + stream.tokens_read + stream.frames
            if length > plan.max_length:
                plan.max_length = length
            if makes_frame and (length > self._max_positions or stream.frames == stream.max_frames):
                # The frame that overruns the context is still made, again as in the reference.
                end = End.TRUNCATED if length > self._max_positions else End.EOS
                plan.ends[slot] = end
                self.finish(stream, end)
            elif not stream.window_left and not stream.paused:
                due.append(running)
        if plan.frames:
            width = plan.frames[-1][0] + 1
            if plan.admitted and self._widens_at_once:
                width = max(width, min(self.running + self.waiting, self._slots))
            plan.bucket = self._bucket(width)
        return due

    def _plan_text(self, plan: Plan, due: list[tuple[int, Stream]]) -> None:
        """Plan text windows for streams that are `due`."""
        if not due:
            return
        head = min([stream.number for stream in self._running.values()])
        # The record being written out first, then those that have yet to be heard.
        due.sort(key=lambda item: (item[1].number != head, item[1].frames > 0, item[1].number))
        for slot, stream in due[: self._max_windows]:
            tokens = self._next_tokens(stream)
            if stream.length + len(tokens) > self._max_positions:
                # As in the reference, a window that overruns the context is not run.
                self.finish(stream, End.TRUNCATED)
                plan.ended.append(stream)
                continue
            stream.tokens_read += len(tokens)
            last = stream.tokens_read == len(stream.tokens)
            stream.window_left = NO_MORE_TEXT if last else self._speech_window
            plan.windows.append(TextWindow(slot, tokens, stream.window_left))
            plan.max_length = max(plan.max_length, stream.length)
            plan.max_text_length = max(plan.max_text_length, stream.text_length)

    def _next_tokens(self, stream: Stream) -> tuple[int, ...]:
        start = stream.tokens_read
        return tuple(stream.tokens[start : start + self._text_window])
