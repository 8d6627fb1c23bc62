"""Damaged and hostile bytes: every file is either read or refused with UnavailableError."""

from __future__ import annotations

import pickletools
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vvcli.checkpoint.restricted_pickle import run_pickle
from vvcli.checkpoint.voices import load_voice, read_voice_tensors, save_voice
from vvcli.checkpoint.weights import load_weights
from vvcli.errors import UnavailableError
from vvcli.model.config import ModelConfig

from .samples import ADA, TINY, load_tokenizer, read_config, write_zip

SEED = 20
INTERESTING = (
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff" * 8,
    b"-1",
    b"9" * 20,
    b'"',
    b"[",
    b"e9",
)


def mutants(data: bytes, count: int, within: int | None = None) -> Iterator[bytes]:
    """`count` damaged copies of `data`; damage falls within the first `within` bytes."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    end = min(within or len(data), len(data))
    for _ in range(count):
        mutant = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 5))):
            place = chance.randrange(min(end, len(mutant)) or 1)
            length = chance.choice((1, 1, 2, 8, 40))
            match chance.randrange(5):
                case 0:
                    mutant[place : place + 1] = bytes([chance.randrange(256)])
                case 1:
                    mutant[place : place + length] = chance.choice(INTERESTING)
                case 2:
                    del mutant[place : place + length]
                case 3:
                    other = chance.randrange(end)
                    mutant[place:place] = mutant[other : other + length]
                case 4:
                    piece = chance.choice(INTERESTING)
                    mutant[place : place + len(piece)] = piece
        if chance.randrange(20) == 0:
            del mutant[chance.randrange(len(mutant) + 1) :]
        yield bytes(mutant)


def outcomes(path: Path, data: Iterator[bytes], read: Callable[[], object]) -> tuple[int, int]:
    """How many of `data`, written to `path`, were read and refused; any other end fails."""
    done, refused = 0, 0
    for mutant in data:
        path.write_bytes(mutant)
        try:
            read()
            done += 1
        except UnavailableError as error:
            assert "\n" not in str(error).strip()  # noqa: PT017 - one sentence, whatever it is
            refused += 1
    return done, refused


@pytest.mark.slow
def test_voice_pt_bytes(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "voice.pt"
    _, refused = outcomes(
        path, mutants(ADA.read_bytes(), 400), lambda: load_voice(path, tiny, torch.float32)
    )
    assert refused > 100


def test_voice_pt_central_directory(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "voice.pt"
    data = ADA.read_bytes()
    start = data.index(b"PK\x01\x02")
    directory = (data[:start] + end for end in mutants(data[start:], 300))
    _, refused = outcomes(path, directory, lambda: load_voice(path, tiny, torch.float32))
    assert refused > 100


# pickletools decodes the argument of an opcode before the machine can refuse it.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_voice_pt_program(tmp_path: Path, tiny: ModelConfig) -> None:
    """The zip is whole and its checksums right, so that the damage reaches the machine."""
    path = tmp_path / "voice.pt"
    with zipfile.ZipFile(ADA) as archive:
        parts = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    done, refused = 0, 0
    for program in mutants(parts["data.pkl"], 500):
        write_zip(path, parts | {"data.pkl": program})
        try:
            load_voice(path, tiny, torch.float32)
            done += 1
        except UnavailableError:
            refused += 1
    assert done > 0
    assert refused > 100


@pytest.mark.slow
def test_voice_safetensors_bytes(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "voice.safetensors"
    save_voice(read_voice_tensors(ADA), path)
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    for within in (header, len(data)):
        _, refused = outcomes(
            path, mutants(data, 300, within), lambda: load_voice(path, tiny, torch.float32)
        )
        assert refused > 20


@pytest.mark.slow
def test_config_bytes(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    path = tmp_path / "config.json"
    done, refused = outcomes(
        path,
        mutants((TINY / "config.json").read_bytes(), 1500),
        lambda: read_config(tmp_path),
    )
    assert done > 10
    assert refused > 100


def test_tokenizer_bytes(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((TINY / name).read_bytes())
    path = tmp_path / "tokenizer.json"
    _, refused = outcomes(
        path,
        mutants((TINY / "tokenizer.json").read_bytes(), 150),
        lambda: load_tokenizer(tmp_path).encode("Hello there."),
    )
    assert refused > 20


def test_weights_bytes(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "model.safetensors"
    data = (TINY / "model.safetensors").read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    _, refused = outcomes(
        path, mutants(data, 40, header), lambda: load_weights(path, tiny, torch.float32)
    )
    assert refused > 20


OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
NAMES = [
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b"ctransformers.cache_utils\nDynamicCache\n",
    b"ccollections\nOrderedDict\n",
    b"X\x01\x00\x00\x00a",
    b"K\x01",
]


@pytest.mark.slow
@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(OPCODES + NAMES * 4) | st.binary(max_size=5), max_size=40),
)
def test_any_program_ends_in_inert_data_or_an_exception(pieces: list[bytes]) -> None:
    try:
        result = run_pickle(b"\x80\x02" + b"".join(pieces) + b".", lambda key: bytearray(4))
    except Exception as error:
        assert not isinstance(error, MemoryError | RecursionError)  # noqa: PT017
    else:
        assert type(result).__module__ in (
            "builtins",
            "torch",
            "vvcli.checkpoint.restricted_pickle",
        )


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@settings(max_examples=100)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_no_voice(
    suffix: str, data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"random{suffix}"
    path.write_bytes(data)
    with pytest.raises(UnavailableError):
        read_voice_tensors(path)
