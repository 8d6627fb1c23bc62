"""Text in the frame's own pass against text in a pass after it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED, relative_error
from vvcli.bench.random_model import random_model, random_voice
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.triton.build import triton_backend
from vvcli.engine.frames import FrameOutput
from vvcli.engine.plan import TextWindow
from vvcli.engine.sizes import AttentionLimit, CacheCapacity
from vvcli.engine.slots import SlotState
from vvcli.engine.step import FrameStep
from vvcli.engine.stream import NoiseSource, Stream
from vvcli.engine.transfer import TextBatch
from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice

SLOTS, BUCKET = 6, 5
CAPACITY = CacheCapacity(64, 64)
LIMIT = AttentionLimit(64, 64)
# Slot by slot: runs and gets text, runs, starts with text, waits for text, idle; outside of the
# bucket: starts with text.
LEFT = [1, 3, 0, 0, 2, 0]
ACTIVE = [True, True, True, True, False, True]
WINDOWS = [(0, 5, 6), (2, 3, 1 << 30), (5, 5, 6)]  # slot, tokens, frames that may follow


@pytest.fixture(scope="module")
def model(device: torch.device) -> VibeVoice:
    shape = "tiny" if INTERPRETED else "realtime-0.5b"
    return random_model(ModelConfig.from_dict(SHAPES[shape]), device, torch.bfloat16)


@pytest.fixture(scope="module")
def steps(model: VibeVoice) -> tuple[FrameStep, FrameStep]:
    """With text in the frame's own pass, and after it."""
    table = SolverTable.build(model.prediction_head, 2)
    backend = triton_backend(model)
    assert backend.join_text is not None
    return FrameStep(backend, table, adapt_rows=True), FrameStep(backend, table, adapt_rows=False)


@torch.inference_mode()
def make_state(model: VibeVoice) -> SlotState:
    device = model.device
    state = SlotState.allocate(
        model.config, SLOTS, CAPACITY, device=model.device, dtype=model.dtype
    )
    voice = random_voice(model.config, device, model.dtype, 12)
    source = NoiseSource(0, 0, model.config.head.latent_size)
    generator = torch.Generator(device).manual_seed(1)
    for slot in range(SLOTS):
        state.load(slot, Stream(slot, [0], voice, source, guidance=1.5))
    state.noise.normal_(generator=generator)
    state.condition.normal_(generator=generator)
    state.window_left[:SLOTS] = torch.tensor(LEFT, device=device)
    state.active[:SLOTS] = torch.tensor(ACTIVE, device=device)
    return state


def make_text(model: VibeVoice) -> TextBatch:
    """WINDOWS, and a row of padding."""
    windows = [TextWindow(slot, tuple(range(7, 7 + n)), frames) for slot, n, frames in WINDOWS]
    return TextBatch.unpack(torch.from_numpy(TextBatch.pack(windows, 4, 5, SLOTS)).to(model.device))


@torch.inference_mode()
def run(step: FrameStep, model: VibeVoice, *, spoilt: bool) -> tuple[SlotState, FrameOutput]:
    state, text = make_state(model), make_text(model)
    if spoilt:
        # What a slot that is idle or spare holds reaches nobody.
        for slot in (4, SLOTS):
            state.lm_kv[:, :, slot] = float("nan")
            state.tts_kv[:, :, 2 * slot : 2 * slot + 2] = float("nan")
            state.condition[slot] = float("nan")
    output = step(state, BUCKET, LIMIT, text)
    assert output is not None
    return state, output


def taken(state: SlotState, row: int) -> Tensor:
    """The used part of a TTS LM cache row."""
    return state.tts_kv[:, :, row, :, : int(state.tts_length[row])]


@pytest.mark.parametrize("spoilt", [False, True])
def test_joined_text_is_the_text_after_the_frame(
    model: VibeVoice, steps: tuple[FrameStep, FrameStep], spoilt: bool
) -> None:
    state, output = run(steps[0], model, spoilt=spoilt)
    expected, expected_output = run(steps[1], model, spoilt=False)
    assert torch.equal(output.audio[:2], expected_output.audio[:2])
    assert torch.equal(output.eos, expected_output.eos)
    for name in ("lm_length", "tts_length", "frame", "window_left", "active"):
        assert torch.equal(getattr(state, name), getattr(expected, name)), name
    assert expected.tts_length.tolist()[:12] == [18, 2, 13, 2, 15, 1, 12, 1, 12, 1, 17, 1]
    for slot in (0, 1, 2, 3, 5):
        assert relative_error(state.condition[slot], expected.condition[slot]) < 0.02, slot
        lengths = state.lm_kv[:, :, slot, :, : int(state.lm_length[slot])]
        wanted = expected.lm_kv[:, :, slot, :, : int(state.lm_length[slot])]
        assert relative_error(lengths, wanted) < 0.02, slot
        for row in (2 * slot, 2 * slot + 1):
            assert relative_error(taken(state, row), taken(expected, row)) < 0.02, row


def test_every_part_of_the_comparison_has_something_in_it(
    model: VibeVoice, steps: tuple[FrameStep, FrameStep]
) -> None:
    before = make_state(model)
    after, output = run(steps[0], model, spoilt=False)
    for slot in (0, 1, 2, 5):
        assert relative_error(after.condition[slot, 0], before.condition[slot, 0]) > 0.1
    assert torch.equal(after.condition[3], before.condition[3]), "this one waits"
    assert output.audio[:2].abs().max() > 0
