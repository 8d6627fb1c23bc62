from __future__ import annotations

import pytest
import torch
from torch import nn

from vvcli.engine.packed_linear import PackedLinear, can_pack, pack_linears


@pytest.mark.skipif(not can_pack(torch.float32), reason="this torch or CPU has no packed product")
@pytest.mark.parametrize("rows", [1, 2, 7, 33])
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_computes_the_same(rows: int, bias: bool) -> None:
    linear = nn.Linear(37, 19, bias=bias)
    x = torch.randn(2, rows, 37)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(linear)(x), linear(x), atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not can_pack(torch.float32), reason="this torch or CPU has no packed product")
def test_every_linear_is_replaced_and_its_weight_freed() -> None:
    tree = nn.Sequential(nn.Linear(3, 4), nn.ModuleDict({"a": nn.Linear(4, 2, bias=False)}))
    pack_linears(tree)
    assert not any(isinstance(module, nn.Linear) for module in tree.modules())
    assert [name for name, _ in tree.named_parameters()] == ["0._bias"]


def test_double_precision_is_left_alone() -> None:
    assert not can_pack(torch.float64)
