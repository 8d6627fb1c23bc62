"""What the checkpoint tests read: the tiny model, a 0.5B config, voices as torch saves them."""

from __future__ import annotations

import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.checkpoint.tokenizer import TextTokenizer
from vvcli.model.config import ModelConfig

REPOSITORY = Path(__file__).parents[2]
TINY = REPOSITORY / "tests" / "data" / "tiny"
ADA = TINY / "voices" / "tiny-Ada_woman.pt"
SHARED = Path(os.environ.get("VVCLI_SHARED", REPOSITORY.parent / "shared"))
PARTS = ("lm", "tts_lm", "neg_lm", "neg_tts_lm")

FULL_CONFIG: dict[str, Any] = {
    "model_type": "vibevoice_streaming",
    "tts_backbone_num_hidden_layers": 20,
    "acoustic_tokenizer_config": {
        "vae_dim": 64,
        "encoder_depths": "3-3-3-3-3-3-8",
        "encoder_ratios": [8, 5, 5, 4, 2, 2],
        "decoder_n_filters": 32,
        "decoder_depths": None,
        "layernorm_eps": 1e-5,
    },
    "decoder_config": {
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "rope_theta": 1000000.0,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6,
    },
    "diffusion_head_config": {
        "hidden_size": 896,
        "head_layers": 4,
        "head_ffn_ratio": 3.0,
        "latent_size": 64,
        "prediction_type": "v_prediction",
        "ddpm_num_steps": 1000,
        "ddpm_beta_schedule": "cosine",
        "rms_norm_eps": 1e-5,
    },
}


def read_config(folder: Path) -> ModelConfig:
    return ModelFolder(folder).config


def load_tokenizer(folder: Path) -> TextTokenizer:
    return ModelFolder(folder).tokenizer


class BaseModelOutputWithPast(OrderedDict[str, Any]):
    """Pickles as the class of transformers 4.51 does: call, items, then the fields again."""

    __module__ = "transformers.modeling_outputs"

    def __reduce__(self) -> Any:
        fields = (self["last_hidden_state"], self["past_key_values"], None, None)
        state = {**self, "hidden_states": None, "attentions": None}
        return type(self), fields, state, None, iter(self.items())


class DynamicCache:
    __module__ = "transformers.cache_utils"

    def __init__(self, keys: list[Tensor], values: list[Tensor]) -> None:
        self._seen_tokens = keys[0].shape[-2]
        self.key_cache = keys
        self.value_cache = values


def voice_tensors(
    config: ModelConfig, positions: int = 5, dtype: torch.dtype = torch.bfloat16
) -> dict[str, Tensor]:
    """Random tensors of a voice that fits `config`, under the names of `read_voice_tensors`."""
    lm = config.lm
    generator = torch.Generator().manual_seed(7)
    tensors = {}
    for part in PARTS:
        count = 1 if part.startswith("neg") else positions
        shape = (1, lm.kv_heads, count, lm.head_dim)
        hidden = torch.randn(1, count, lm.hidden_size, generator=generator)
        tensors[f"{part}.last_hidden_state"] = hidden.to(dtype)
        for i in range(lm.tts_layers if "tts" in part else lm.text_layers):
            for kind in ("key", "value"):
                tensors[f"{part}.{kind}.{i}"] = torch.randn(shape, generator=generator).to(dtype)
    return tensors


def write_pt(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Save `tensors` to `path` as the published presets were: objects of transformers' classes."""
    content = {}
    for part in PARTS:
        layers: dict[str, list[Tensor]] = {"key": [], "value": []}
        for kind, found in layers.items():
            while (name := f"{part}.{kind}.{len(found)}") in tensors:
                found.append(tensors[name])
        output = BaseModelOutputWithPast(
            last_hidden_state=tensors[f"{part}.last_hidden_state"],
            past_key_values=DynamicCache(layers["key"], layers["value"]),
        )
        content[part] = output
    save_with_transformers(content, path)


def save_with_transformers(content: object, path: Path) -> None:
    """`torch.save`, with the two classes above where pickle looks for transformers' own."""
    stand_ins = {}
    for kind in (BaseModelOutputWithPast, DynamicCache):
        module = ModuleType(kind.__module__)
        setattr(module, kind.__name__, kind)
        stand_ins[kind.__module__] = module
    stand_ins["transformers"] = ModuleType("transformers")
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        torch.save(content, path)
    finally:
        for name, module_before in before.items():
            if module_before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module_before


def write_zip(
    path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED
) -> None:
    """A torch zip with folder `voice/` and these members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"voice/{name}", data)


def pushed(value: object) -> bytes:
    """The opcodes that push a number, a text or a tuple of numbers."""
    return pickle.dumps(value, 2)[2:-1]


def tensor_program(
    count: object, offset: object, size: object, stride: object, storage: str = "FloatStorage"
) -> bytes:
    """A pickle of one tensor, as torch writes it, of storage `0` with `count` values."""
    return (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(("
        + pushed("storage")
        + b"ctorch\n"
        + storage.encode()
        + b"\n"
        + pushed("0")
        + pushed("cpu")
        + pushed(count)
        + b"tQ"
        + pushed(offset)
        + pushed(size)
        + pushed(stride)
        + b"\x89ccollections\nOrderedDict\n)RtR."
    )
