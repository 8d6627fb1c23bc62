"""Decides, without touching a device, what the next step does for whom.

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
from dataclasses import dataclass, field
from typing import NamedTuple

from vvcli.engine.stream import End, Stream

NO_MORE_TEXT = 1 << 30  # frames left in the last window: until EOS or the end of the context

# Speech runs on after its text. A stream is given room for twice the frames that come between its
# text windows, and for this many windows more.
SPARE_WINDOWS = 8
ROOM_STEP = 256  # positions; room is a multiple, so that few sizes are ever allocated


@dataclass(frozen=True)
class TextWindow:
    """Up to `text_window` tokens for one slot, and how many frames may follow them."""

    slot: int
    tokens: tuple[int, ...]
    frames: int


class PlannedFrame(NamedTuple):  # a thousand a step, and half the cost of a dataclass
    """A frame to be made; `end` is set where it is known beforehand to be the stream's last."""

    slot: int
    stream: Stream
    end: End | None


@dataclass(frozen=True)
class Room:
    """Positions that the caches of a slot hold."""

    speech: int
    text: int

    def holds(self, other: Room) -> bool:
        """Whether a stream that needs `other` fits."""
        return other.speech <= self.speech and other.text <= self.text


@dataclass
class Plan:
    """One step. Parts are carried out in the order of the fields."""

    room: Room | None = None  # no stream is in a slot: build the slots anew, with this room
    released: list[int] = field(default_factory=list)
    moves: list[tuple[int, int]] = field(default_factory=list)  # (from, to), slots
    admitted: list[tuple[int, Stream]] = field(default_factory=list)  # (slot, stream)
    frames: list[PlannedFrame] = field(default_factory=list)  # by slot
    bucket: int = 0  # slots 0 … bucket - 1 take part in the frame; with 0 there is none
    noise_due: list[tuple[int, Stream]] = field(default_factory=list)  # refill after the frame
    windows: list[TextWindow] = field(default_factory=list)
    ended: list[Stream] = field(default_factory=list)  # truncated: the next window does not fit
    length: int = 0  # longest TTS LM cache after the step
    text_length: int = 0  # longest text LM cache after the step


class Scheduler:
    """Streams in, plans out.

    Args:
        slots: streams that run at the same time.
        text_window: tokens of a text window.
        speech_window: frames between two text windows.
        max_positions: the model's context; a stream that fills it is truncated.
        noise_chunk: frames after which a slot's noise ring needs its next chunk.
        windows_per_step: text windows after a frame, so that joining streams cannot hold up running
            ones; streams left over wait one frame.
        bucket: rounds a number of slots up to one the engine runs; slots are compacted only when
            that makes the bucket smaller.
        room: what a slot holds, where building slots anew is costly. A stream that is expected to
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
        windows_per_step: int | None = None,
        bucket: Callable[[int], int] = lambda slots: slots,
        room: Room | None = None,
    ) -> None:
        if slots < 1:
            raise ValueError(f"{slots} slots: at least one is needed")
        self._text_window = text_window
        self._speech_window = speech_window
        self._max_positions = max_positions
        self._noise_chunk = noise_chunk
        self._bucket = bucket
        self.room = room
        self._windows_per_step = windows_per_step or slots
        # Admitting a window's share per frame spreads the text steps evenly over later frames.
        self._admissions_per_step = math.ceil(slots / speech_window)
        self._free = list(range(slots))
        self._waiting: deque[Stream] = deque()
        self._running: dict[int, Stream] = {}
        self._released: list[int] = []

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

    def plan(self, *, admit: bool = True) -> Plan:
        """The next step. With `admit` false no waiting stream joins (the look-ahead is full)."""
        plan = Plan()
        plan.released, self._released = self._released, []
        if admit:
            self._admit(plan)
        if not self._waiting:
            self._compact(plan)
        self._make_frames(plan)
        self._give_text(plan)
        return plan

    def _admit(self, plan: Plan) -> None:
        if self.room is not None and self._waiting and not self._running:
            needs = [self._need(stream) for stream in self._waiting]
            if not all(self.room.holds(need) for need in needs):
                speech, text = max(n.speech for n in needs), max(n.text for n in needs)
                plan.room = self.room = Room(
                    max(self.room.speech, _round_up(speech)), max(self.room.text, _round_up(text))
                )
        while self._waiting and self._free and len(plan.admitted) < self._admissions_per_step:
            if self.room is not None and not self.room.holds(self._need(self._waiting[0])):
                break
            stream, slot = self._waiting.popleft(), heapq.heappop(self._free)
            stream.slot, self._running[slot] = slot, stream
            plan.admitted.append((slot, stream))

    def _need(self, stream: Stream) -> Room:
        """The room that `stream` is expected to need, from its start to its end."""
        tokens, window = len(stream.tokens), self._text_window
        frames = stream.most_frames
        if frames is None:
            frames = self._speech_window * (2 * math.ceil(tokens / window) + SPARE_WINDOWS)
        most = self._max_positions + 1
        # Padding tokens of a window are written behind the row's end.
        speech = min(stream.prompt + tokens + frames, most) + window
        return Room(speech, stream.text_prompt + tokens + window)

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

    def _give_text(self, plan: Plan) -> None:
        due = [(slot, stream) for slot, stream in self._running.items() if stream.text_due]
        head = min((stream.number for stream in self._running.values()), default=None)
        # The record being written out first, then those that have yet to be heard.
        due.sort(key=lambda item: (item[1].number != head, item[1].frames > 0, item[1].number))
        for slot, stream in due[: self._windows_per_step]:
            tokens = self._next_tokens(stream)
            if stream.length + len(tokens) > self._max_positions:
                # As in the reference, a window that overruns the context is not run.
                self.finish(stream, End.TRUNCATED)
                plan.ended.append(stream)
                continue
            stream.tokens_given += len(tokens)
            last = stream.tokens_given == len(stream.tokens)
            stream.window_left = NO_MORE_TEXT if last else self._speech_window
            plan.windows.append(TextWindow(slot, tokens, stream.window_left))
            plan.length = max(plan.length, stream.length)
            plan.text_length = max(plan.text_length, stream.text_length)

    def _make_frames(self, plan: Plan) -> None:
        for slot, stream in sorted(self._running.items()):
            if not stream.text_due:
                self._make_frame(plan, slot, stream)
            if stream.length > plan.length:
                plan.length = stream.length
        if plan.frames:
            plan.bucket = self._bucket(plan.frames[-1].slot + 1)

    def _make_frame(self, plan: Plan, slot: int, stream: Stream) -> None:
        stream.frames += 1
        stream.window_left -= 1
        if stream.frames % self._noise_chunk == 0:
            plan.noise_due.append((slot, stream))
        # The frame that overruns the context is still made, again as in the reference.
        end = None
        if stream.length > self._max_positions:
            end = End.TRUNCATED
        elif stream.frames == stream.most_frames:
            end = End.EOS
        plan.frames.append(PlannedFrame(slot, stream, end))
        if end is not None:
            self.finish(stream, end)

    def _next_tokens(self, stream: Stream) -> tuple[int, ...]:
        start = stream.tokens_given
        return tuple(stream.tokens[start : start + self._text_window])


def _round_up(positions: int) -> int:
    return -(-positions // ROOM_STEP) * ROOM_STEP
