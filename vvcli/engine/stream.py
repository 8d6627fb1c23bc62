"""One record on its way through the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from vvcli.engine.noise import NoiseSource
from vvcli.model.voice import Voice
from vvcli.samples import Samples


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

    @property
    def text_due(self) -> bool:
        """Whether the next frame needs a text window first."""
        return self.window_left == 0


class StreamFrame(NamedTuple):
    """One frame of one stream, as delivered; an end without a frame has no samples."""

    stream: Stream
    samples: Samples  # [hop], or empty
    end: End | None
