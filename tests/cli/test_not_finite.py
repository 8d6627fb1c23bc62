"""Audio that is not finite is never written: its record has failed, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from tests.conftest import TINY, InProcess, Process
from vvcli.engine.stream import NoiseSource

TEXT = b"Hello there.\nA record that breaks.\nYes.\n"
SAID = "stdin:2: the model made samples that are not finite, or far too loud"


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second record's noise is NaN, and with it everything that is made of it."""
    draw = NoiseSource.draw

    def drawn(self: NoiseSource, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        noise = draw(self, out)
        noise *= np.float32("nan" if self._record_index == 1 else 1)
        return noise

    monkeypatch.setattr(NoiseSource, "draw", drawn)


@pytest.mark.parametrize("format_name", ["s16le", "f32le", "wav", "au", "flac", "opus", "mp3"])
@pytest.mark.usefixtures("breaks")
def test_the_record_fails_and_the_others_are_as_without_it(
    speak: InProcess, format_name: str
) -> None:
    result = speak("-f", format_name, "--gap", "0", stdin=TEXT)
    assert result.status == 3
    assert result.error == SAID
    blank = TEXT.replace(b"A record that breaks.", b"")
    if format_name == "opus":  # a stream of Ogg has a number that is drawn
        assert result.stdout
        return
    assert result.stdout == speak("-f", format_name, "--gap", "0", stdin=blank).stdout


@pytest.mark.usefixtures("breaks")
@pytest.mark.parametrize("format_name", ["wav", "mp3"])
def test_a_batch_makes_no_file_of_it(vvcli: InProcess, tmp_path: Path, format_name: str) -> None:
    result = vvcli(
        "batch", "-", "-d", tmp_path / "o", "-q", "-m", TINY, "-f", format_name, stdin=TEXT
    )
    assert (result.status, result.error) == (3, SAID)
    lines = (tmp_path / "o" / "manifest.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["status"] for entry in entries] == ["ok", "failed", "ok"]
    assert entries[1]["error"] == SAID
    assert len(list((tmp_path / "o" / "stdin").iterdir())) == 2


@pytest.mark.slow
@pytest.mark.parametrize("options", [("-f", "s16le"), ("-f", "mp3"), ("-f", "mp3", "-r", "16000")])
def test_extreme_weights_are_failed_records(
    process: Process, tmp_path: Path, options: tuple[str, ...]
) -> None:
    for name in ("config.json", "preprocessor_config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((TINY / name).read_bytes())
    (tmp_path / "voices").symlink_to(TINY / "voices")
    tensors = load_file(TINY / "model.safetensors")
    tensors["model.acoustic_tokenizer.decoder.head.conv.conv.weight"] *= 1e38
    save_file(tensors, tmp_path / "model.safetensors")
    result = process("speak", "-q", "-m", tmp_path, *options, stdin=b"Hello there.\n")
    assert result.status == 1
    assert "stdin:1: the model made samples that are not finite" in result.error
