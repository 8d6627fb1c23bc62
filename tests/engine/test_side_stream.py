"""What runs side by side does not touch the same memory: who waits for whom, seen on a CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.engine.conftest import MakeStream
from vvcli.engine import step as step_module
from vvcli.engine.backends.plain import plain_backend
from vvcli.engine.engine import Engine
from vvcli.engine.sizes import AttentionLimit
from vvcli.engine.step import FrameStep
from vvcli.engine.transfer import TextBatch
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice


class Order(TorchDispatchMode):
    """Notes which side reads and writes what; and, by vector clocks, what it has waited for."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.side = 0  # of what is called now
        self.seen = [[0, 0], [0, 0]]  # by each side: calls of both sides that are over for it
        self.races: set[str] = set()
        self._touched: dict[int, list[tuple[int, int, bool, str]]] = {}
        self._kept: list[Tensor] = []  # so that no address stands for two tensors

    def wait(self, side: int) -> None:
        """What both sides know is over is over for `side`."""
        self.seen[side] = list(map(max, *self.seen))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        aliases = [value.alias_info for value in func._schema.returns]
        if any(alias is not None and not alias.is_write for alias in aliases):
            return out  # a view
        touched = [(tensor, True) for tensor in tree_leaves(out)]
        for i, argument in enumerate(func._schema.arguments):
            value = args[i] if i < len(args) else kwargs.get(argument.name)
            writes = argument.alias_info is not None and argument.alias_info.is_write
            touched += [(tensor, writes) for tensor in tree_leaves(value)]
        self._note([item for item in touched if isinstance(item[0], Tensor)], func.__name__)
        return out

    def _note(self, touched: list[tuple[Tensor, bool]], name: str) -> None:
        me = self.side
        self.seen[me][me] += 1
        for tensor, writes in touched:
            self._kept.append(tensor)
            before = self._touched.setdefault(tensor.untyped_storage().data_ptr(), [])
            for side, time, wrote, other in before:
                if side != me and (writes or wrote) and self.seen[me][side] < time:
                    self.races.add(f"{other} and {name}")
            before.append((me, self.seen[me][me], writes, name))


class WatchedSide:
    """In place of `SideStream`."""

    order: Order

    def __init__(self, device: torch.device) -> None:
        pass

    @contextmanager
    def fork(self) -> Iterator[None]:
        self.order.wait(1)
        self.order.side = 1
        yield
        self.order.side = 0

    def join(self) -> None:
        self.order.wait(0)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Order:
    found = Order()
    monkeypatch.setattr(WatchedSide, "order", found, raising=False)
    monkeypatch.setattr(step_module, "SideStream", WatchedSide)
    return found


@torch.inference_mode()
def run_steps(model: VibeVoice, make_stream: MakeStream, order: Order) -> None:
    state = Engine(model, slots=3, steps=5).state
    for slot in range(2):
        state.load(slot, make_stream(slot, "Hello there."))
    step = FrameStep(plain_backend(model), SolverTable.build(model.prediction_head, 5))
    limit = AttentionLimit(64, 64)
    packed = TextBatch.unpack(torch.tensor([[0, 5, 6, 5, 6, 7, 8, 9], [3, 0, 0, 0, 0, 0, 0, 0]]))
    with order:
        for bucket, text in ((0, packed), (3, packed), (3, None), (3, packed)):
            step(state, bucket, limit, text)


def test_no_side_touches_what_the_other_writes(
    model: VibeVoice, make_stream: MakeStream, order: Order
) -> None:
    run_steps(model, make_stream, order)
    assert not order.races


def test_the_watch_sees_a_side_that_is_not_waited_for(
    model: VibeVoice, make_stream: MakeStream, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WatchedSide, "join", lambda self: None)
    run_steps(model, make_stream, order)
    assert order.races
