"""Bytes and FLOPs of each kernel of a frame, counted from the launches of a step.

A model without numbers is taken through the step, so that each launch tells its shapes. Weights,
caches and contexts are always moved; what one kernel leaves for the next only where it is too large
for the L2 cache to hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vvcli.bench.floor import Rates, Work
from vvcli.engine.backends.triton.common.card import Card
from vvcli.engine.backends.triton.offline import Launch, launches_seen, walk_steps
from vvcli.engine.sizes import StepSize
from vvcli.model.config import ModelConfig

PRODUCT = "cuBLAS product"

# Of what a kernel leaves for the next one, as much as the L2 cache of an H100 (50 MB) still holds.
HELD_BYTES = 40_000_000

# Pointers to what lies in memory from before the frame, or stays there after it.
_LASTING = {
    *("w_ptr", "w_in_ptr", "w_out_ptr", "weight_ptr", "weight1_ptr", "weight2_ptr", "bias_ptr"),
    *("bias1_ptr", "bias2_ptr", "taps_ptr", "context_taps_ptr", "norm_ptr", "condition_ptr"),
}
# Pointers into something large of which a launch touches a part, counted below or next to nothing.
_PARTIAL = {
    *("kv_ptr", "rope_ptr", "context_ptr", "next_context_ptr", "noise_ptr", "partial_ptr"),
    *("counters_ptr", "frame_ptr", "steps_ptr", "tts_length_ptr", "window_left_ptr"),
}

_Values = Mapping[str, Any]


@dataclass
class KernelWork:
    """All launches of one kernel in a frame."""

    calls: int = 0
    bytes: float = 0
    flops: float = 0
    floor_us: float = 0  # the sum of the floors of its calls


def kernel_work(
    config: ModelConfig, card: Card, streams: int, *, steps: int, positions: int, rates: Rates
) -> dict[str, KernelWork]:
    """Work of a frame of `streams` streams by kernel, with `positions` of the cache in use."""
    found: dict[str, KernelWork] = defaultdict(KernelWork)

    def count(kernel: str, work: Work) -> None:
        entry = found[kernel]
        entry.calls += 1
        entry.bytes += work.bytes
        entry.flops += work.flops
        entry.floor_us += 1e3 * work.floor(rates)[0]

    def see(launch: Launch) -> None:
        count(launch.kernel, launch_work(launch, positions))

    with launches_seen(see), _Products(lambda work: count(PRODUCT, work)):
        walk_steps(config, card, [StepSize(streams, 0)], steps)
    return dict(found)


def launch_work(launch: Launch, positions: int) -> Work:
    """Bytes and FLOPs of one launch; a pair of rows attends to `positions` and to one."""
    values = launch.values
    moved = sum(_bytes(name, value) for name, value in values.items())
    moved += _PARTS.get(launch.kernel, _nothing)(values, positions)
    return Work(moved, _FLOPS.get(launch.kernel, _nothing)(values, positions))


def _bytes(name: str, value: object) -> float:
    if not isinstance(value, Tensor) or name in _PARTIAL:
        return 0.0
    size = value.numel() * value.element_size()
    return float(size) if name in _LASTING or size >= HELD_BYTES else 0.0


def _nothing(_values: _Values, _positions: int) -> float:
    return 0.0


def _pairs(values: _Values) -> int:
    """Streams of a launch over pairs of rows."""
    return int(values["positions_ptr"].shape[0] // 2)


def _cached(values: _Values, positions: int) -> float:
    """Bytes of keys and values that attention reads."""
    return 2.0 * 2 * _pairs(values) * (positions + 1) * values["KV_HEADS"] * values["D"]


def _context(values: _Values, width: int) -> float:
    """Bytes of `width` numbers a stream, read and written."""
    return 2.0 * 2 * (values["rows"] // values["T"]) * width


_PARTS: dict[str, Callable[[_Values, int], float]] = {
    "attention_kernel": _cached,
    "qkv_kernel": lambda v, _: 2.0 * 2 * v["M"] * v["KV_HEADS"] * v["D"],
    "rotate_kernel": lambda v, _: 2.0 * 2 * v["M"] * v["KV_HEADS"] * v["D"],
    "window_kernel": lambda v, _: _context(v, v["PAST"]),
    "block_kernel": lambda v, _: _context(v, 6 * v["C"]),
    "head_kernel": lambda v, _: _context(v, 6 * v["C"]),
    "row_mixer_kernel": lambda v, _: 2.0 * 2 * (v["x_ptr"].shape[0] // v["T"]) * 6 * v["C"],
    "begin_kernel": lambda v, _: 4.0 * v["B"] * v["L"],
}

_FLOPS: dict[str, Callable[[_Values, int], float]] = {
    "linear_kernel": lambda v, _: 2.0 * v["M"] * v["N"] * v["K"],
    "swiglu_kernel": lambda v, _: 2.0 * 2 * v["M"] * v["N"] * v["K"],
    "condition_kernel": lambda v, _: 2.0 * v["M"] * v["N"] * v["K"],
    "qkv_kernel": lambda v, _: 2.0 * v["M"] * (v["HEADS"] + 2 * v["KV_HEADS"]) * v["D"] * v["K"],
    "attention_kernel": lambda v, p: 4.0 * _pairs(v) * (p + 1) * v["HEADS"] * v["D"],
    "window_kernel": lambda v, _: 2.0 * v["rows"] * v["N"] * (v["PAST"] + v["WIDTH"]),
    "feed_forward_kernel": lambda v, _: 2.0 * v["rows"] * v["N"] * v["K"],
    "few_rows_kernel": lambda v, _: 2.0 * v["rows"] * v["N"] * v["K"],
    "block_kernel": lambda v, _: 16.0 * v["rows"] * v["C"] ** 2 + 14.0 * v["rows"] * v["C"],
    "row_mixer_kernel": lambda v, _: 14.0 * v["x_ptr"].numel(),
    "head_kernel": lambda v, _: 14.0 * v["rows"] * v["C"],
    "solver_step_kernel": lambda v, _: 2.0 * 3 * v["B"] * v["H"] * v["L"],
    "begin_kernel": lambda v, _: 2.0 * v["B"] * v["H"] * v["L"],
}


class _Products(TorchDispatchMode):
    """Counts the matrix products that are left to cuBLAS."""

    def __init__(self, count: Callable[[Work], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._count = count

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        # The steps run in inference mode; what builds the model and its tables does not.
        operands = _OPERANDS.get(func) if torch.is_inference_mode_enabled() else None
        if operands is not None:
            x, weight = args[operands]
            moved = float(weight.numel() * weight.element_size())
            moved += _bytes("x", x) + _bytes("y", out)
            self._count(Work(moved, 2.0 * out.numel() * x.shape[-1]))
        return out


# Of operators that cuBLAS computes, where among their arguments the two factors are.
_OPERANDS = {
    torch.ops.aten.linear.default: slice(0, 2),
    torch.ops.aten.mm.default: slice(0, 2),
    torch.ops.aten._addmm_activation.default: slice(1, 3),
}
