from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED, is_same, relative_error
from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.plain import write_active
from vvcli.engine.backends.triton.lm.commit import FusedCommit
from vvcli.engine.backends.triton.lm.embed_latent import FusedEmbedLatent
from vvcli.engine.sizes import CacheCapacity
from vvcli.engine.slots import SlotState
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import SPEECH, VibeVoice

SLOTS = 24


@pytest.fixture(scope="module")
def model(device: torch.device) -> VibeVoice:
    name = "tiny" if INTERPRETED else "realtime-0.5b"
    model = random_model(ModelConfig.from_dict(SHAPES[name]), device, torch.bfloat16)
    seeded = torch.Generator(device).manual_seed(1)
    for module in (model.acoustic_connector, model.eos_classifier, model.tts_input_types):
        for name, parameter in module.named_parameters():
            std = 0.2 if name.endswith("bias") else parameter.shape[-1] ** -0.5
            parameter.normal_(std=std, generator=seeded)
    shape = (99, model.config.lm.hidden_size)
    hidden = torch.randn(shape, generator=seeded, device=device).bfloat16()
    model.eos_classifier.fc2.bias.sub_(model.eos_classifier(hidden).median())  # half of them end
    return model


def loaded_state(model: VibeVoice, generator: torch.Generator) -> SlotState:
    """Slots that are active or not, and due for text or not."""
    device = generator.device
    state = SlotState.allocate(
        model.config, SLOTS, CacheCapacity(8, 8), device=model.device, dtype=model.dtype
    )
    rows = torch.arange(2 * SLOTS + 2, device=device)
    state.active.copy_(rows[: SLOTS + 1] % 3 != 0)
    state.window_left.copy_(rows[: SLOTS + 1] % 4)
    state.tts_length.copy_(7 * rows)
    state.frame.copy_(5 * rows[: SLOTS + 1])
    state.condition.normal_(generator=generator)
    return state


@pytest.mark.parametrize("streams", [1, 21])
def test_input_of_the_language_model(
    model: VibeVoice, generator: torch.Generator, streams: int
) -> None:
    shape = (streams, model.config.head.latent_size)
    latent = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float64)
    pairs = FusedEmbedLatent(model)(latent)
    exact = model.acoustic_connector(latent.to(model.dtype)).double()
    exact = exact + model.tts_input_types.weight[SPEECH].double()
    assert pairs.shape == (2 * streams, 1, model.config.lm.hidden_size)
    assert relative_error(pairs[::2, 0], exact) < 1e-2
    assert is_same(pairs[::2], pairs[1::2])


@pytest.mark.parametrize("bucket", [1, SLOTS - 3])
def test_end_of_a_frame(model: VibeVoice, generator: torch.Generator, bucket: int) -> None:
    state, hidden_size = loaded_state(model, generator), model.config.lm.hidden_size
    shape = (2 * bucket, 1, hidden_size)
    hidden = torch.randn(shape, generator=generator, device=generator.device).bfloat16()
    expected = {name: value.clone() for name, value in vars(state).items()}

    runs = state.active_mask(bucket)
    logits = model.eos_classifier(hidden.view(bucket, 2, -1)[:, 0])
    eos = (torch.sigmoid(logits.float()) > 0.5) & runs
    write_active(runs, expected["condition"][:bucket], hidden.view(bucket, 2, -1))
    expected["tts_length"][: 2 * bucket] += runs.repeat_interleave(2)
    expected["frame"][:bucket] += runs
    expected["window_left"][:bucket] -= runs.long()
    expected["active"][:bucket] &= ~eos

    assert torch.equal(FusedCommit(model.eos_classifier)(state, hidden), eos)
    for name, value in expected.items():
        assert torch.equal(getattr(state, name), value), name
    if bucket > 1:
        assert eos.any()
        assert not eos[runs].all()
