"""On a GPU: the steps run as captured graphs, and give what they give eagerly, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from vvcli.bench.random_model import random_model, random_voice
from vvcli.bench.shapes import SHAPES
from vvcli.engine.frame import FrameOutput, TextBatch, frame_step, text_step
from vvcli.engine.noise import NoiseSource
from vvcli.engine.slots import SlotState
from vvcli.engine.stream import Stream
from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

SLOTS, CAPACITY, TEXT_CAPACITY = 4, 320, 128


def loaded_state(model: VibeVoice) -> SlotState:
    state = SlotState.allocate(model, SLOTS, CAPACITY, TEXT_CAPACITY)
    fill(model, state)
    return state


def fill(model: VibeVoice, state: SlotState) -> None:
    """Put three streams at their starts; the fourth slot is idle."""
    voice = random_voice(model.config, model.device, model.dtype, 200)
    for slot in range(SLOTS - 1):
        noise = NoiseSource(0, slot, model.config.head.latent_size)
        state.load(slot, Stream(slot, [0], voice, noise, guidance=1.3 + slot))


def text_batch(model: VibeVoice) -> TextBatch:
    width = model.config.text_window
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, 600, (4, width), generator=generator)
    return TextBatch(
        slots=torch.tensor([2, 0, 1, SLOTS]).cuda(),
        tokens=tokens.cuda(),
        counts=torch.tensor([width, 3, 1, 0]).cuda(),
        frames=torch.tensor([6, 6, 6, 6]).cuda(),
    )


def captured(step: Callable[[], FrameOutput | None]) -> tuple[torch.cuda.CUDAGraph, FrameOutput]:
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(2):  # cuBLAS and the allocator set themselves up outside the capture
            step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        output = step()
    return graph, output or FrameOutput(torch.empty(0), torch.empty(0))


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["tiny", "realtime-0.5b"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_replayed_steps_equal_eager_ones(shape: str, dtype: torch.dtype) -> None:
    model = random_model(ModelConfig.from_dict(SHAPES[shape]), torch.device("cuda"), dtype)
    table = SolverTable.build(model.prediction_head, 5)
    batch = text_batch(model)
    eager, state = loaded_state(model), loaded_state(model)
    text_graph, _ = captured(lambda: text_step(model, state, batch, CAPACITY, TEXT_CAPACITY))
    frame_graph, output = captured(lambda: frame_step(model, state, table, SLOTS, CAPACITY))
    fill(model, state)  # warm-up and capture wrote into it
    for frame in range(12):
        if frame % 6 == 0:
            text_step(model, eager, batch, CAPACITY, TEXT_CAPACITY)
            text_graph.replay()
        expected = frame_step(model, eager, table, SLOTS, CAPACITY)
        frame_graph.replay()
        assert torch.equal(output.audio[: SLOTS - 1], expected.audio[: SLOTS - 1])
        assert torch.equal(output.eos, expected.eos)
        # Random weights may end a stream; the test goes on with it.
        eager.active[: SLOTS - 1] = True
        state.active[: SLOTS - 1] = True
    for name in ("condition", "context", "frame", "window_left"):
        one, other = getattr(state, name), getattr(eager, name)
        assert torch.equal(one[: SLOTS - 1], other[: SLOTS - 1]), name
    assert expected.audio.isfinite().all()
    assert np.abs(expected.audio[: SLOTS - 1].float().cpu().numpy()).max() > 0
