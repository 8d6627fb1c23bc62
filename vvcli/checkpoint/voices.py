"""Voices: the prefilled caches a stream starts from, read from `.pt` or `.safetensors`.

Both kinds of file hold the same tensors under these names, PART one of `PARTS`, i a layer:
`PART.last_hidden_state` [1, T, H], `PART.key.i` and `PART.value.i` [1, kv_heads, T, head_dim].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from vvcli.audio.output_file import write_file
from vvcli.checkpoint.restricted_pickle import Record
from vvcli.checkpoint.safetensors_header import read_header
from vvcli.checkpoint.torch_zip import read_torch_zip
from vvcli.checkpoint.voice_search import no_voice_file
from vvcli.checkpoint.weights import DTYPES, is_finite
from vvcli.errors import OutputError, UnavailableError, unreadable_as
from vvcli.model.config import ModelConfig
from vvcli.model.voice import Voice

PARTS = ("lm", "tts_lm", "neg_lm", "neg_tts_lm")

MAX_VOICE_BYTES = 1 << 30  # of any model; the published voices have 2 MB
OVERHEAD_BYTES = 4 << 20  # of names, headers and alignment

_NAME = re.compile(rf"({'|'.join(PARTS)})\.(last_hidden_state|(key|value)\.(0|[1-9][0-9]{{0,3}}))")


def load_voice(path: Path, config: ModelConfig, dtype: torch.dtype) -> Voice:
    """The voice in `path`, on the CPU, in `dtype`, checked against the model's shapes.

    `neg_lm` and the positive hidden states are not read: generation never uses them.

    Raises:
        UnavailableError: the file is not a voice, was made for another model, fills the whole
            context, or has values that are not finite in `dtype`.
    """
    tensors = read_voice_tensors(path, max_voice_bytes(config))
    lm = config.lm
    for part, kind, layers in (
        ("lm", "text", lm.text_layers),
        ("tts_lm", "TTS", lm.tts_layers),
        ("neg_tts_lm", "negative TTS", lm.tts_layers),
    ):
        found = sum(name.startswith(f"{part}.key.") for name in tensors)
        if found != layers:
            raise UnavailableError(
                f"voice {path} has {found} {kind} layers, the model {layers}: "
                "it was made for another model"
            )
    hidden = _floats(tensors, "neg_tts_lm.last_hidden_state", path, dtype)
    if hidden.ndim != 3 or hidden.shape[0] != 1 or hidden.shape[2] != lm.hidden_size:
        raise UnavailableError(
            f"voice {path} has hidden states {list(hidden.shape)}, the model a width of "
            f"{lm.hidden_size}: it was made for another model"
        )
    if not hidden.shape[1]:
        raise UnavailableError(f"voice {path}: tensor neg_tts_lm.last_hidden_state is empty")
    return Voice(
        name=path.stem,
        lm_kv=_cache(tensors, "lm", lm.text_layers, config, path, dtype),
        tts_kv=_cache(tensors, "tts_lm", lm.tts_layers, config, path, dtype),
        negative_kv=_cache(tensors, "neg_tts_lm", lm.tts_layers, config, path, dtype),
        negative_hidden=hidden[0, -1].clone(),
    )


def max_voice_bytes(config: ModelConfig) -> int:
    """Size of the file of a voice that fills the whole context, in the widest type."""
    lm = config.lm
    layers = 2 * (lm.text_layers + lm.tts_layers)
    per_position = layers * 2 * lm.kv_heads * lm.head_dim + len(PARTS) * lm.hidden_size
    return per_position * lm.max_positions * 8 + OVERHEAD_BYTES


def read_voice_tensors(path: Path, max_bytes: int = MAX_VOICE_BYTES) -> dict[str, Tensor]:
    """Everything a voice file holds, by name (see above), as it is stored.

    Each tensor is contiguous and has memory of its own. Memory is bounded by the file's size.

    Raises:
        UnavailableError: the file is missing, damaged, longer than `max_bytes` or not a voice.
    """
    with unreadable_as(UnavailableError, f"the voice file {path}"):
        if not path.is_file():
            raise no_voice_file(path)
        size = path.stat().st_size
    if size > max_bytes:
        raise UnavailableError(
            f"voice {path} has {size} bytes, more than the {max_bytes} that a voice can have"
        )
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix == ".pt":
        return _read_pt(path)
    raise UnavailableError(f"{path} is not a voice: its name ends in neither .pt nor .safetensors")


def save_voice(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write `tensors` to `path` as safetensors; a file of that name is always whole.

    Raises:
        UsageError: another process is writing the file, or it is a link.
        OutputError: these are not the tensors of a voice, or the file cannot be written.
    """
    for name in tensors:
        if not _NAME.fullmatch(name):
            raise OutputError(f"cannot write {path}: it is not a voice: it holds a tensor {name}")
    try:
        data = save(dict(tensors), metadata={"format": "pt"})
        again = load(data)
    except SafetensorError as error:
        raise OutputError(f"cannot write the voice {path}: {error}") from error
    if again.keys() != tensors.keys() or not all(
        _same_bits(again[name], tensor) for name, tensor in tensors.items()
    ):
        raise OutputError(f"cannot write the voice {path}: safetensors cannot hold it")
    write_file(path, data)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    names = read_header(path).keys()
    for name in names:
        if not _NAME.fullmatch(name):
            raise UnavailableError(f"{path} is not a voice: it holds a tensor {name[:80]}")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name).clone() for name in names}
    except (SafetensorError, OSError) as error:
        raise UnavailableError(f"{path} is not a readable safetensors file: {error}") from error


def _read_pt(path: Path) -> dict[str, Tensor]:
    content = read_torch_zip(path)
    if type(content) is not dict or content.keys() != set(PARTS):
        raise UnavailableError(f"{path} is not a voice: it needs the parts {', '.join(PARTS)}")
    views: dict[str, Tensor] = {}
    for part in PARTS:
        output = _fields(content[part], path, part)
        views[f"{part}.last_hidden_state"] = _tensor(output, "last_hidden_state", path, part)
        cache = _fields(output.get("past_key_values"), path, part)
        for kind in ("key", "value"):
            layers = cache.get(f"{kind}_cache")
            if type(layers) is not list:
                raise UnavailableError(f"{path} is not a voice: {part} has no list {kind}_cache")
            for i, layer in enumerate(layers):
                views[f"{part}.{kind}.{i}"] = _tensor({kind: layer}, kind, path, part)
    # Views may repeat a storage; together they must not unfold to more than the file holds.
    if sum(view.nbytes for view in views.values()) > path.stat().st_size:
        raise UnavailableError(f"{path} is not a voice: its tensors overlap")
    return {name: view.clone(memory_format=torch.contiguous_format) for name, view in views.items()}


def _fields(value: object, path: Path, part: str) -> dict[str, object]:
    if type(value) is not Record:
        raise UnavailableError(f"{path} is not a voice: {part} lacks its outputs or its cache")
    return value.fields


def _tensor(fields: Mapping[str, object], name: str, path: Path, part: str) -> Tensor:
    value = fields.get(name)
    if not isinstance(value, Tensor):
        raise UnavailableError(f"{path} is not a voice: {part} has no tensor for {name}")
    return value


def _cache(
    tensors: Mapping[str, Tensor],
    part: str,
    layers: int,
    config: ModelConfig,
    path: Path,
    dtype: torch.dtype,
) -> Tensor:
    """[layers, 2, kv_heads, T, head_dim] of one part."""
    lm = config.lm
    first = _floats(tensors, f"{part}.key.0", path, dtype)
    positions = first.shape[2] if first.ndim == 4 else 0
    if not 0 < positions < lm.max_positions:
        raise UnavailableError(
            f"voice {path} has a {part} cache of {positions} positions; "
            f"this model takes 1 to {lm.max_positions - 1}"
        )
    shape = (1, lm.kv_heads, positions, lm.head_dim)
    cache = torch.empty(layers, 2, *shape[1:], dtype=dtype)
    for i in range(layers):
        for j, kind in enumerate(("key", "value")):
            name = f"{part}.{kind}.{i}"
            tensor = _floats(tensors, name, path, dtype)
            if tensor.shape != shape:
                raise UnavailableError(
                    f"voice {path}: {name} has shape {list(tensor.shape)}, the model needs "
                    f"{list(shape)} (1, KV heads, positions, head width): "
                    "it was made for another model"
                )
            cache[i, j] = tensor[0]
    return cache


def _floats(tensors: Mapping[str, Tensor], name: str, path: Path, dtype: torch.dtype) -> Tensor:
    """Tensor `name` in `dtype`, finite there: a large bfloat16 is not in float16."""
    if name not in tensors:
        raise UnavailableError(f"voice {path}: tensor {name} is missing")
    tensor = tensors[name]
    if tensor.dtype not in DTYPES:
        raise UnavailableError(f"voice {path}: tensor {name} is {tensor.dtype}, not floating point")
    tensor = tensor.to(dtype)
    if not is_finite(tensor):
        raise UnavailableError(f"voice {path}: tensor {name} has values not finite in {dtype}")
    return tensor


def _same_bits(a: Tensor, b: Tensor) -> bool:
    # As bytes: a NaN is not equal to itself.
    same_kind = a.dtype == b.dtype and a.shape == b.shape
    return same_kind and torch.equal(a.flatten().view(torch.uint8), b.flatten().view(torch.uint8))
