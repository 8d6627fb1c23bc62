"""Runs plans on a model: streams go in, frames come out."""

from __future__ import annotations

import numpy as np
import torch

from vvcli.engine import transfer
from vvcli.engine.frame import frame_step, text_step
from vvcli.engine.noise import CHUNK
from vvcli.engine.packed_linear import can_pack, pack_linears
from vvcli.engine.scheduler import Plan, Scheduler
from vvcli.engine.slots import SlotState, check_voice
from vvcli.engine.stream import End, Stream, StreamFrame
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice

POSITIONS_AT_START = 512
TEXT_POSITIONS_AT_START = 256
LIMIT_STEP = 64  # attention reads caches in steps of this many positions

NO_SAMPLES = np.zeros(0, dtype=np.float32)


class Engine:
    """A model, its slots and their scheduler.

    Args:
        model: on its device; on a CPU its linear layers are replaced by packed ones.
        slots: streams that run at the same time.
        steps: solver steps per frame.
    """

    def __init__(self, model: VibeVoice, *, slots: int, steps: int) -> None:
        config = model.config
        self.model = model
        self._table = SolverTable.build(model.prediction_head, steps)
        self._scheduler = Scheduler(
            slots,
            text_window=config.text_window,
            speech_window=config.speech_window,
            max_positions=config.lm.max_positions,
            noise_chunk=CHUNK,
        )
        if model.device.type == "cpu" and can_pack(model.dtype):
            pack_linears(model)
        self.state = SlotState.allocate(model, slots, POSITIONS_AT_START, TEXT_POSITIONS_AT_START)

    @property
    def waiting(self) -> int:
        """Streams submitted and not yet in a slot."""
        return self._scheduler.waiting

    @property
    def running(self) -> int:
        """Streams in a slot."""
        return self._scheduler.running

    def submit(self, stream: Stream) -> None:
        """Queue a stream; streams start in the order they are submitted."""
        if not stream.tokens:
            raise ValueError(f"stream {stream.number} has no tokens")
        check_voice(stream.voice, self.model.config)
        self._scheduler.submit(stream)

    def cancel(self, stream: Stream) -> None:
        """Stop a stream at once, wherever it is; none of its frames come out any more."""
        self._scheduler.finish(stream, End.CANCELLED)

    @torch.inference_mode()
    def step(self, *, admit: bool = True) -> list[StreamFrame]:
        """One frame for every running stream; with `admit` false no waiting one joins them."""
        plan = self._scheduler.plan(admit=admit)
        frames = [StreamFrame(stream, NO_SAMPLES, stream.end) for stream in plan.ended]
        self._make_room(plan)
        self._place(plan)
        if plan.windows:
            batch = transfer.pack_text(
                plan.windows, self.model.config.text_window, self.model.device
            )
            text_limit = _limit(plan.text_length, self.state.text_capacity)
            limit = _limit(plan.length, self.state.capacity)
            text_step(self.model, self.state, batch, limit, text_limit)
        if plan.frames:
            frames += self._frame(plan)
        return frames

    def _place(self, plan: Plan) -> None:
        for slot in plan.released:
            self.state.release(slot)
        for source, target in plan.moves:
            self.state.move(source, target)
        for slot, stream in plan.admitted:
            self.state.load(slot, stream)

    def _frame(self, plan: Plan) -> list[StreamFrame]:
        limit = _limit(plan.length, self.state.capacity)
        output = frame_step(self.model, self.state, self._table, plan.bucket, limit)
        for slot, stream in plan.noise_due:
            # Half the ring is used up; the frame just made was its last reader.
            self.state.refill_noise(slot, stream, (stream.frames // CHUNK - 1) % 2)
        audio, eos = transfer.fetch(output)
        frames = []
        for planned in plan.frames:
            stream, end = planned.stream, planned.end
            if end is None and eos[planned.slot]:
                end = End.EOS
                self._scheduler.finish(stream, end)
            # A copy, so that one kept row does not keep the whole bucket.
            frames.append(StreamFrame(stream, audio[planned.slot].copy(), end))
        return frames

    def _make_room(self, plan: Plan) -> None:
        """Grow the caches, by doubling, where the longest row after this step would not fit.

        Padding tokens of a text window are written behind the row's end, and need room too.
        """
        slack = self.model.config.text_window
        capacity, text_capacity = self.state.capacity, self.state.text_capacity
        while capacity < plan.length + slack:
            capacity *= 2
        while text_capacity < plan.text_length + slack:
            text_capacity *= 2
        if (capacity, text_capacity) != (self.state.capacity, self.state.text_capacity):
            self.state = self.state.grown(capacity, text_capacity)


def _limit(length: int, capacity: int) -> int:
    """Positions to attend to: `length` rounded up, within `capacity`."""
    return min(-(-length // LIMIT_STEP) * LIMIT_STEP, capacity)
