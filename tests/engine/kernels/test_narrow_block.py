"""A narrow block against float64, a tile a program and one tile after the other."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED, is_same, relative_error
from vvcli.engine.backends.triton.acoustic import tiles
from vvcli.engine.backends.triton.acoustic.blocks import NarrowBlock
from vvcli.engine.backends.triton.acoustic.convolutions import ConvState, Rows
from vvcli.engine.backends.triton.acoustic.tiles import BlockTile
from vvcli.engine.backends.triton.common.card import Card
from vvcli.engine.backends.triton.common.tile import ANY
from vvcli.model.acoustic_decoder import Block, Contexts

CHANNELS, STREAMS, LENGTH = 16, 2, 40  # five tiles, two of which have a stream's first row
BOUND = 8e-3 if INTERPRETED else 4e-3  # the interpreter cuts off where a GPU rounds to bfloat16
ONE = BlockTile(16, 32, 4, 1)
SEVERAL = BlockTile(16, 32, 4, 1, programs_per_sm=1)
KEPT = BlockTile(16, 32, 4, 1, programs_per_sm=1, keep_weights=True)


class Case:
    """A random block, rows normed beforehand, and what float64 makes of them."""

    def __init__(self, generator: torch.Generator) -> None:
        def draw(*shape: int) -> Tensor:
            return torch.randn(shape, generator=generator, device=generator.device)

        self.block = Block(CHANNELS, 1e-5).to(generator.device, torch.bfloat16)
        for name, parameter in self.block.named_parameters():
            parameter.data = (0.3 * draw(*parameter.shape) + ("norm" in name)).bfloat16()
        x = 2 * draw(STREAMS * LENGTH, CHANNELS)
        self.rms = (x.square().mean(1) + 1e-5).sqrt()
        self.values = (x / self.rms[:, None]).half()
        self.context = draw(STREAMS, 6 * CHANNELS).bfloat16()
        contexts = Contexts(self.context.double())
        x = (self.values.double() * self.rms.double()[:, None]).view(STREAMS, LENGTH, CHANNELS)
        y = copy.deepcopy(self.block).double()(x, contexts)
        self.expected, self.next_context = y.view(-1, CHANNELS), contexts.next_context()

    def run(
        self, tile: BlockTile, monkeypatch: pytest.MonkeyPatch, programs: int = 2
    ) -> tuple[Tensor, Tensor]:
        """Rows and next contexts by the kernel."""
        card = Card((9, 0), 227 * 1024, programs)
        monkeypatch.setattr(tiles, "BLOCK_TILES", {CHANNELS: {ANY: tile}})
        state = ConvState(self.context.clone(), self.context[:, 0] < 99)
        x = Rows(self.values, self.rms)
        y = NarrowBlock(self.block, card)(x, state, LENGTH, last=True)
        return y.values, state.next_context


@torch.inference_mode()
@pytest.mark.parametrize("tile", [ONE, SEVERAL, KEPT], ids=["one", "several", "kept"])
def test_as_float64(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch, tile: BlockTile
) -> None:
    case = Case(generator)
    y, context = case.run(tile, monkeypatch)
    assert relative_error(y, case.expected) < BOUND
    assert relative_error(context, case.next_context) < BOUND


@torch.inference_mode()
def test_a_row_has_the_same_bits_in_any_program(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(generator)
    one, _ = case.run(SEVERAL, monkeypatch, programs=1)
    five, _ = case.run(SEVERAL, monkeypatch, programs=5)
    assert is_same(one, five)
