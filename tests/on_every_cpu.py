"""Run the numeric tests as on other CPUs: `python tests/on_every_cpu.py [PYTEST ARGUMENTS]`.

oneDNN, ATen and MKL, which compute what torch does on a CPU, can each be told to use no
instructions but those of an older CPU. They are told so one at a time; what this CPU lacks is
skipped. Prints a line a kind, with its CPU seconds; ends with 1 if a test failed under one.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
AVX512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"}

# Variable, value, and the flags in /proc/cpuinfo of a CPU that can be so.
KINDS: list[tuple[str, str, set[str]]] = [
    ("", "", set()),
    ("ONEDNN_MAX_CPU_ISA", "SSE41", {"sse4_1"}),
    ("ONEDNN_MAX_CPU_ISA", "AVX2", {"avx2", "fma"}),
    ("ONEDNN_MAX_CPU_ISA", "AVX512_CORE", AVX512),
    ("ATEN_CPU_CAPABILITY", "default", {"sse2"}),
    ("ATEN_CPU_CAPABILITY", "avx2", {"avx2", "fma"}),
    ("ATEN_CPU_CAPABILITY", "avx512", AVX512),
    ("MKL_CBWR", "COMPATIBLE", {"sse2"}),
    ("MKL_CBWR", "AVX2", {"avx2", "fma"}),
    ("MKL_CBWR", "AVX512", AVX512),
    ("OMP_NUM_THREADS", "1", set()),
    ("OMP_NUM_THREADS", "2", set()),
]


def cpu_flags() -> set[str]:
    """What /proc/cpuinfo says this CPU has; empty where there is no such file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    found = [line.partition(":")[2] for line in lines if line.startswith("flags")]
    return set(found[0].split()) if found else set()


def why_not(flags: set[str], needed: set[str]) -> str | None:
    """The reason why a kind that needs `needed` cannot be run here, if there is one."""
    if missing := sorted(needed - flags):
        return f"this CPU ({platform.machine()}) lacks {', '.join(missing)}"
    return None


def run(variable: str, value: str, arguments: list[str]) -> tuple[bool, str]:
    """Run the numeric tests with `variable` set: whether they passed, and pytest's last line."""
    ours = {name for name, _, _ in KINDS}
    environment = {name: text for name, text in os.environ.items() if name not in ours}
    if variable == "OMP_NUM_THREADS":  # which tests/conftest.py sets, to what this says
        variable = "VVCLI_TEST_THREADS"
    if variable:
        environment[variable] = value
    command = [sys.executable, "-m", "pytest", "-m", "numeric", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--color=no", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, done.stderr)
    lines = done.stdout.strip().splitlines() or ["pytest printed nothing"]
    return done.returncode == 0, lines[-1]


def cpu_seconds() -> float:
    """What the tests so far took, of however many cores."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def main() -> int:
    """Print the table, and tell whether all passed."""
    flags, failed = cpu_flags(), 0
    for variable, value, needed in KINDS:
        kind = f"{variable}={value}" if variable else "as it is"
        if reason := why_not(flags, needed):
            print(f"{kind:32} skipped: {reason}", flush=True)
            continue
        begin = cpu_seconds()
        passed, last = run(variable, value, sys.argv[1:])
        failed += not passed
        took = cpu_seconds() - begin
        print(f"{kind:32} {'passed' if passed else 'FAILED'} {took:6.1f} s  {last}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
