"""Random hostile inputs end in a sentence and a status, in bounded time and memory.

VVCLI_HOSTILE_INPUTS says how many; VVCLI_HOSTILE_FIRST is the number of the first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.cli.hostile import WAIT

COUNT = int(os.environ.get("VVCLI_HOSTILE_INPUTS", "40"))
FIRST = int(os.environ.get("VVCLI_HOSTILE_FIRST", "0"))
AT_ONCE = 100  # in one process, so that little is tried again when it dies


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
def test_hostile_inputs_are_refused_in_a_sentence(tmp_path: Path) -> None:
    wrong = []
    for first in range(FIRST, FIRST + COUNT, AT_ONCE):
        count = min(AT_ONCE, FIRST + COUNT - first)
        done = subprocess.run(
            [sys.executable, "-m", "tests.cli.hostile", str(first), str(count)],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"TMPDIR": str(tmp_path), "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            timeout=120 + WAIT * count,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        ended = [line for line in lines if "ended" in line]
        if done.returncode or len(ended) < count:
            last = lines[-1] if lines else None
            wrong.append(f"the process ended with {done.returncode} after {last}: {done.stderr}")
        wrong += [f"{fault}: {case}" for case in ended if (fault := fault_of(case))]
    assert not wrong, "\n\n".join(wrong)


def fault_of(case: dict[str, object]) -> str | None:
    """What is wrong with how a case ended."""
    said, printed = str(case["said"]), str(case["printed"])
    if case["ended"] != "status" or case["status"] not in range(6):
        return "no status"
    for word in ("internal error", "Traceback", "panicked"):
        if word in said + printed:
            return word
    if case["status"] and not said and not printed:
        return "nothing was said"
    for character in (said + printed).replace("\n", "").replace("\t", ""):
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return f"{character!r} is shown"
    return None
