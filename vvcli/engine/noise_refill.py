"""Refills the halves of the slots' noise rings that have been used up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vvcli.engine.noise import CHUNK
from vvcli.engine.plan import Plan
from vvcli.engine.stream import Stream


class NoiseRefill:
    """Draws noise for streams that begin, and for those that have used up half of their ring.

    Args:
        latent_size: numbers of a frame's noise.
    """

    def __init__(self, latent_size: int) -> None:
        self._latent_size = latent_size
        self._due: list[tuple[Stream, int]] = []  # and which half of the ring

    def draw(self, plan: Plan) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Places and chunks for `SlotState.refill_noise`, before the frame of `plan`."""
        halves = [(stream.slot, half, stream) for stream, half in self._due]
        halves += [(slot, half, stream) for slot, stream in plan.admitted for half in (0, 1)]
        halves = [item for item in halves if item[0] is not None]
        self._due = [
            # Half the ring is used up; the frame of this plan is its last reader.
            (stream, (stream.frames // CHUNK - 1) % 2)
            for _, stream in plan.noise_due
        ]
        places = np.array([item[:2] for item in halves], dtype=np.int64).reshape(-1, 2)
        chunks = np.empty((len(halves), CHUNK, self._latent_size), dtype=np.float32)
        for chunk, (_, _, stream) in zip(chunks, halves, strict=True):
            chunk[:] = stream.noise.draw()
        return places, chunks
