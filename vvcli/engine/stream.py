"""One record on its way through the engine, and the noise that its frames start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vvcli.model.voice import Voice
from vvcli.samples import Samples

NOISE_CHUNK = 32  # frames drawn at once, which a slot holds: four seconds of the published model


class NoiseSource:
    """Draws one record's noise, chunk by chunk.

    Noise is a law, so that audio does not depend on neighbours, slot or device: the rows of
    `Generator(Philox(key=[seed, record_index])).standard_normal((frames, latent))`, in frame order,
    float32, are the starting points of the record's frames. Chunks are the same rows.
    """

    def __init__(self, seed: int, record_index: int, latent_size: int) -> None:
        self.seed = seed
        self._record_index = record_index
        key = np.array([seed, record_index], dtype=np.uint64)
        self._generator = np.random.Generator(np.random.Philox(key=key))
        self._latent_size = latent_size

    def draw(self, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The next rows, [NOISE_CHUNK, latent] float32, put into `out` if it is given."""
        shape = NOISE_CHUNK, self._latent_size
        return self._generator.standard_normal(shape, dtype=np.float32, out=out)

    def with_seed_after(self, count: int) -> NoiseSource:
        """The noise of the same record from its start, with the seed that is `count` later."""
        seed = (self.seed + count) % 2**64
        return NoiseSource(seed, self._record_index, self._latent_size)


class End(Enum):
    """Why a stream makes no more frames."""

    EOS = "eos"
    TRUNCATED = "truncated"  # the model's context is full
    CANCELLED = "cancelled"
    BROKEN = "broken"  # its samples are not finite, or far beyond full scale


@dataclass(eq=False)
class Stream:
    """A request, and the host's view of its progress.

    The engine alone writes the second half. It runs ahead of the device: a frame counts once it is
    dispatched.
    """

    number: int  # place in the output order
    tokens: Sequence[int]
    voice: Voice
    noise: NoiseSource
    guidance: float
    max_frames: int | None = None  # end after this many, if nothing ends it before

    slot: int | None = None
    tokens_read: int = 0
    window_left: int = 0  # frames until the next text window is due
    frames: int = 0
    end: End | None = None
    closed: bool = False  # its last frame was handed out: results that are still due are dropped
    paused: bool = False  # as asked for; `halted` is its slot's state on the device
    halted: bool = False

    def __post_init__(self) -> None:
        # Read once a frame, and a tensor's shape costs more than the rest of that.
        self.prompt: int = self.voice.tts_kv.shape[3]
        self.text_prompt: int = self.voice.lm_kv.shape[3]

    @property
    def length(self) -> int:
        """Positions of the positive TTS LM cache in use."""
        return self.prompt + self.tokens_read + self.frames

    @property
    def text_length(self) -> int:
        """Positions of the text LM cache in use."""
        return self.text_prompt + self.tokens_read


class StreamFrame(NamedTuple):
    """One frame of one stream, as delivered; an end without a frame has no samples."""

    stream: Stream
    samples: Samples  # [hop], or empty
    end: End | None
