"""Compiles the kernels of a step side by side, instead of each when it is first launched.

On a new machine the kernels of one width take several seconds one after the other.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from threading import get_ident
from typing import Any

import triton
from triton.runtime.driver import driver
from triton.runtime.jit import JITFunction

from vvcli.engine.backends.triton.compile_pool import (
    POOL,
    Kernel,
    compiling_alone,
    mark_compiled,
    not_compiled,
)

PACKAGE = "vvcli.engine.backends.triton."

MOST_THREADS = 16

# Kernels that are worth a process of their own, which takes seconds to start; fewer are compiled by
# threads, unless it is there.
WORTH_A_PROCESS = 12


class _MissingError(Exception):
    """A kernel is about to be compiled."""


def run_compiled(step: Callable[[], object]) -> None:
    """Run `step`; if it launches kernels that have yet to be compiled, compile them all first.

    The step then starts, is cut off at the first missing kernel, is walked through without running
    any kernel, and is run. Torch must not index with anything that its own kernels compute.
    """
    if not (hasattr(triton, "AsyncCompileMode") and hasattr(triton, "knobs")):  # before 3.5
        step()
        return
    try:
        with _stopping_at_missing():
            step()
    except _MissingError:
        missing = missing_kernels(step)
        POOL.wait()
        with compiling_alone() if not_compiled(missing) else nullcontext():
            new = not_compiled(missing)  # while this process waited, another may have compiled them
            if len(new) >= WORTH_A_PROCESS or (new and POOL.started):
                _compile_in_pool(missing, new)
            # What is in Triton's cache by now is only loaded. In a context of its own, which a
            # failing compilation would leave unfit for others.
            copy_context().run(_compile, step)
            mark_compiled(new)
        step()


def compile_ahead(step: Callable[[], object]) -> None:
    """Compile what `step` would launch and is not compiled, if that is much, and run nothing."""
    if not (hasattr(triton, "AsyncCompileMode") and hasattr(triton, "knobs")):  # before 3.5
        return
    missing = missing_kernels(step)
    with compiling_alone() if not_compiled(missing) else nullcontext():
        new = not_compiled(missing)
        if len(new) >= WORTH_A_PROCESS and _compile_in_pool(missing, new):
            mark_compiled(new)


def _compile_in_pool(missing: dict[str, Kernel], new: set[str]) -> bool:
    """Compile those of `missing` that are `new`; returns whether all were compiled."""
    arch = int(driver.active.get_current_target().arch)
    return POOL.compile(divmod(arch, 10), [missing[mark] for mark in sorted(new)])


def fix_cache_keys() -> None:
    """Compute Triton's keys of all kernels that are loaded, in one order for every process.

    A kernel's key covers the compile-time globals of a function it calls only if that function's
    own key is known by then (so in 3.6 and 3.7). A process that met kernels in another order did
    not find what the first had compiled.
    """
    for function in loaded_kernels():
        _ = function.cache_key


def loaded_kernels() -> list[JITFunction[Any]]:
    """All functions for Triton in modules of this package that are loaded, by their names."""
    modules = sorted(name for name in sys.modules if name.startswith(PACKAGE))
    return [
        value
        for module in modules
        for _, value in sorted(vars(sys.modules[module]).items())
        if isinstance(value, JITFunction) and value.fn.__module__ == module
    ]


def missing_kernels(step: Callable[[], object]) -> dict[str, Kernel]:
    """The kernels that `step` would launch and that are not loaded, without launching any.

    By a mark that says what would be compiled, of which source, by which Triton.
    """
    thread = get_ident()
    found: dict[str, Kernel] = {}

    def note(*, fn: Any, compile: dict[str, Any], **_: Any) -> bool:  # noqa: A002
        if get_ident() != thread:
            return False
        function, data = fn.jit_function.fn, compile["specialization_data"]
        said = f"{triton.__version__} {fn.jit_function.cache_key} {data}"
        mark = hashlib.sha256(said.encode()).hexdigest()
        found[mark] = function.__module__, function.__name__, data
        return True  # it is not to be compiled now

    runtime = triton.knobs.runtime
    before, runtime.jit_cache_hook = runtime.jit_cache_hook, note
    try:
        with _only_compiling():
            step()
    finally:
        runtime.jit_cache_hook = before
    return found


def _compile(step: Callable[[], object]) -> None:
    with _only_compiling():
        step()


@contextmanager
def _stopping_at_missing() -> Iterator[None]:
    """Raise `_MissingError` instead of compiling or loading a kernel, in this thread."""
    thread = get_ident()

    def stop(**_: Any) -> None:
        if get_ident() == thread:
            raise _MissingError

    runtime = triton.knobs.runtime
    before, runtime.jit_cache_hook = runtime.jit_cache_hook, stop
    try:
        yield
    finally:
        runtime.jit_cache_hook = before


@contextmanager
def _only_compiling() -> Iterator[None]:
    """Make launches of this thread only start compilations; on leaving, wait for them."""
    thread, run = get_ident(), JITFunction.run

    def compile_only(
        self: JITFunction[Any], *arguments: Any, grid: Any, warmup: bool, **options: Any
    ) -> object:
        warmup = warmup or get_ident() == thread
        return run(self, *arguments, grid=grid, warmup=warmup, **options)

    JITFunction.run = compile_only
    try:
        with (
            ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool,
            triton.AsyncCompileMode(pool),
        ):
            yield
    finally:
        JITFunction.run = run
