from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from vvcli.checkpoint.layout import layout
from vvcli.checkpoint.weights import is_finite, load_weights, save_weights
from vvcli.errors import UnavailableError
from vvcli.model.config import ModelConfig
from vvcli.model.empty import empty_model

from .samples import TINY

UNUSED = "model.tts_language_model.embed_tokens.weight"
OFFICIAL: dict[str, Tensor] = load_file(TINY / "model.safetensors")
Change = Callable[[Tensor], Tensor]


def used(config: ModelConfig) -> list[str]:
    return [name for entry in layout(config) for name in entry.sources]


@pytest.mark.parametrize("shapes", ["tiny", "full"])
def test_the_layout_fills_every_parameter_once_and_nothing_else(
    shapes: str, request: pytest.FixtureRequest
) -> None:
    config: ModelConfig = request.getfixturevalue(shapes)
    state = empty_model(config).state_dict()
    entries = layout(config)
    assert sorted(entry.name for entry in entries) == sorted(state)
    assert len(set(used(config))) == len(used(config))
    for entry in entries:
        parts = [torch.empty(shape, device="meta") for shape in entry.sources.values()]
        assert entry.join(parts).shape == state[entry.name].shape, entry.name


def test_the_layout_is_the_published_one(tiny: ModelConfig, full: ModelConfig) -> None:
    assert {*used(tiny), UNUSED} == set(OFFICIAL)
    # model.md: 605 tensors and 1,017,626,724 parameters, of which the unused embedding.
    shapes = [shape for entry in layout(full) for shape in entry.sources.values()]
    assert len(shapes) + 1 == 605
    parameters = sum(torch.Size(shape).numel() for shape in shapes)
    assert parameters + full.lm.vocab_size * full.lm.hidden_size == 1_017_626_724


def test_saving_what_was_loaded_gives_the_official_file(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(load_weights(TINY / "model.safetensors", tiny, torch.float32), path)
    saved = load_file(path)
    assert set(saved) == set(OFFICIAL) - {UNUSED}
    for name, tensor in saved.items():
        assert tensor.dtype == OFFICIAL[name].dtype, name
        assert torch.equal(tensor, OFFICIAL[name]), name


@pytest.mark.parametrize("garbage", [None, torch.full((3,), torch.nan), torch.zeros(0).int()])
def test_the_unused_embedding_may_be_anything(
    tmp_path: Path, tiny: ModelConfig, garbage: Tensor | None
) -> None:
    tensors = {name: tensor for name, tensor in OFFICIAL.items() if name != UNUSED}
    if garbage is not None:
        tensors[UNUSED] = garbage
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    state = load_weights(path, tiny, torch.float32).state_dict()
    expected = load_weights(TINY / "model.safetensors", tiny, torch.float32).state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in state.items())


def poisoned(value: float) -> Change:
    def change(tensor: Tensor) -> Tensor:
        tensor = tensor.clone()
        tensor.view(-1)[-1] = value
        return tensor

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (None, "is missing"),
        (lambda t: t[..., :1].contiguous(), "has shape"),
        (lambda t: t[None], "has shape"),
        (lambda t: t.to(torch.int32), "is I32, not floating point"),
        (poisoned(float("nan")), "not finite"),
        (poisoned(float("inf")), "not finite"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "model.language_model.layers.1.self_attn.k_proj.weight",
        "model.tts_language_model.norm.weight",
        "model.prediction_head.final_layer.adaLN_modulation.1.weight",
        "model.acoustic_tokenizer.decoder.upsample_layers.2.0.convtr.convtr.weight",
        "tts_eos_classifier.fc1.bias",
    ],
)
def test_a_bad_tensor_is_refused_by_its_name(
    tmp_path: Path, tiny: ModelConfig, name: str, change: Change | None, sentence: str
) -> None:
    path = tmp_path / "model.safetensors"
    tensors = dict(OFFICIAL)
    tensor = tensors.pop(name)
    if change is not None:
        tensors[name] = change(tensor)
    save_file(tensors, path)
    with pytest.raises(UnavailableError, match=f"{name} .*{sentence}") as caught:
        load_weights(path, tiny, torch.float32)
    assert str(path) in str(caught.value)


def test_scalars_may_have_one_dimension(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "model.safetensors"
    scale = OFFICIAL["model.speech_scaling_factor"]
    save_file(OFFICIAL | {"model.speech_scaling_factor": scale.reshape(1)}, path)
    model = load_weights(path, tiny, torch.float32)
    assert model.speech_scaling_factor.shape == ()
    assert model.speech_scaling_factor == scale


@pytest.mark.parametrize("keep", [0, 7, 8, 1000, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, tiny: ModelConfig, keep: int) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes((TINY / "model.safetensors").read_bytes()[:keep])
    with pytest.raises(UnavailableError, match=f"{path} is not a readable safetensors file"):
        load_weights(path, tiny, torch.float32)


def test_finite_values_whose_sum_overflows_are_finite() -> None:
    assert is_finite(torch.full((4,), 3e38))
    assert not is_finite(torch.tensor([3e38, 3e38, torch.inf]))
    assert not is_finite(torch.tensor([torch.inf, -torch.inf]))
    assert is_finite(torch.tensor([]))
