"""A process that compiles kernels into Triton's cache, in forks of itself side by side.

It never touches a GPU: a request names the kernels as Triton itself describes them, and the target;
or steps, whose kernels are found here. Requests are lines of JSON on standard input; each is
answered by a line with the number of forks that failed. The process ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import Any, TextIO

from triton.runtime.driver import driver

from vvcli.engine.backends.triton.common.card import HOPPER
from vvcli.engine.backends.triton.compile_ahead import PACKAGE
from vvcli.engine.backends.triton.compile_pool import (
    Kernel,
    WantedSteps,
    compiling_alone,
    describe_steps,
    mark_compiled,
    not_compiled,
)
from vvcli.engine.backends.triton.offline import AbsentCard, kernels_of
from vvcli.engine.sizes import StepSize
from vvcli.model.config import (
    AcousticDecoderConfig,
    DiffusionHeadConfig,
    LanguageModelConfig,
    ModelConfig,
)

SMALLEST = ModelConfig(
    LanguageModelConfig(64, 64, 1, 1, 2, 1, 8, 1e6, 1e-6, 64),
    DiffusionHeadConfig(64, 1, 64, 16, 1e-6, 1000),
    AcousticDecoderConfig(16, 16, (2,), (1, 1), 1e-6),
    text_window=5,
    speech_window=6,
    frames_per_token=1.0,
    cfg_scale=1.5,
    solver_steps=5,
)

# Kernels that take half a second and more to compile come first: one of them alone at the end would
# keep all waiting.
LONGEST = (
    "block_kernel",
    "attention_kernel",
    "row_mixer_kernel",
    "solver_step_kernel",
    "window_kernel",
)

INDEX_BYTES = 2


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        request = json.loads(line)
        if "steps" in request:
            failed = _compile_steps(request["steps"], request["processes"])
        else:
            capability = tuple(request["capability"])
            failed = _compile(capability, request["kernels"], request["processes"])
        answers.write(f"{failed}\n")
        answers.flush()


def _compile_steps(steps: WantedSteps, processes: int) -> int:
    """Compile the kernels of `steps` that are not compiled; the number of forks that failed."""
    capability, missing = kernels_of(steps)
    with compiling_alone() if not_compiled(missing) else nullcontext():
        new = not_compiled(missing)
        failed = _compile(capability, [missing[mark] for mark in sorted(new)], processes)
        if not failed:
            mark_compiled(new)
    return failed


def _compile(capability: tuple[int, int], kernels: Sequence[Kernel], processes: int) -> int:
    """Compile `kernels` in forks, each taking the next one; the number of forks that failed."""
    ordered = sorted(kernels, key=lambda kernel: (kernel[1] not in LONGEST, kernel[1]))
    source, sink = os.pipe()
    os.write(sink, b"".join(i.to_bytes(INDEX_BYTES, "big") for i in range(len(ordered))))
    os.close(sink)
    children = [_fork(capability, ordered, source) for _ in range(min(processes, len(ordered)))]
    os.close(source)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


def _fork(capability: tuple[int, int], kernels: Sequence[Kernel], source: int) -> int:
    """Start a process that compiles those of `kernels` whose indices it reads; its id.

    Nothing but this thread may be running.
    """
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        driver.set_active(AbsentCard(capability))
        while index := os.read(source, INDEX_BYTES):
            build_launcher(compile_one(*kernels[int.from_bytes(index, "big")]))
        status = 0
    finally:
        os._exit(status)


def compile_one(module: str, name: str, data: str) -> Any:
    """Compile the kernel `name` of `module` as `data`, Triton's own description, says."""
    if not module.startswith(PACKAGE):
        raise ValueError(f"{module} is none of vvcli's kernels")
    return getattr(import_module(module), name).preload(data)


def build_launcher(kernel: Any) -> None:
    """Build what calls the compiled `kernel`, which Triton 3.6 has the C compiler do.

    One takes a fifth of a second, and the process that launches builds one after the other. Where
    CUDA's library is missing they are built by the one that has it.
    """
    with suppress(Exception):
        from triton.backends.nvidia.driver import CudaLauncher

        CudaLauncher(kernel.src, kernel.metadata)


def _warm_up() -> None:
    """Do once, before there are forks, what the first walk and the first compilation do.

    Torch imports two seconds' worth for tensors without numbers, and Triton sets up its compiler.
    """
    with suppress(Exception):  # without CUDA's library
        from triton.backends.nvidia.driver import CudaUtils

        CudaUtils()
    capability, kernels = kernels_of(describe_steps(SMALLEST, HOPPER, [StepSize(1, 0)], 1))
    driver.set_active(AbsentCard(capability))
    short = next(kernel for kernel in kernels.values() if kernel[1] == "normalise_kernel")
    compile_one(*short)


def main() -> None:
    """Serve on standard input and output."""
    _warm_up()
    serve(sys.stdin, sys.stdout)
