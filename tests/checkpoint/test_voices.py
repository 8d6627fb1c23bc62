from __future__ import annotations

import itertools
import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

from vvcli.checkpoint.voice_search import find_voice, list_voices, voice_folders
from vvcli.checkpoint.voices import load_voice, read_voice_tensors, save_voice
from vvcli.cli.voices import voices
from vvcli.errors import OutputError, UnavailableError, UsageError
from vvcli.model.config import ModelConfig
from vvcli.model.voice import Voice

from .samples import (
    ADA,
    SHARED,
    TINY,
    BaseModelOutputWithPast,
    DynamicCache,
    save_with_transformers,
    voice_tensors,
    write_pt,
)

PRESETS = sorted((SHARED / "voices").glob("*.pt"))
Tensors = dict[str, Tensor]


def assert_same(a: Tensors, b: Tensors) -> None:
    assert a.keys() == b.keys()
    for name, tensor in a.items():
        assert tensor.dtype == b[name].dtype, name
        assert torch.equal(tensor, b[name]), name


def assert_holds(voice: Voice, tensors: Tensors, config: ModelConfig) -> None:
    """`voice` is what `tensors` say, each cache in its place."""
    lm = config.lm
    for kv, part, layers in (
        (voice.lm_kv, "lm", lm.text_layers),
        (voice.tts_kv, "tts_lm", lm.tts_layers),
        (voice.negative_kv, "neg_tts_lm", lm.tts_layers),
    ):
        positions = tensors[f"{part}.key.0"].shape[2]
        assert kv.shape == (layers, 2, lm.kv_heads, positions, lm.head_dim)
        for i, (j, kind) in itertools.product(range(layers), enumerate(("key", "value"))):
            assert torch.equal(kv[i, j], tensors[f"{part}.{kind}.{i}"][0].to(kv.dtype))
    hidden = tensors["neg_tts_lm.last_hidden_state"][0, -1]
    assert torch.equal(voice.negative_hidden, hidden.to(voice.negative_hidden.dtype))


def test_the_tiny_voices_load(tiny: ModelConfig) -> None:
    for path in sorted((TINY / "voices").glob("*.pt")):
        voice = load_voice(path, tiny, torch.float32)
        assert voice.name == path.stem
        assert_holds(voice, read_voice_tensors(path), tiny)


@pytest.mark.skipif(not PRESETS, reason=f"the official presets are not in {SHARED}/voices")
@pytest.mark.parametrize("path", PRESETS, ids=[path.stem for path in PRESETS])
def test_the_official_presets_load(path: Path, full: ModelConfig) -> None:
    tensors = read_voice_tensors(path)
    assert len(tensors) == 100
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}
    voice = load_voice(path, full, torch.bfloat16)
    assert voice.negative_kv.shape == (20, 2, 2, 1, 64)
    assert_holds(voice, tensors, full)


@pytest.mark.skipif(not PRESETS, reason=f"the official presets are not in {SHARED}/voices")
def test_an_official_preset_reads_as_torch_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (BaseModelOutputWithPast, DynamicCache):
        module = ModuleType(kind.__module__)
        setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, kind.__module__, module)
    monkeypatch.setitem(sys.modules, "transformers", ModuleType("transformers"))
    monkeypatch.setattr(BaseModelOutputWithPast, "__init__", lambda self, *fields: None)
    expected = torch.load(PRESETS[0], weights_only=False, map_location="cpu")
    tensors = read_voice_tensors(PRESETS[0])
    assert len(tensors) == sum(
        1 + 2 * len(part["past_key_values"].key_cache) for part in expected.values()
    )
    for name, tensor in tensors.items():
        part, field, *layer = name.split(".")
        output = expected[part]
        if layer:
            other = getattr(output["past_key_values"], f"{field}_cache")[int(layer[0])]
        else:
            other = output[field]
        assert torch.equal(tensor, other), name


def test_a_synthetic_voice_of_the_published_shape_loads(tmp_path: Path, full: ModelConfig) -> None:
    path = tmp_path / "en-New_woman.pt"
    tensors = voice_tensors(full, positions=9)
    write_pt(tensors, path)
    assert_same(read_voice_tensors(path), tensors)
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        voice = load_voice(path, full, dtype)
        assert voice.tts_kv.dtype == voice.negative_hidden.dtype == dtype
        assert_holds(voice, tensors, full)


def test_strided_and_shared_storages_are_read(tmp_path: Path, tiny: ModelConfig) -> None:
    tensors = voice_tensors(tiny)
    together = torch.cat([tensors["lm.key.0"], tensors["lm.key.1"]]).transpose(1, 2).contiguous()
    strided = tensors | {"lm.key.0": together[:1].transpose(1, 2)}
    strided["lm.key.1"] = together[1:].transpose(1, 2)
    assert not strided["lm.key.1"].is_contiguous()
    path = tmp_path / "voice.pt"
    write_pt(strided, path)
    read = read_voice_tensors(path)
    assert_same(read, tensors)
    assert all(tensor.is_contiguous() for tensor in read.values())
    read["lm.key.0"].zero_()
    assert torch.equal(read["lm.key.1"], tensors["lm.key.1"])


def test_a_storage_repeated_without_end_is_refused(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "voice.pt"
    tensors = voice_tensors(tiny)
    tensors |= {f"lm.key.{i}": tensors["lm.key.0"] for i in range(1000)}
    write_pt(tensors, path)
    with pytest.raises(UnavailableError, match="its tensors overlap"):
        read_voice_tensors(path)


def test_safetensors_holds_the_same_voice(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "voice.safetensors"
    tensors = read_voice_tensors(ADA)
    save_voice(tensors, path)
    assert_same(read_voice_tensors(path), tensors)
    assert_holds(load_voice(path, tiny, torch.float32), tensors, tiny)
    assert list(tmp_path.iterdir()) == [path]


def test_save_voice_keeps_the_old_file_if_it_fails(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "voice.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="is not a voice: it holds a tensor other"):
        save_voice({"other": torch.zeros(1)}, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OutputError, match="make the folder"):
        save_voice(voice_tensors(tiny), tmp_path / "none" / "voice.safetensors")


def without(name: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


def changed(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {name: change(tensors[name]).contiguous()}


def poisoned(value: float) -> Callable[[Tensor], Tensor]:
    def change(tensor: Tensor) -> Tensor:
        tensor = tensor.clone()
        tensor.view(-1)[-1] = value
        return tensor

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("tts_lm.value.3"), r"tensor tts_lm\.value\.3 is missing"),
        (without("tts_lm.key.3"), "3 TTS layers, the model 4: it was made for another model"),
        (without("lm.key.0"), "1 text layers, the model 2"),
        (without("neg_tts_lm.key.1"), "3 negative TTS layers, the model 4"),
        (without("neg_tts_lm.last_hidden_state"), "last_hidden_state is missing"),
        (changed("lm.key.1", lambda t: t[:, :1]), r"lm\.key\.1 has shape \[1, 1, 5, 16\]"),
        (changed("lm.key.0", lambda t: t[..., :8]), r"lm\.key\.0 has shape \[1, 2, 5, 8\]"),
        (changed("lm.value.1", lambda t: t[:, :, 1:]), r"lm\.value\.1 has shape \[1, 2, 4, 16\]"),
        (changed("lm.key.0", lambda t: t[0]), "lm cache of 0 positions"),
        (changed("lm.key.0", lambda t: t[:, :, :0]), "lm cache of 0 positions"),
        (
            changed("tts_lm.key.0", lambda t: t.new_zeros(1, 2, 512, 16)),
            "tts_lm cache of 512 positions; this model takes 1 to 511",
        ),
        (
            changed("neg_tts_lm.last_hidden_state", lambda t: t[..., :32]),
            r"\[1, 1, 32\], the model a width of 64",
        ),
        (
            changed("neg_tts_lm.last_hidden_state", lambda t: t[:, :0]),
            "is empty",
        ),
        (changed("lm.key.0", poisoned(float("nan"))), r"lm\.key\.0 has values not finite"),
        (changed("tts_lm.value.3", poisoned(float("-inf"))), r"tts_lm\.value\.3 has values not"),
        (
            changed("neg_tts_lm.last_hidden_state", poisoned(float("inf"))),
            r"neg_tts_lm\.last_hidden_state has values not finite",
        ),
        (changed("lm.key.0", lambda t: t.to(torch.int32)), r"lm\.key\.0 is torch\.int32"),
    ],
)
def test_a_voice_that_does_not_fit_is_refused_by_what_differs(
    tmp_path: Path, tiny: ModelConfig, change: Callable[[Tensors], Tensors], sentence: str
) -> None:
    path = tmp_path / "voice.safetensors"
    tensors = voice_tensors(tiny)
    save_voice(tensors, path)
    load_voice(path, tiny, torch.float32)
    save_voice(change(tensors), path)
    with pytest.raises(UnavailableError, match=sentence) as caught:
        load_voice(path, tiny, torch.float32)
    assert str(path) in str(caught.value)


def test_the_longest_voice_that_leaves_a_position_loads(tmp_path: Path, tiny: ModelConfig) -> None:
    path = tmp_path / "voice.safetensors"
    save_voice(voice_tensors(tiny, positions=9), path)
    for positions, fits in ((9, False), (10, True)):
        config = replace(tiny, lm=replace(tiny.lm, max_positions=positions))
        if fits:
            assert load_voice(path, config, torch.float32).lm_kv.shape[3] == 9
        else:
            with pytest.raises(UnavailableError, match="takes 1 to 8"):
                load_voice(path, config, torch.float32)


def test_the_last_negative_position_is_the_first_condition(
    tmp_path: Path, tiny: ModelConfig
) -> None:
    path = tmp_path / "voice.safetensors"
    tensors = voice_tensors(tiny)
    for name, tensor in voice_tensors(tiny, positions=3).items():
        if name.startswith("tts_lm."):
            tensors[f"neg_{name}"] = tensor
    save_voice(tensors, path)
    voice = load_voice(path, tiny, torch.float32)
    assert voice.negative_kv.shape[3] == 3
    assert_holds(voice, tensors, tiny)


def test_a_value_too_large_for_float16_is_refused_there_only(
    tmp_path: Path, tiny: ModelConfig
) -> None:
    path = tmp_path / "voice.safetensors"
    save_voice(changed("lm.key.0", poisoned(1e30))(voice_tensors(tiny)), path)
    load_voice(path, tiny, torch.bfloat16)
    with pytest.raises(UnavailableError, match=r"lm\.key\.0 .* torch\.float16"):
        load_voice(path, tiny, torch.float16)


def test_pickles_of_other_things_are_not_voices(tmp_path: Path) -> None:
    path = tmp_path / "voice.pt"
    output = BaseModelOutputWithPast(last_hidden_state=torch.zeros(1, 1, 4), past_key_values=None)
    for content in (
        [1],
        {"lm": torch.zeros(1)},
        dict.fromkeys(("lm", "tts_lm", "neg_lm", "neg_tts_lm"), torch.zeros(1)),
        dict.fromkeys(("lm", "tts_lm", "neg_lm", "neg_tts_lm"), output),
    ):
        save_with_transformers(content, path)
        with pytest.raises(UnavailableError, match=f"{path} is not a voice"):
            read_voice_tensors(path)


def test_files_that_are_no_voices(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="it holds a tensor model"):
        read_voice_tensors(TINY / "model.safetensors")
    with pytest.raises(UnavailableError, match="there is no voice file"):
        read_voice_tensors(tmp_path / "none.pt")
    os.mkfifo(tmp_path / "fifo.pt")
    for path in (tmp_path, tmp_path / "fifo.pt", Path("/dev/null")):
        with pytest.raises(UnavailableError, match=f"the voice file {path} is not a regular file"):
            read_voice_tensors(path)
    with pytest.raises(UnavailableError, match=r"neither \.pt nor"):
        read_voice_tensors(TINY / "config.json")
    path = tmp_path / "voice.safetensors"
    path.write_bytes(b"")
    with pytest.raises(UnavailableError, match="not a readable safetensors file"):
        read_voice_tensors(path)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    names = (
        ("en-Davis_man.pt", "en-Davis_man.safetensors", "de-Spk0_man.pt", "de-Spk0_woman.pt"),
        ("en-Davis_man.pt", "sp-Spk1_man.pt", "Davis.pt", "notes.txt"),
    )
    made = []
    for folder, files in zip(("first", "second"), names, strict=True):
        made.append(tmp_path / folder)
        made[-1].mkdir()
        for name in files:
            (made[-1] / name).touch()
    (made[0] / "folder.pt").mkdir()
    return made


def test_voices_are_found_by_whole_name_then_short_name(folders: list[Path]) -> None:
    first, second = folders
    assert find_voice("en-Davis_man", folders) == first / "en-Davis_man.safetensors"
    assert find_voice("en-Davis_man", folders[::-1]) == second / "en-Davis_man.pt"
    assert find_voice("davis", folders) == first / "en-Davis_man.safetensors"
    assert find_voice("Davis", folders) == second / "Davis.pt"
    assert find_voice("SPK1", folders) == second / "sp-Spk1_man.pt"


def test_a_path_is_a_path(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = folders
    monkeypatch.chdir(first)
    assert find_voice("en-Davis_man.pt", []) == Path("en-Davis_man.pt")
    assert find_voice("../second/notes.txt", []) == Path("../second/notes.txt")
    for spec in ("sp-Spk1_man.pt", "./en-Davis_man", "x" * 300 + "/y.pt", "folder.pt"):
        with pytest.raises(UnavailableError, match="voice file"):
            find_voice(spec, folders)


def test_an_ambiguous_or_unknown_name_lists_what_there_is(folders: list[Path]) -> None:
    with pytest.raises(UnavailableError, match=r"de-Spk0_man or de-Spk0_woman in .*first"):
        find_voice("spk0", folders)
    with pytest.raises(UnavailableError) as caught:
        find_voice("nobody", folders)
    assert str(folders[1]) + " has Davis, en-Davis_man, sp-Spk1_man" in str(caught.value)
    with pytest.raises(UnavailableError, match=r"no voices are in .*none"):
        find_voice("", [Path("/none")])


def test_voices_are_listed_once_each_and_sorted(folders: list[Path]) -> None:
    first, second = folders
    assert list_voices([*folders, Path("/none")]) == [
        second / "Davis.pt",
        first / "de-Spk0_man.pt",
        first / "de-Spk0_woman.pt",
        first / "en-Davis_man.safetensors",
        second / "sp-Spk1_man.pt",
    ]


def test_the_models_folder_comes_before_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    users = tmp_path / "vvcli" / "voices"
    assert voice_folders(TINY) == [TINY / "voices", users]
    assert voice_folders() == [users]


def test_voices_list_prints_name_and_path(tmp_path: Path) -> None:
    run = CliRunner(env={"XDG_DATA_HOME": str(tmp_path), "VVCLI_MODEL": str(TINY)})
    lines = [f"{path.stem}\t{path}" for path in sorted((TINY / "voices").iterdir())]
    for arguments in (["list"], ["list", "-m", str(TINY)]):
        result = run.invoke(voices, arguments, catch_exceptions=False)
        assert result.stdout.splitlines() == lines
    result = run.invoke(voices, ["list", "--json"], catch_exceptions=False)
    rows = [dict(zip(("name", "path"), line.split("\t"), strict=True)) for line in lines]
    assert json.loads(result.stdout) == rows
    empty = run.invoke(voices, ["list", "-m", str(tmp_path)], catch_exceptions=False)
    assert empty.stdout == ""
    assert f"no voices in {tmp_path}" in empty.stderr


def test_voices_convert_keeps_the_content(tmp_path: Path) -> None:
    target = tmp_path / "ada.safetensors"
    run = CliRunner()
    before = os.umask(0o022)
    try:
        result = run.invoke(voices, ["convert", str(ADA), str(target)], catch_exceptions=False)
    finally:
        os.umask(before)
    assert (result.exit_code, result.stdout) == (0, "")
    assert_same(read_voice_tensors(target), read_voice_tensors(ADA))
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [target]


def test_voices_convert_overwrites_only_when_forced(tmp_path: Path) -> None:
    target = tmp_path / "ada.safetensors"
    target.write_bytes(b"precious")
    run = CliRunner()
    arguments = ["convert", str(ADA), str(target)]
    with pytest.raises(UsageError, match="is there already"):
        run.invoke(voices, arguments, catch_exceptions=False)
    assert target.read_bytes() == b"precious"
    other = tmp_path / "other"
    other.hardlink_to(target)
    run.invoke(voices, [*arguments, "--force"], catch_exceptions=False)
    assert_same(read_voice_tensors(target), read_voice_tensors(ADA))
    assert other.read_bytes() == b"precious"  # replaced by a new file, not written over
    with pytest.raises(UsageError, match=r"must end in \.safetensors"):
        run.invoke(voices, ["convert", str(ADA), str(tmp_path / "x.pt")], catch_exceptions=False)
