"""Files that would fill the memory are refused by their heads, before anything is built."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from vvcli.checkpoint import weights
from vvcli.checkpoint.hub import resolve_model
from vvcli.checkpoint.json_file import read_json
from vvcli.checkpoint.safetensors_header import read_header
from vvcli.checkpoint.torch_zip import read_torch_zip
from vvcli.checkpoint.voices import load_voice, max_voice_bytes, read_voice_tensors
from vvcli.checkpoint.weights import load_weights
from vvcli.errors import UnavailableError
from vvcli.model.config import ModelConfig

from .samples import ADA, TINY, read_config


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("built before the header was checked")

    for name in ("empty_model", "safe_open"):
        monkeypatch.setattr(weights, name, refuse)


def write_header(path: Path, header: bytes, rest: int = 0) -> Path:
    """A safetensors file with this header and `rest` bytes, which take no room on the disk."""
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + rest)
    return path


def tensor(dtype: object, shape: object, start: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("content", "rest", "sentence"),
    [
        ({"a": tensor("F32", [2], 0, 4)}, 8, "does not lie in the file"),
        ({"a": tensor("F32", [2], 0, 8)}, 4, "does not lie in the file"),
        ({"a": tensor("F32", [1 << 30, 1 << 30], 0, 4)}, 4, "does not lie in the file"),
        ({"a": tensor("F32", [2], -8, 0)}, 8, "does not lie in the file"),
        ({"a": tensor("F32", [-2], 0, 8)}, 8, "a shape or a type that is unknown"),
        ({"a": tensor("F32", [1] * 1000, 0, 4)}, 4, "a shape or a type that is unknown"),
        ({"a": tensor("Q7", [2], 0, 8)}, 8, "a shape or a type that is unknown"),
        ({"a": tensor("F32", "2", 0, 8)}, 8, "does not describe tensor 'a'"),
        ({"a": 5}, 8, "does not describe tensor 'a'"),
        ([], 8, "is not a JSON object"),
    ],
)
def test_a_header_that_lies_is_refused(
    tmp_path: Path, content: object, rest: int, sentence: str
) -> None:
    path = write_header(tmp_path / "a.safetensors", json.dumps(content).encode(), rest)
    with pytest.raises(UnavailableError, match=sentence):
        read_header(path)


TWICE = b'{"a": {"dtype": "U8"}, "a": {"dtype": "F32"}}'


@pytest.mark.parametrize("header", [b"[" * 100_000, b"\xff", b"9" * 5000, b"", TWICE])
def test_a_header_that_is_no_json_is_refused(tmp_path: Path, header: bytes) -> None:
    path = write_header(tmp_path / "a.safetensors", header)
    with pytest.raises(UnavailableError, match="is not JSON"):
        read_header(path)


def test_a_header_is_as_the_library_reads_it() -> None:
    path = TINY / "model.safetensors"
    header = read_header(path)
    assert {name: info.shape for name, info in header.items()} == {
        name: tuple(tensor.shape) for name, tensor in load_file(path).items()
    }


def test_a_long_header_is_not_read(tmp_path: Path) -> None:
    path = write_header(tmp_path / "a.safetensors", b"", 1 << 30)
    with path.open("rb+") as file:
        file.write(struct.pack("<Q", 1 << 29))
    with pytest.raises(UnavailableError, match="header is longer than"):
        read_header(path)


@pytest.mark.usefixtures("nothing_is_built")
def test_a_config_that_its_weights_do_not_fit_builds_nothing(tmp_path: Path) -> None:
    config = json.loads((TINY / "config.json").read_text())
    config["decoder_config"]["intermediate_size"] = 1 << 17
    config["decoder_config"]["num_hidden_layers"] = 250
    large = ModelConfig.from_dict(config)
    with pytest.raises(UnavailableError, match="has shape"):
        load_weights(TINY / "model.safetensors", large, torch.float32)


@pytest.mark.usefixtures("nothing_is_built")
def test_weights_that_are_mostly_a_hole_build_nothing(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "model.safetensors"
    data = (TINY / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    end = max(info["data_offsets"][1] for name, info in header.items() if name != "__metadata__")
    header["padding"] = tensor("U8", [1 << 34], end, end + (1 << 34))
    write_header(path, json.dumps(header).encode(), end + (1 << 34))
    if path.stat().st_blocks * 512 > 1 << 30:
        pytest.skip("this file system has no sparse files")
    with pytest.raises(UnavailableError, match="fetch or copy it again"):
        load_weights(path, tiny, torch.float32)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_sparse_voice_is_not_read(tmp_path: Path, tiny: ModelConfig, suffix: str) -> None:
    path = tmp_path / f"voice{suffix}"
    path.write_bytes(ADA.read_bytes())
    os.truncate(path, 20 << 30)
    with pytest.raises(UnavailableError, match=f"more than the {max_voice_bytes(tiny)}"):
        load_voice(path, tiny, torch.float32)
    with pytest.raises(UnavailableError, match="that a voice can have"):
        read_voice_tensors(path)


def test_a_voice_that_fills_the_context_is_small_enough(full: ModelConfig) -> None:
    lm = full.lm
    cache = 2 * lm.kv_heads * lm.head_dim * (lm.max_positions - 1) * 8
    assert 2 * (lm.text_layers + lm.tts_layers) * cache < max_voice_bytes(full) < 1 << 30


def test_a_zip_of_very_many_members_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "voice.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("voice/data.pkl", b"")
    data = path.read_bytes()
    end = data.index(b"PK\x05\x06")
    directory = bytes(5 << 20)
    record = bytearray(data[end:])
    record[12:16] = struct.pack("<I", len(directory))
    path.write_bytes(data[:end] + directory + record)
    with pytest.raises(UnavailableError, match="list of members is over 4 MiB"):
        read_torch_zip(path)


def test_a_tensor_that_is_infinite_where_it_is_computed_is_refused(
    tmp_path: Path, tiny: ModelConfig
) -> None:
    tensors = load_file(TINY / "model.safetensors")
    name = "model.tts_language_model.layers.2.mlp.up_proj.weight"
    path = tmp_path / "model.safetensors"
    save_file(tensors | {name: tensors[name].double() + 1e300}, path)
    load_weights(path, tiny, torch.float64)
    with pytest.raises(UnavailableError, match=rf"{name} .* not finite in torch\.float32"):
        load_weights(path, tiny, torch.float32)
    save_file(tensors | {name: tensors[name] + 1e6}, path)
    with pytest.raises(UnavailableError, match=rf"{name} .* not finite in torch\.float16"):
        load_weights(path, tiny, torch.float16)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "tokenizer.json"])
def test_json_is_read_from_regular_files_of_their_size_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(UnavailableError, match="not a regular file"):
        read_json(tmp_path / name)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(UnavailableError, match="not a regular file"):
        read_json(tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(b" " * (2 << 20))
    with pytest.raises(UnavailableError, match="longer than"):
        read_json(tmp_path / name)


@pytest.mark.parametrize(
    "spec",
    [
        "a/b..c",
        "a/b--c",
        "a/b.git",
        "~nosuchuser/x",
        "~nosuchuser",
        "x" * 300,
        "x/" + "y" * 300,
        "x/" * 3000,
        "a\0b",
        "\udcff",
        "",
        "loop",
        "loop/model",
        "-/b",
        "a/b\n",
    ],
)
def test_a_model_that_cannot_be_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UnavailableError):
        resolve_model(spec)
    with pytest.raises(UnavailableError):
        read_config(Path(spec) / "model")
