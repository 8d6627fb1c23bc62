from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from vvcli.checkpoint import identity
from vvcli.checkpoint.identity import hash_model, hash_voice
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.errors import UnavailableError

from .samples import TINY


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(TINY, tmp_path / "copy", copy_function=shutil.copyfile)
    return tmp_path / "copy"


def test_it_is_the_same_tomorrow() -> None:
    # As version 0.1 says it: otherwise every batch is made anew.
    assert ModelFolder(TINY).identity == "b5d2eb8fdfb5dc3a19583df7faa79365"


def test_a_copied_model_is_the_same_model(copy: Path) -> None:
    assert ModelFolder(copy).identity == ModelFolder(TINY).identity


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "preprocessor_config.json", "model.safetensors"]
)
def test_a_changed_file_is_another_model(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b" ")
    assert ModelFolder(copy).identity != ModelFolder(TINY).identity


def test_a_folder_of_no_model_has_no_identity(copy: Path) -> None:
    (copy / "config.json").write_text("{}")
    with pytest.raises(UnavailableError, match="describes no model"):
        _ = ModelFolder(copy).identity


def test_large_weights_are_told_apart_by_any_tensor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "WHOLE", 0)
    path = tmp_path / "model.safetensors"
    tensors = {f"layer.{i}": np.full((64, 64), i, dtype=np.float32) for i in range(20)}
    found = set()
    for changed in [None, *tensors]:
        values = {name: tensor + (name == changed) for name, tensor in tensors.items()}
        save_file(values, path)
        found.add(hash_model([], path))
    assert len(found) == 21


@pytest.mark.parametrize(
    "header", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": {"data_offsets": [-1]}}', b"[" * 99999]
)
def test_damaged_weights_have_an_identity_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: bytes
) -> None:
    monkeypatch.setattr(identity, "WHOLE", 0)
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert len(hash_model([None], path)) == 32


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"cannot read .*model\.safetensors: No such file"):
        hash_model([], tmp_path / "model.safetensors")
    with pytest.raises(UnavailableError, match=r"cannot read the voice file .*ada\.pt: No such"):
        hash_voice(tmp_path / "ada.pt")
