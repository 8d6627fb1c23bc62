"""Kernels run compiled on a GPU, or in Triton's interpreter on any machine.

    TRITON_INTERPRET=1 pytest tests/engine/kernels

Test modules begin with `pytest.importorskip("triton", reason=...)`, before they import a kernel.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
# How much larger an error may be than that of the plain modules in bfloat16. The interpreter cuts
# float32 off where a GPU rounds it to bfloat16, which doubles the error.
MARGIN = 3.0 if INTERPRETED else 1.5


def repair_interpreter() -> None:
    """Let loops of interpreted kernels have bounds that are read from memory.

    Triton 3.6's interpreter converts arrays of one element to int, which NumPy 2.4 refuses.
    """
    interpreter = pytest.importorskip("triton.runtime.interpreter")
    patch = interpreter._patch_lang_tensor

    def patch_and_repair(tensor: Any, scope: Any) -> None:
        patch(tensor, scope)
        scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))

    interpreter._patch_lang_tensor = patch_and_repair


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Where tensors must be for the kernels to run: the CPU if they are interpreted."""
    if INTERPRETED:
        repair_interpreter()
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    pytest.skip("kernels need a CUDA device, or TRITON_INTERPRET=1")


@pytest.fixture
def generator(device: torch.device) -> torch.Generator:
    """Random numbers on the device, the same in every run."""
    return torch.Generator(device).manual_seed(0)


def relative_error(value: torch.Tensor, exact: torch.Tensor) -> float:
    """Norm of the difference over the norm; NaN if `value` has one."""
    exact = exact.double()
    return float((value.double() - exact).norm() / exact.norm())


def is_same(one: torch.Tensor, two: torch.Tensor) -> bool:
    """Bit for bit on a GPU; interpreted, as close as BLAS, which has other sums for other rows."""
    if INTERPRETED:
        return relative_error(one, two) < 1e-6
    return torch.equal(one, two)
