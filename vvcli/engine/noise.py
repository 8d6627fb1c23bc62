"""The noise of a record: a law, so that audio does not depend on neighbours, slot or device.

The rows of `Generator(Philox(key=[seed, record_index])).standard_normal((frames, latent))`, in
frame order, float32, are the starting points of the record's frames. Drawing them in chunks gives
the same rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHUNK = 32  # frames drawn at once: four seconds of the published model
RING = 2 * CHUNK  # rows a slot holds: the chunk in use and the next one


class NoiseSource:
    """Draws one record's noise, chunk by chunk."""

    def __init__(self, seed: int, record_index: int, latent_size: int) -> None:
        key = np.array([seed, record_index], dtype=np.uint64)
        self._generator = np.random.Generator(np.random.Philox(key=key))
        self._latent_size = latent_size

    def draw(self) -> NDArray[np.float32]:
        """The next rows, [CHUNK, latent] float32."""
        return self._generator.standard_normal((CHUNK, self._latent_size), dtype=np.float32)
