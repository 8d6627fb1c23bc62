"""The voices of a model: which is the default, what they are called, and that each loads once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.checkpoint.model_voices import ModelVoices
from vvcli.errors import UnavailableError

from .samples import TINY

CPU = torch.device("cpu")


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own voices."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "data" / "vvcli" / "voices"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(TINY, tmp_path / "model", copy_function=shutil.copyfile)
    return tmp_path / "model"


def prefer(folder: Path, name: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"default_voice": name}))


def default(folder: Path) -> str:
    return ModelFolder(folder).voices.find().name


def test_the_default_is_the_models_first(users: Path, copy: Path) -> None:
    shutil.copy(TINY / "voices" / "tiny-Ben_man.pt", users / "a.pt")
    assert next(voice.name for voice in ModelFolder(copy).voices.files()) == "a"
    assert default(copy) == "tiny-Ada_woman"


def test_the_users_first_is_the_default_where_the_model_has_none(users: Path, copy: Path) -> None:
    shutil.rmtree(copy / "voices")
    for name in ("b.pt", "a.pt"):
        shutil.copy(TINY / "voices" / "tiny-Ben_man.pt", users / name)
    assert default(copy) == "a"


@pytest.mark.parametrize("name", ["tiny-Ben_man", "Ben"])
def test_the_config_names_the_default(users: Path, copy: Path, name: str) -> None:
    shutil.copy(TINY / "voices" / "tiny-Ada_woman.pt", users / "Ben.pt")
    prefer(copy, name)
    assert ModelFolder(copy).voices.find().path == copy / "voices" / "tiny-Ben_man.pt"


@pytest.mark.parametrize("name", ["Cleo", "a"])
def test_a_default_that_the_model_lacks_is_refused(users: Path, copy: Path, name: str) -> None:
    shutil.copy(TINY / "voices" / "tiny-Ben_man.pt", users / "a.pt")
    prefer(copy, name)
    with pytest.raises(
        UnavailableError, match=f"^the model's default voice: there is no voice '{name}': .* has ti"
    ):
        default(copy)
    assert ModelFolder(copy).voices.find("Ada").name == "tiny-Ada_woman"


@pytest.mark.parametrize("name", ["", 5, ["Ada"], "../tiny-Ada_woman", "/etc/passwd", "a.pt"])
def test_a_default_that_is_no_name_is_refused(users: Path, copy: Path, name: object) -> None:
    prefer(copy, name)
    with pytest.raises(UnavailableError, match="default_voice is not the name of a voice"):
        default(copy)


def test_no_voice_at_all(users: Path, copy: Path) -> None:
    shutil.rmtree(copy / "voices")
    with pytest.raises(UnavailableError, match=f"there is no voice in .* or {users}$") as caught:
        default(copy)
    assert caught.value.remedy == "voice file"


def test_a_voice_is_loaded_once_for_a_device_and_a_dtype() -> None:
    model = ModelFolder(TINY)
    ada = model.load_voice(None, CPU, torch.float32)
    for spec in ("Ada", "ada", "tiny-Ada_woman", str(TINY / "voices" / "tiny-Ada_woman.pt"), None):
        assert model.load_voice(spec, CPU, torch.float32) is ada
    assert model.load_voice("Ben", CPU, torch.float32) is not ada
    half = model.load_voice("Ada", CPU, torch.bfloat16)
    assert (half.name, half.tts_kv.dtype) == (ada.name, torch.bfloat16)


def test_a_voice_that_comes_later_is_found(tmp_path: Path) -> None:
    voices = ModelVoices([tmp_path])
    with pytest.raises(UnavailableError):
        voices.find("Ben")
    shutil.copy(TINY / "voices" / "tiny-Ben_man.pt", tmp_path)
    assert voices.find("Ben").path == tmp_path / "tiny-Ben_man.pt"


def test_the_identity_is_of_the_content(tmp_path: Path) -> None:
    shutil.copyfile(TINY / "voices" / "tiny-Ben_man.pt", tmp_path / "a.pt")
    shutil.copyfile(TINY / "voices" / "tiny-Ben_man.pt", tmp_path / "b.pt")
    shutil.copyfile(TINY / "voices" / "tiny-Ada_woman.pt", tmp_path / "c.pt")
    a, b, c = map(ModelVoices([tmp_path]).identity, "abc")
    assert a == b != c
