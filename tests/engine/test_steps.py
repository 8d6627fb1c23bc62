"""The steps can be captured: fixed shapes, no value read by the host."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.engine.conftest import MakeStream
from vvcli.engine.backends.plain import plain_backend
from vvcli.engine.engine import Engine
from vvcli.engine.sizes import AttentionLimit
from vvcli.engine.step import FrameStep
from vvcli.engine.transfer import TextBatch
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice


class NoHostReads(TorchDispatchMode):
    """Fails on every operation that a CUDA graph cannot hold."""

    forbidden = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "unique", "equal")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        assert name not in self.forbidden, f"{name} reads a value back to the host"
        return func(*args, **(kwargs or {}))


@torch.inference_mode()
def test_no_step_reads_the_device(model: VibeVoice, make_stream: MakeStream) -> None:
    table = SolverTable.build(model.prediction_head, 5)
    state = Engine(model, slots=3, steps=5).state
    for slot in range(2):
        state.load(slot, make_stream(slot, "Hello there."))
    step, limit = FrameStep(plain_backend(model), table), AttentionLimit(64, 64)
    text = TextBatch(
        slots=torch.tensor([0, 1, 3]),  # the last row is padding: the spare slot, no tokens
        tokens=torch.tensor([[5, 6, 7, 8, 9], [5, 6, 0, 0, 0], [0, 0, 0, 0, 0]]),
        counts=torch.tensor([5, 2, 0]),
        frames=torch.tensor([6, 1 << 30, 6]),
    )
    with NoHostReads():  # type: ignore[no-untyped-call]
        step(state, 0, limit, text)
        step(state, 3, limit)
        assert state.frame.tolist() == [1, 1, 0, 0]
        assert state.window_left[:2].tolist() == [5, (1 << 30) - 1]
        step(state, 3, limit, text)
        assert state.window_left[:2].tolist() == [6, 1 << 30]


def test_the_watch_sees_a_host_read() -> None:
    with (
        NoHostReads(),  # type: ignore[no-untyped-call]
        pytest.raises(AssertionError, match="reads a value back"),
    ):
        bool(torch.ones(1).sum() > 0)


@torch.inference_mode()
def test_a_slot_without_text_stands_still(model: VibeVoice, make_stream: MakeStream) -> None:
    """With a bounded number of text windows per step, a stream may have to wait for its own."""
    table = SolverTable.build(model.prediction_head, 5)
    state = Engine(model, slots=1, steps=5).state
    state.load(0, make_stream(0, "Hello there."))
    before = {
        name: value[0].clone()
        for name, value in vars(state).items()
        if name not in ("lm_kv", "tts_kv", "tts_length")
    }
    lengths = state.tts_length.clone()
    FrameStep(plain_backend(model), table)(state, 1, AttentionLimit(64, 64))
    for name, value in before.items():
        assert torch.equal(getattr(state, name)[0], value), name
    assert torch.equal(state.tts_length, lengths)
