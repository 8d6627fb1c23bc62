"""The mixer of wide blocks against float64, whole streams and shares of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import relative_error
from vvcli.engine.backends.triton.acoustic.row_mixer import join_kernel, row_mixer_kernel

CHANNELS = 64
EPS = 1e-5
SCALE = 0.25  # of the second part of the input


class Case:
    """Random rows of some streams, their weights, and what float64 makes of them."""

    def __init__(self, generator: torch.Generator, streams: int, length: int, delta: bool) -> None:
        self.streams, self.length = streams, length

        def draw(*shape: int) -> Tensor:
            return torch.randn(shape, generator=generator, device=generator.device)

        rows = streams * length
        self.x = draw(rows, CHANNELS).bfloat16()
        self.delta = draw(rows, CHANNELS).half() if delta else None
        self.context = draw(streams, 6 * CHANNELS + 8).bfloat16()  # rows further apart
        self.taps, (self.shift, self.norm, self.shift2) = draw(7, CHANNELS), draw(3, CHANNELS)
        x = self.x.double() if self.delta is None else self.x.double() + SCALE * self.delta.double()
        x = x.view(streams, length, CHANNELS)
        normed = x / (x.square().mean(2, keepdim=True) + EPS).sqrt() * self.norm.double()
        past = self.context[:, : 6 * CHANNELS].double().view(streams, 6, CHANNELS)
        window = torch.cat([past, normed], 1)
        mixed = x + self.shift.double()
        for k in range(7):
            mixed = mixed + window[:, k : k + length] * self.taps[k].double()
        self.next_context = window[:, -6:].flatten(1)
        self.mixed = (mixed + self.shift2.double()).view(rows, CHANNELS)
        self.normed = mixed / (mixed.square().mean(2, keepdim=True) + EPS).sqrt()
        self.normed = self.normed.view(rows, CHANNELS)

    def run(self, chunk: int, active_mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Mixed and normed rows, and the next context."""
        mixed, context = torch.empty_like(self.x), self.context.clone()
        normed = torch.empty_like(self.x, dtype=torch.float16)
        following = context if active_mask is not None else torch.zeros_like(context)
        row_mixer_kernel[(self.streams, -(-self.length // chunk))](
            self.x, self.delta, SCALE, context, following, context.stride(0), following.stride(0),
            active_mask, self.taps, self.shift, self.norm, self.shift2, mixed, normed, chunk,
            T=self.length, C=CHANNELS, EPS=EPS, num_warps=1,
        )  # fmt: skip
        return mixed, normed, following[:, : 6 * CHANNELS]


@pytest.mark.parametrize(
    ("length", "chunk", "delta"), [(1, 1, True), (3, 3, False), (6, 6, True), (17, 6, True)]
)
def test_as_float64(generator: torch.Generator, length: int, chunk: int, delta: bool) -> None:
    case = Case(generator, 2, length, delta)
    mixed, normed, context = case.run(chunk)
    assert relative_error(mixed, case.mixed) < 4e-3
    assert relative_error(normed, case.normed.view(-1, CHANNELS)) < 6e-4
    assert relative_error(context, case.next_context) < 4e-3


def test_a_row_has_the_same_bits_in_any_share(generator: torch.Generator) -> None:
    case = Case(generator, 2, 20, delta=True)
    for one, two in zip(case.run(20), case.run(7), strict=True):
        assert torch.equal(one, two)


def test_only_active_contexts_move_on(generator: torch.Generator) -> None:
    case = Case(generator, 3, 1, delta=False)
    active_mask = torch.tensor([1, 0, 1], dtype=torch.uint8, device=generator.device)
    _, _, context = case.run(1, active_mask)
    assert torch.equal(context[1], case.context[1, : 6 * CHANNELS])
    assert relative_error(context[::2], case.next_context[::2]) < 4e-3


def test_parts_are_joined(generator: torch.Generator) -> None:
    case = Case(generator, 3, 5, delta=True)
    assert case.delta is not None
    y, size = torch.full_like(case.x, float("nan")), case.x.numel()
    join_kernel[(-(-size // 128),)](case.x, case.delta, SCALE, y, size, BLOCK=128, num_warps=1)
    assert relative_error(y, case.x.double() + SCALE * case.delta.double()) < 4e-3
