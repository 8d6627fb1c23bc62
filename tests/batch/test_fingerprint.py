from __future__ import annotations

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.conftest import TINY
from vvcli.batch import fingerprint as module
from vvcli.batch.fingerprint import Settings, fingerprint, identify_model
from vvcli.errors import UnavailableError
from vvcli.script.record import Record

SETTINGS = Settings(
    "model", seed=0, cfg_scale=1.5, steps=5, dtype="auto", split="none", format="wav 24000"
)
RECORD = Record(3, "Hello there.", "a.txt:4")


def of(settings: Settings = SETTINGS, record: Record = RECORD, voice: str = "v") -> str:
    return fingerprint(settings, [record], [voice], [0.0])


def test_it_is_the_same_tomorrow() -> None:
    # Raise VERSION when this must change: it makes every batch anew.
    assert of() == "7393dfc6101ced678b1ceeadcf426450"


def test_what_is_heard_is_in_it() -> None:
    others = [
        *(of(replace(SETTINGS, **{each.name: 7})) for each in fields(Settings)),  # type: ignore[arg-type]
        of(record=replace(RECORD, text="Hello there")),
        of(record=replace(RECORD, seed=0)),  # a seed of its own: noise without the index
        of(record=replace(RECORD, seed=1)),
        of(record=replace(RECORD, cfg_scale=2)),
        of(voice="w"),
        fingerprint(SETTINGS, [RECORD], ["v"], [0.1]),
        fingerprint(SETTINGS, [RECORD, RECORD], ["v", "v"], [0.0, 0.0]),
    ]
    assert len({of(), *others}) == len(others) + 1


def test_what_is_not_heard_is_not() -> None:
    moved = replace(RECORD, index=9, source="b.txt:10", id="x", output="y", voice="other name")
    assert of(record=moved) == of()
    assert of(replace(SETTINGS, cfg_scale=9), replace(RECORD, cfg_scale=2)) == of(
        record=replace(RECORD, cfg_scale=2)
    )


def test_a_copied_model_is_the_same_model(tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "copy", copy_function=shutil.copyfile)
    assert identify_model(tmp_path / "copy") == identify_model(TINY)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_changed_file_is_another_model(tmp_path: Path, name: str) -> None:
    shutil.copytree(TINY, tmp_path / "copy", copy_function=shutil.copyfile)
    with (tmp_path / "copy" / name).open("ab") as file:
        file.write(b" ")
    assert identify_model(tmp_path / "copy") != identify_model(TINY)


def test_large_weights_are_told_apart_by_any_tensor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WHOLE", 0)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    tensors = {f"layer.{i}": np.full((64, 64), i, dtype=np.float32) for i in range(20)}
    found = set()
    for changed in [None, *tensors]:
        values = {name: tensor + (name == changed) for name, tensor in tensors.items()}
        save_file(values, tmp_path / "model.safetensors")
        found.add(identify_model(tmp_path))
    assert len(found) == 21


@pytest.mark.parametrize(
    "header", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": {"data_offsets": [-1]}}', b"[" * 99999]
)
def test_damaged_weights_have_an_identity_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: bytes
) -> None:
    monkeypatch.setattr(module, "WHOLE", 0)
    (tmp_path / "tokenizer.json").write_text(json.dumps({}))
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert len(identify_model(tmp_path)) == 32


def test_weights_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UnavailableError, match=r"model\.safetensors cannot be read"):
        identify_model(tmp_path)
