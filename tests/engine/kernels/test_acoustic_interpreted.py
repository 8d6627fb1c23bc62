"""The acoustic kernels without a GPU, in Triton's interpreter."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
import torch

from tests import warm


@pytest.mark.slow
def test_kernels_agree_with_the_plain_decoder() -> None:
    pytest.importorskip("triton", reason="needs Triton")
    environment = os.environ | {"TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    program = [sys.executable, "-m", "tests.engine.kernels.acoustic_cases"]
    done = warm.run(program, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


def test_gelu_is_close_to_the_exact_one() -> None:
    pytest.importorskip("triton", reason="needs Triton")
    from vvcli.engine.backends.triton.acoustic.gelu import CUBIC, SLOPE

    x = np.linspace(-12, 12, 100001)
    approximation = 0.5 * x * (1 + np.tanh(SLOPE * x + CUBIC * x**3))
    exact = torch.nn.functional.gelu(torch.from_numpy(x)).numpy()
    assert np.abs(approximation - exact).max() < 2.8e-4
