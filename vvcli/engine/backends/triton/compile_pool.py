"""Compiles kernels side by side in processes, since most of a compilation holds Python's lock.

No torch is imported here: the process that compiles is started while this one is still loading.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, astuple
from pathlib import Path
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vvcli.engine.backends.triton.common.card import Card
    from vvcli.engine.sizes import StepSize
    from vvcli.model.config import ModelConfig

# With `-I` nothing of the user's folder is imported before the path is as it is here.
PROGRAM = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from vvcli.engine.backends.triton.compile_worker import main; main()"
)
MAX_PROCESSES = 16

Kernel = tuple[str, str, str]  # module, name, Triton's description of what to compile
WantedSteps = dict[str, Any]  # steps whose kernels are wanted, as `describe_steps` says them


class CompilePool:
    """A process that compiles, started when it is first needed or before."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._process: subprocess.Popen[str] | None = None
        self._unanswered = 0  # requests

    @property
    def started(self) -> bool:
        """Whether the process is there, or on its way."""
        return self._process is not None

    def start(self) -> None:
        """Start the process, if it is not there; what it imports takes some seconds."""
        with self._lock, suppress(OSError):
            if self._process is None:
                self._process = subprocess.Popen(  # noqa: S603 - of this program
                    [sys.executable, "-I", "-c", PROGRAM, *sys.path],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    env=os.environ | {"OMP_NUM_THREADS": "1"},
                )

    def begin(self, steps: WantedSteps, processes: int | None = None) -> None:
        """Let the process, if it is there, find and compile the kernels of `steps`, unawaited."""
        with self._lock, suppress(OSError, ValueError):
            if self._process is not None:
                self._send({"steps": steps}, processes)

    def wait(self) -> bool:
        """Wait for everything that was begun. Returns whether the latest of it succeeded."""
        succeeded = False
        with self._lock, suppress(OSError, ValueError):
            while self._unanswered and self._process is not None and self._process.stdout:
                self._unanswered -= 1
                succeeded = int(self._process.stdout.readline()) == 0
        return succeeded

    def compile(
        self, capability: tuple[int, int], kernels: Sequence[Kernel], processes: int | None = None
    ) -> bool:
        """Compile `kernels` into Triton's cache. Returns whether all were compiled.

        What was not is compiled when it is launched, and its error is raised then.
        """
        self.start()
        with self._lock, suppress(OSError, ValueError):
            if self._process is not None:
                self._send({"capability": capability, "kernels": kernels}, processes)
                return self.wait()
        return False

    def _send(self, request: dict[str, Any], processes: int | None) -> None:
        count = processes or min(MAX_PROCESSES, os.cpu_count() or 1)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{json.dumps(request | {'processes': count})}\n")
            self._process.stdin.flush()
            self._unanswered += 1

    def close(self) -> None:
        """End the process, which otherwise ends with this one."""
        with self._lock:
            process, self._process = self._process, None
            self._unanswered = 0
        if process is not None:
            with suppress(OSError):
                process.communicate(timeout=10)


POOL = CompilePool()


def start_if_nothing_is_compiled() -> None:
    """Start POOL where nothing was compiled yet, so that it is ready when kernels are known."""
    if not _marks_file().exists():
        POOL.start()


def begin_hashing() -> None:
    """Have Triton hash its own files, a part of every kernel's key, beside what follows.

    Its library alone has 460 MB, and whoever first asks for a kernel waits a third of a second for
    that. Hashing does not hold Python's lock.
    """

    def hash_files() -> None:
        with suppress(Exception):  # without Triton, or one that does it elsewhere
            from triton.runtime.cache import triton_key

            triton_key()

    Thread(target=hash_files, name="hash of Triton", daemon=True).start()


def describe_steps(
    config: ModelConfig, card: Card, sizes: Iterable[StepSize], solver_steps: int
) -> WantedSteps:
    """WantedSteps of these sizes of a model on `card`, for a request."""
    return {
        "config": asdict(config),
        "card": astuple(card),
        "sizes": [*sizes],
        "solver_steps": solver_steps,
    }


def not_compiled(marks: Iterable[str]) -> set[str]:
    """Those of `marks`, one a kernel, that `mark_compiled` has not put beside Triton's cache."""
    try:
        known = set(_marks_file().read_text(encoding="ascii").split())
    except (OSError, ValueError):
        known = set()
    return set(marks) - known


@contextmanager
def compiling_alone() -> Iterator[None]:
    """Keep other processes from compiling into the same cache, where they can be kept from it.

    Workers that start together need the same kernels: the first one compiles them, and the others
    find them when it is their turn.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            file = _marks_file().with_suffix(".lock")
            file.parent.mkdir(parents=True, exist_ok=True)
            fcntl.flock(stack.enter_context(file.open("ab")), fcntl.LOCK_EX)
        yield


def mark_compiled(marks: Iterable[str]) -> None:
    """Remember that the kernels of `marks` are in Triton's cache: it cannot be asked itself."""
    file = _marks_file()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="ascii") as lines:
            lines.write("".join(f"{mark}\n" for mark in sorted(marks)))


def _marks_file() -> Path:
    """In the cache's own folder, so that it goes when that does."""
    folder = os.environ.get("TRITON_CACHE_DIR") or Path.home() / ".triton" / "cache"
    return Path(folder) / "vvcli-kernels.txt"
