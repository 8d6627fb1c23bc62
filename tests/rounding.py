"""How far floating-point results may be apart: bounds that hold on every CPU.

A CPU adds the products of a sum in an order of its own, fused with the multiplication or not. Each
addition rounds once, by at most a unit (half the spacing) of what is summed so far, so a sum of n
products is off by at most n units of the sum of their magnitudes (Higham, "Accuracy and Stability
of Numerical Algorithms", 2002, section 3.1). A bound here is such a count, times the unit, times
the largest of the numbers compared: never a number that happened to hold on one machine.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

UNIT = {torch.float32: 2.0**-24, torch.float64: 2.0**-53}

# Of samples that are computed in float64 and handed out in float32: each is rounded once, so two
# that are all but the same are neighbours at most. Errors of float64, even when they have grown a
# million times in the course of a record, are below this.
HANDED_OUT = 3

Values = Tensor | NDArray[Any]


def worst_error(
    actual: Values,
    exact: Values,
    dtype: torch.dtype = torch.float32,
    magnitudes: Values | None = None,
) -> float:
    """The largest difference, in units of `dtype` of the largest number.

    That is of `exact`, or of `magnitudes`: sums of absolute values. Where only a few sums are
    compared, all of them may be of numbers that cancel.
    """
    a, e = (_tensor(values).double() for values in (actual, exact))
    assert a.shape == e.shape
    if not e.numel():
        return 0.0
    assert a.isfinite().all()
    largest = e if magnitudes is None else _tensor(magnitudes).double()
    error, size = (a - e).abs().max().item(), largest.abs().max().item()
    return error / (UNIT[dtype] * size) if error else 0.0


def _tensor(values: Values) -> Tensor:
    return values if isinstance(values, Tensor) else torch.from_numpy(values.copy())


def assert_close(
    actual: Values,
    exact: Values,
    *,
    roundings: float,
    dtype: torch.dtype = torch.float32,
    magnitudes: Values | None = None,
) -> None:
    """Assert that no element is off by more than `roundings` units of the largest one.

    `dtype` is what was computed in. If `exact` was computed in it as well, `roundings` counts those
    of both. `magnitudes`: see `worst_error`.
    """
    assert worst_error(actual, exact, dtype, magnitudes) <= roundings


def same_audio(left: Values, right: Values) -> bool:
    """Whether float32 samples computed in float64 are the same but for their last bit."""
    return left.shape == right.shape and worst_error(left, right) <= HANDED_OUT
