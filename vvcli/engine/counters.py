"""How steps were run, and the reasons for every fallback."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)


@dataclass
class Counters:
    """How steps were run."""

    captures: int = 0
    replays: int = 0  # steps that were one replay
    stage_replays: int = 0  # steps that were one replay a stage
    eager_steps: int = 0
    rebuilds: int = 0  # slots built anew in a quiet moment
    growths: int = 0  # caches that had to grow under running streams
    reasons: list[str] = field(default_factory=list)  # for every step down the fallback ladder

    def note(self, event: str, error: Exception) -> str:
        """Keep, and return, the reason for a step down; its cause is logged the first time only."""
        cause = describe_error(error)
        reason = f"{event}: {cause}"
        if not any(known.endswith(cause) for known in self.reasons):
            logger.warning("%s; running them another way", reason)
        self.reasons.append(reason)
        return reason


def describe_error(error: Exception) -> str:
    """The first line of an error, after its class unless that says nothing."""
    line = next((line for line in str(error).splitlines() if line.strip()), "")
    if line and type(error) is RuntimeError:
        return line
    return f"{type(error).__name__}: {line}".removesuffix(": ")
