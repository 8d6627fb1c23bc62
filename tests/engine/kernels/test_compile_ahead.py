from __future__ import annotations

import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED
from vvcli.engine.backends.triton.common.residual import add
from vvcli.engine.backends.triton.common.row_sums import RowSums
from vvcli.engine.backends.triton.compile_ahead import run_compiled

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        INTERPRETED or not torch.cuda.is_available(), reason="needs a CUDA device, and a compiler"
    ),
]


def count_up(row: Tensor) -> None:
    """Add 1 with a kernel that is compiled for the row's width."""
    add(row, torch.ones_like(row), row, RowSums.allocate(1, 1, 1e-6, row.device))


def test_a_step_runs_once_with_all_its_kernels_and_once_in_part() -> None:
    rows = [torch.zeros(1, width, dtype=torch.bfloat16, device="cuda") for width in (3, 5, 7)]

    def step() -> None:
        for row in rows:
            count_up(row)

    count_up(rows[0])
    # Cut off before the second kernel, gone through without effect, and run.
    run_compiled(step)
    assert [row[0, 0].item() for row in rows] == [3, 1, 1]
    # With nothing missing it is just run.
    run_compiled(step)
    assert [row[0, 0].item() for row in rows] == [4, 2, 2]


def test_an_error_of_the_step_is_raised_and_launches_work_again() -> None:
    row = torch.zeros(1, 9, dtype=torch.bfloat16, device="cuda")

    def step() -> None:
        count_up(row)
        raise ValueError("of the step")

    with pytest.raises(ValueError, match="of the step"):
        run_compiled(step)
    count_up(row)
    assert row[0, 0].item() == 1
