"""The numbers a user may give: one range and one sentence for options, manifests and Python."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

from vvcli.script.record import MAX_SEED

MAX_LENGTH = 40  # characters of a value in a message


@dataclass(frozen=True)
class Limits:
    """A range of numbers, both ends in it; `whole` ones are integers, `word` is allowed besides."""

    low: float
    high: float = math.inf
    whole: bool = False
    word: str | None = None

    def __str__(self) -> str:
        """The range in words, to follow "is not"."""
        kind = "a whole number" if self.whole else "a number"
        if self.word is not None:
            kind = f"{self.word!r} or {kind}"
        if self.high == math.inf:
            return f"{kind} of at least {self.low}"
        return f"{kind} from {self.low} to {self.high}"

    def check(self, value: Any) -> Any:
        """`value` as an int or float, or the word.

        Raises:
            ValueError: it is no number, not finite, or out of range; the sentence follows the name
                of whatever was given.
        """
        if self.word is not None and value == self.word:
            return value
        number = self._number(value)
        if number is None or not self.low <= number <= self.high or math.isinf(number):
            raise ValueError(f"{shown(value)} is not {self}")
        return number

    def check_named(self, name: str, value: Any) -> None:
        """Check the value called `name`.

        Raises:
            ValueError: as `check` does, with the name before it.
        """
        try:
            self.check(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def parse(self, text: str) -> Any:
        """The number, or the word, that `text` is.

        Raises:
            ValueError: as `check` does.
        """
        if text == self.word:
            return text
        try:
            if is_plain(text):
                return self.check(int(text) if self.whole else float(text))
        except ValueError:  # its own sentence would show the number in another spelling
            pass
        raise ValueError(f"{shown(text)} is not {self}")

    def _number(self, value: Any) -> int | float | None:
        if isinstance(value, bool | str | bytes):
            return None
        try:
            return operator.index(value) if self.whole else float(value)
        except (TypeError, ValueError, OverflowError):
            return None


def is_plain(text: str) -> bool:
    """Whether a number would be spelled so elsewhere: Python reads other digits and "1_0", too."""
    return text.isascii() and "_" not in text


def shown(value: Any) -> str:
    """A value that is refused, as Python writes it, cut where it is long."""
    if isinstance(value, str):
        value = value if len(value) <= MAX_LENGTH else f"{value[:MAX_LENGTH]}..."
        return repr(value)
    if isinstance(value, int) and abs(value) >= 10**MAX_LENGTH:  # Python shows no 5,000 digits
        return f"a number of over {MAX_LENGTH} digits"
    return repr(value)


SEED = Limits(0, MAX_SEED, whole=True)
CFG_SCALE = Limits(0, 100)
SPEED = Limits(0.5, 2)
RETRY = Limits(0, 100, whole=True)
LOUDNESS = Limits(-70, -5)  # LUFS
SILENCE = Limits(0, 3600)  # seconds
MAX_AHEAD = Limits(0, 1_000_000_000)  # seconds
STEPS = Limits(1, 999, whole=True)
STREAMS = Limits(1, 65_536, whole=True, word="auto")
WORKERS = Limits(1, 4096, whole=True)
THREADS = Limits(1, 1024, whole=True, word="auto")
FOLLOW_MS = Limits(1, 3_600_000, whole=True)
