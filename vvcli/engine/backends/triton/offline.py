"""Takes a model without numbers through its steps, to see or to compile the kernels they launch.

Nothing is computed, and no GPU is needed: tensors lie on the meta device, and a driver that only
tells its target stands for the card's. Kernels land in Triton's cache, where the card finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from triton.backends.compiler import GPUTarget
from triton.runtime.driver import driver
from triton.runtime.jit import JITFunction

from vvcli.engine.backends.triton.build import triton_backend
from vvcli.engine.backends.triton.common.card import Card
from vvcli.engine.backends.triton.compile_ahead import missing_kernels
from vvcli.engine.backends.triton.compile_pool import (
    POOL,
    CompilePool,
    Kernel,
    WantedSteps,
    mark_compiled,
    not_compiled,
)
from vvcli.engine.sizes import AttentionLimit, CacheCapacity, StepSize
from vvcli.engine.slots import SlotState
from vvcli.engine.step import FrameStep, StepValues
from vvcli.engine.transfer import TextBatch
from vvcli.model.config import (
    AcousticDecoderConfig,
    DiffusionHeadConfig,
    LanguageModelConfig,
    ModelConfig,
)
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.empty import empty_model

META = torch.device("meta")
CAPACITY = CacheCapacity(tts=512, text=256)

Options = dict[str, Any]


def walk_steps(
    config: ModelConfig, card: Card, sizes: Iterable[StepSize], solver_steps: int
) -> None:
    """Make the launches of steps of these sizes; `launches_seen` or `compiling_for` sees them."""
    with torch.device("meta"):
        model = empty_model(config).to(torch.bfloat16).requires_grad_(False)
        table = SolverTable.build(model.prediction_head, solver_steps)
    frame_step = FrameStep(triton_backend(model, card), table, adapt_rows=True)
    limit = AttentionLimit.of(CAPACITY, CAPACITY)
    for size in sizes:
        slots = max(size.streams, size.windows)
        state = SlotState.allocate(config, slots, CAPACITY, device=META, dtype=torch.bfloat16)
        text = None
        if size.windows:
            packed = TextBatch.pack([], size.windows, config.text_window, slots)
            text = TextBatch.unpack(torch.from_numpy(packed).to(META))
        with torch.inference_mode():
            for stage in frame_step.stages(StepValues(), state, size.streams, limit, text):
                stage.run()


@dataclass(frozen=True)
class Launch:
    """A launch that was not made: of a kernel, over a grid, with arguments by their names."""

    kernel: str
    grid: tuple[int, ...]
    values: dict[str, Any]


@contextmanager
def launches_seen(see: Callable[[Launch], None]) -> Iterator[None]:
    """Tell `see` each launch, and launch nothing."""

    def only_see(
        self: JITFunction[Any], *values: Any, grid: tuple[int, ...], warmup: bool, **options: Any
    ) -> None:
        del warmup
        named = dict(zip(self.arg_names, values, strict=False))
        see(Launch(self.fn.__name__, grid, named | options))

    with _running_as(only_see):
        yield


@contextmanager
def compiling_for(
    capability: tuple[int, int],
    wanted: Callable[[str, Options], bool],
    done: Callable[[str, Options, Any], None],
) -> Iterator[None]:
    """Make launches compile the kernels that are `wanted` for a card of `capability`.

    `done` is told of each compiled kernel, once a launch.
    """
    run = JITFunction.run

    def only_compile(
        self: JITFunction[Any], *arguments: Any, grid: Any, warmup: bool, **options: Any
    ) -> None:
        del warmup
        if wanted(self.fn.__name__, options):
            kernel = run(self, *arguments, grid=grid, warmup=True, **options)
            done(self.fn.__name__, options, kernel)

    with _absent(capability), _running_as(only_compile):
        yield


def compile_steps(
    config: ModelConfig,
    card: Card,
    sizes: Iterable[StepSize],
    solver_steps: int,
    pool: CompilePool = POOL,
) -> int:
    """Compile the kernels of steps of these sizes for `card` side by side, in processes.

    Returns how many were compiled; those of an earlier call are in Triton's cache.

    Raises:
        RuntimeError: one cannot be compiled.
    """
    with _absent(card.capability):
        missing = missing_kernels(lambda: walk_steps(config, card, sizes, solver_steps))
    new = not_compiled(missing)
    if new and not pool.compile(card.capability, [missing[mark] for mark in sorted(new)]):
        raise RuntimeError("some kernels could not be compiled")
    mark_compiled(new)
    return len(new)


def kernels_of(steps: WantedSteps) -> tuple[tuple[int, int], dict[str, Kernel]]:
    """The capability that `steps`, made by `describe_steps`, are for, and their kernels by mark."""
    capability, shared_memory, multiprocessors = steps["card"]
    card = Card(tuple(capability), shared_memory, multiprocessors)
    config, decoder = steps["config"], steps["config"]["decoder"]
    lists = {name: tuple(value) for name, value in decoder.items() if isinstance(value, list)}
    model = ModelConfig(
        **config
        | {
            "lm": LanguageModelConfig(**config["lm"]),
            "head": DiffusionHeadConfig(**config["head"]),
            "decoder": AcousticDecoderConfig(**decoder | lists),
        }
    )
    sizes = [StepSize(*size) for size in steps["sizes"]]
    with _absent(card.capability):
        return card.capability, missing_kernels(
            lambda: walk_steps(model, card, sizes, steps["solver_steps"])
        )


@contextmanager
def _absent(capability: tuple[int, int]) -> Iterator[None]:
    before = driver._active
    driver.set_active(AbsentCard(capability))
    try:
        yield
    finally:
        driver._active = before


class AbsentCard:
    """The part of a driver that compiling for a card of `capability` needs."""

    def __init__(self, capability: tuple[int, int]) -> None:
        self._arch = 10 * capability[0] + capability[1]

    def get_current_target(self) -> GPUTarget:
        """NVIDIA's, with warps of 32 threads."""
        return GPUTarget("cuda", self._arch, 32)

    def get_current_device(self) -> int:
        """A number a target, since compiled kernels are kept by device."""
        return 1000 + self._arch

    def get_current_stream(self, _device: int) -> int:
        """None that could be used."""
        return 0


@contextmanager
def _running_as(run: Callable[..., Any]) -> Iterator[None]:
    before, JITFunction.run = JITFunction.run, run
    try:
        yield
    finally:
        JITFunction.run = before
