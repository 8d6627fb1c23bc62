"""A process that compiles kernels into Triton's cache, in forks of itself side by side.

It never touches a GPU: a request names the kernels as Triton itself describes them, and the target.
Requests are lines of JSON on standard input; each is answered by a line with the number of forks
that failed. The process ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any, TextIO

from triton.runtime.driver import driver

from vvcli.engine.backends.triton.offline import AbsentCard

PACKAGE = "vvcli.engine.backends.triton."


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        request = json.loads(line)
        kernels, processes = request["kernels"], request["processes"]
        children = [
            _fork(tuple(request["capability"]), kernels[i::processes])
            for i in range(min(processes, len(kernels)))
        ]
        failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
        answers.write(f"{failed}\n")
        answers.flush()


def _fork(capability: tuple[int, int], kernels: list[list[str]]) -> int:
    """Start a process that compiles `kernels`; its id. Nothing but this thread may be running."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        driver.set_active(AbsentCard(capability))
        for module, name, data in kernels:
            compile_one(module, name, data)
        status = 0
    finally:
        os._exit(status)


def compile_one(module: str, name: str, data: str) -> Any:
    """Compile the kernel `name` of `module` as `data`, Triton's own description, says."""
    if not module.startswith(PACKAGE):
        raise ValueError(f"{module} is none of vvcli's kernels")
    return getattr(import_module(module), name).preload(data)


def main() -> None:
    """Serve on standard input and output."""
    serve(sys.stdin, sys.stdout)
