"""Faster or slower speech of the same pitch, while it comes.

Speech is left as it is but for splices, that leave out or repeat some of it: `splice.py` says
where. At 1.5 times the speed there are 13 in a second, against the 31 of WSOLA (Verhelst and
Roelands, ICASSP 1993), of whose speech DistilMOS thinks less by 0.15.

No kept library does this for a stream. Signalsmith's stretcher can, but its binding (python-stretch
0.3.1) starts anew with every call; it also takes as long, and DistilMOS likes its speech less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vvcli.samples import FULL_SCALE, Samples
from vvcli.speech.splice import FADE, LOOK, MAX_COMPARED, NEEDED, STRIDE, find, terms_at

_FADE_IN = (0.5 - 0.5 * np.cos(np.pi * (np.arange(FADE) + 0.5) / FADE)).astype(np.float32)


class Stretcher:
    """One stretch of speech at `speed` times its own.

    Of n samples come round(n / speed). The result depends on the samples alone, not on how they
    are cut nor on the machine: places are compared in integers, whose sums no order of adding
    changes. Samples stay within the range of the input.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._terms = terms_at(speed)
        self._received = 0
        self._made = 0
        self._moved = 0  # samples that were left out, or repeated
        self._next = 0  # place where the next splice is looked for, a multiple of STRIDE
        self._from = 0  # place that the output goes on from
        self._start = -STRIDE  # of `_input` in the input
        self._input = np.zeros(STRIDE, np.float32)
        self._dtype: np.dtype[np.float32 | np.int16] = np.dtype(np.float32)  # of what came

    def stretch(self, samples: Samples, *, ends: bool = False) -> Samples:
        """The output that `samples` [n] complete, of their type.

        Some is held back, unless the samples are the last ones.
        """
        self._dtype = samples.dtype
        self._received += len(samples)
        self._input = np.concatenate([self._input, samples.astype(np.float32)])
        made = self._make(self._received)
        return np.concatenate([made, self.finish()]) if ends else made

    def finish(self) -> Samples:
        """The rest; nothing may follow."""
        left = round(self._received / self._speed) - self._made
        self._input = np.pad(self._input, (0, 2 * NEEDED + left))
        return self._make(self._received + 2 * NEEDED + left)[: max(left, 0)]

    def _make(self, end: int) -> Samples:
        """All that the input up to `end` is enough for."""
        pieces = [np.zeros(0, np.float32)]
        # Never more than what has come makes by its length, so that the end can be exact.
        while self._next + NEEDED <= end and (self._made + LOOK + FADE) * self._speed <= end:
            made = self._go_on()
            self._made += sum(map(len, made))
            pieces += made
        unused = min(self._from, self._next - STRIDE) - self._start
        unused -= unused % STRIDE
        if unused > 0:
            self._input = self._input[unused:]
            self._start += unused
        made_now = np.concatenate(pieces)
        return made_now if self._dtype == np.float32 else np.rint(made_now).astype(self._dtype)

    def _go_on(self) -> list[NDArray[np.float32]]:
        """The output up to the next splice and of it, or up to where none was found."""
        behind = self._next * self._terms.rate - self._moved
        ahead = self._integers(self._next - STRIDE, NEEDED + STRIDE)
        found = find(ahead, behind, self._terms)
        if found is None:
            self._next += LOOK // 2
            plain = self._at(self._from, max(0, self._next - self._from))
            self._from = max(self._from, self._next)
            return [plain]
        early, late = self._next + found.place, self._next + found.place + found.lag
        self._moved += found.lag
        leaves, goes_on = (early, late) if self._speed > 1 else (late, early)
        plain = self._at(self._from, leaves - self._from)
        over = self._at(leaves, FADE) * (1 - _FADE_IN) + self._at(goes_on, FADE) * _FADE_IN
        self._from = goes_on + FADE
        self._next = -(-self._from // STRIDE) * STRIDE
        return [plain, over]

    def _at(self, place: int, length: int) -> NDArray[np.float32]:
        return self._input[place - self._start : place - self._start + length]

    def _integers(self, place: int, length: int) -> NDArray[np.float64]:
        scale = FULL_SCALE if self._dtype == np.float32 else 1
        samples = np.rint(self._at(place, length).astype(np.float64) * scale)
        return samples.clip(-MAX_COMPARED, MAX_COMPARED)
