"""Measures how long the front end takes for 1 MiB of one character or of a pair, repeated.

    python -m tests.frontend.linear_time [--characters 60] [--pairs 100] [--seed 0]

Each text of 1 MiB may take five times as long as 256 KiB of it, 15 seconds of the processor, and
400 MB; one that takes more is measured up to twice again, as a core shared with others is slower.
It says which do not, then the slowest ones, and exits with 1 if there are any over a limit.
A command and no test: it takes half an hour, longer where the machine does other work.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import sys
import time
from contextlib import suppress

from vvcli.errors import RecordError
from vvcli.frontend.front_end import FrontEnd

SMALL, LARGE = 1 << 18, 1 << 20
ROUNDS = 3
MAX_RATIO, MAX_SECONDS, MAX_BYTES = 5.0, 15.0, 400 << 20
CHARACTERS = (
    "0175aAzZIVXims.,;:!?'\"-–—_/\\|()[]{}<>=+*^~&%#@$€£°\u00b2½é\u0301αж中😀⭐\u200d\u00a0 \t…№■`"
)


def seconds(text: str) -> float:
    """The processor time that `text` takes, whatever comes of it."""
    start = time.process_time()
    with suppress(RecordError):
        FrontEnd().speak(text)
    return time.process_time() - start


def main() -> int:
    """Print the slowest of the texts, and those over a limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--characters", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)  # noqa: S311
    units = list(CHARACTERS[: asked.characters])
    units += [rng.choice(CHARACTERS) + rng.choice(CHARACTERS) for _ in range(asked.pairs)]
    seconds("Warm the caches. 5 kg")
    rows: list[tuple[float, float, str]] = []
    bad = 0
    for unit in units:
        small = large = math.inf
        for _ in range(ROUNDS):
            small = min(small, seconds(unit * (SMALL // len(unit.encode()))))
            large = min(large, seconds(unit * (LARGE // len(unit.encode()))))
            # Below a twentieth of a second the ratio measures the machine.
            is_slow = large > MAX_SECONDS or large > MAX_RATIO * max(small, 0.05)
            if not is_slow:
                break
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        rows.append((large, small, unit))
        is_bad = is_slow or peak > MAX_BYTES
        bad += is_bad
        if is_bad:
            sys.stdout.write(f"{unit!r}: {small:.2f} s, {large:.2f} s, {peak >> 20} MB\n")
            sys.stdout.flush()
    for large, small, unit in sorted(rows, reverse=True)[:10]:
        sys.stdout.write(f"slow: {unit!r}: {small:.2f} s, {large:.2f} s\n")
    sys.stdout.write(f"{len(units)} texts, peak {peak >> 20} MB, {bad} over a limit\n")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
