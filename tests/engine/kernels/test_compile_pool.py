"""Kernels that another process compiles are found in Triton's cache by the one that launches."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

import triton
import triton.backends.nvidia.driver as nvidia_driver
from triton.runtime.cache import triton_key
from triton.runtime.driver import driver

from tests import warm
from tests.engine.kernels.conftest import INTERPRETED
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.triton.common.card import Card
from vvcli.engine.backends.triton.common.residual import add
from vvcli.engine.backends.triton.common.row_sums import RowSums
from vvcli.engine.backends.triton.compile_ahead import missing_kernels
from vvcli.engine.backends.triton.compile_pool import (
    CompilePool,
    begin_hashing,
    compiling_alone,
    describe_steps,
    mark_compiled,
    not_compiled,
    start_if_nothing_is_compiled,
)
from vvcli.engine.backends.triton.compile_worker import serve
from vvcli.engine.backends.triton.offline import AbsentCard, compile_steps, compiling_for
from vvcli.engine.sizes import StepSize
from vvcli.model.config import ModelConfig

pytestmark = pytest.mark.skipif(INTERPRETED, reason="the interpreter compiles nothing")

META = torch.device("meta")
CAPABILITY = (8, 6)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def shared_pool(shared_cache: Path) -> Iterator[CompilePool]:
    """One process for the tests that need a real one, whose start takes seconds."""
    pool = CompilePool()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_CACHE_DIR", str(shared_cache))
        pool.start()
    yield pool
    pool.close()


@pytest.fixture
def pool(
    shared_pool: CompilePool, shared_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> CompilePool:
    """A process that compiles into the cache that this one has, too."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(shared_cache))
    return shared_pool


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(driver, "_active", AbsentCard(CAPABILITY))
    return iter(())


def step(*widths: int) -> None:
    """Launch a kernel for each of `widths`."""
    for width in widths:
        row = torch.zeros(1, width, dtype=torch.bfloat16, device=META)
        add(row, row, row, RowSums.allocate(1, 1, 1e-6, META))


@pytest.mark.usefixtures("card")
def test_missing_kernels_are_named_once_and_not_compiled(cache: Path) -> None:
    found = missing_kernels(lambda: step(33, 35, 33))
    assert [(module.rpartition(".")[2], name) for module, name, _ in found.values()] == [
        ("residual", "add_kernel")
    ] * 2
    assert not [*cache.rglob("*.cubin")]
    assert missing_kernels(lambda: step(33, 35)) == found


@pytest.mark.slow
@pytest.mark.usefixtures("card")
@pytest.mark.xdist_group("compile pool")
def test_another_process_compiles_what_this_one_finds(
    pool: CompilePool, shared_cache: Path
) -> None:
    missing = missing_kernels(lambda: step(37, 39, 41))
    before = {*shared_cache.rglob("add_kernel.cubin")}
    assert pool.compile(CAPABILITY, [*missing.values()], processes=2)
    assert len({*shared_cache.rglob("add_kernel.cubin")} - before) == 3
    # One that cannot be compiled is said, and the process goes on.
    assert not pool.compile(CAPABILITY, [("os", "system", "true")])
    assert pool.compile(CAPABILITY, [])
    hits: list[bool] = []

    def listen(*, cache_hit: bool, **_: Any) -> None:
        hits.append(cache_hit)

    triton.knobs.compilation.listener = listen
    try:
        with compiling_for(CAPABILITY, lambda *_: True, lambda *_: None):
            step(37, 39, 41)
    finally:
        triton.knobs.compilation.listener = None
    assert hits == [True] * 3


@pytest.mark.slow
@pytest.mark.parametrize("fails", [False, True])
def test_what_calls_a_kernel_is_built_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(driver, "_active", AbsentCard(CAPABILITY))
        missing = missing_kernels(lambda: step(43, 45))
    built = tmp_path / "built"

    def launcher(src: Any, metadata: Any) -> None:
        with built.open("a") as file:
            file.write(f"{src.name} {metadata.num_warps}\n")
        if fails:
            raise ImportError("there is no libcuda")

    monkeypatch.setattr(nvidia_driver, "CudaLauncher", launcher)
    requests = [{"capability": CAPABILITY, "kernels": [*missing.values()], "processes": 1}]
    answers = StringIO()
    serve(StringIO("".join(f"{json.dumps(one)}\n" for one in requests)), answers)
    assert answers.getvalue() == "0\n"
    assert built.read_text() == "add_kernel 4\n" * 2


def test_a_process_that_cannot_be_started_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    pool = CompilePool()
    assert not pool.compile(CAPABILITY, [("module", "name", "{}")])
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert not pool.compile(CAPABILITY, [("module", "name", "{}")])
    pool.close()


def test_what_is_compiled_is_remembered_beside_the_cache(cache: Path) -> None:
    assert not_compiled(["a1", "b2"]) == {"a1", "b2"}
    mark_compiled(["a1"])
    mark_compiled(["c3"])
    assert not_compiled(["a1", "b2", "c3"]) == {"b2"}
    (cache / "vvcli-kernels.txt").unlink()
    assert not_compiled(["a1"]) == {"a1"}


def test_the_process_is_started_early_only_where_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    monkeypatch.setattr(CompilePool, "start", lambda self: started.append(self))
    start_if_nothing_is_compiled()
    assert len(started) == 1
    mark_compiled(["a1"])
    start_if_nothing_is_compiled()
    assert len(started) == 1


def test_starting_the_process_imports_no_torch() -> None:
    program = (
        "import json, sys\n"
        "import vvcli.engine.backends.triton.compile_pool\n"
        "print(json.dumps([name for name in ('torch', 'triton', 'numpy') if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=os.environ
    )
    assert json.loads(done.stdout) == []


class FakePool(CompilePool):
    """Compiles nothing, and says whether it did."""

    def __init__(self, *, works: bool) -> None:
        super().__init__()
        self.works = works
        self.kernels: list[Any] = []

    def compile(self, capability: Any, kernels: Any, processes: int | None = None) -> bool:
        assert capability == CAPABILITY
        self.kernels += kernels
        return self.works


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")
def test_all_kernels_of_some_steps_are_compiled_once() -> None:
    config = ModelConfig.from_dict(SHAPES["tiny"])
    card, sizes = Card(CAPABILITY, 99 * 1024, 82), [StepSize(1, 0), StepSize(2, 4)]
    broken = FakePool(works=False)
    with pytest.raises(RuntimeError, match="could not be compiled"):
        compile_steps(config, card, sizes, 2, broken)
    pool = FakePool(works=True)
    count = compile_steps(config, card, sizes, 2, pool)
    assert count == len(pool.kernels) == len(broken.kernels) > 20
    assert {name for _, name, _ in pool.kernels} >= {"linear_kernel", "attention_kernel"}
    assert compile_steps(config, card, sizes, 2, pool) == 0, "they are in the cache"


ORDER = """
import vvcli.engine.backends.triton.build
from vvcli.engine.backends.triton.compile_ahead import fix_cache_keys, loaded_kernels

kernels = loaded_kernels()[::-1]
met_last_first = [kernel.cache_key for kernel in kernels]
for kernel in kernels:
    kernel.hash, kernel.used_global_vals = None, {}
fix_cache_keys()
print(len(kernels), [k.__name__ for k, met in zip(kernels, met_last_first) if k.cache_key != met])
"""


def test_keys_do_not_depend_on_the_order_in_which_kernels_are_met() -> None:
    done = warm.run([sys.executable, "-c", ORDER], capture_output=True, check=True, text=True)
    count, _, differing = done.stdout.partition(" ")
    assert int(count) > 20
    assert differing == "[]\n"


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")
def test_kernels_of_the_first_steps_are_compiled_while_something_else_is_done(
    pool: CompilePool,
) -> None:
    config = ModelConfig.from_dict(SHAPES["tiny"])
    card, sizes = Card(CAPABILITY, 99 * 1024, 82), [StepSize(0, 4)]  # the text: fewest kernels
    steps = describe_steps(config, card, sizes, 2)
    not_started = CompilePool()
    not_started.begin(steps)
    assert not not_started.wait()
    pool.begin(steps)
    pool.begin(steps)
    assert pool.wait()
    assert not pool.wait(), "nothing is left to wait for"
    assert compile_steps(config, card, sizes, 2, FakePool(works=False)) == 0


def test_one_process_compiles_at_a_time(cache: Path) -> None:
    def lock() -> None:
        with (cache / "vvcli-kernels.lock").open("rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with compiling_alone(), pytest.raises(BlockingIOError):
        lock()
    lock()


def test_a_cache_that_cannot_be_locked_is_compiled_into(cache: Path) -> None:
    cache.write_text("a file, where the folder should be")
    with compiling_alone():
        pass


def _hash() -> None:
    begin_hashing()
    for thread in threading.enumerate():
        if thread.name == "hash of Triton":
            thread.join()


def test_triton_has_been_hashed_when_a_kernel_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    triton_key.cache_clear()
    _hash()
    before = triton_key.cache_info()
    triton_key()
    assert triton_key.cache_info().hits == before.hits + 1
    errors: list[object] = []
    monkeypatch.setattr(threading, "excepthook", errors.append)
    monkeypatch.setitem(sys.modules, "triton.runtime.cache", None)  # as where there is no Triton
    _hash()
    assert not errors
