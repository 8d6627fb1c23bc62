"""Names and texts of others, in every command, steer no terminal and forge no line of ours."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path

import pytest
from safetensors.torch import save_file

from tests.checkpoint.samples import ADA
from tests.conftest import TINY, InProcess
from vvcli.checkpoint.voices import read_voice_tensors

pytestmark = pytest.mark.usefixtures("one_step")

FORGED = "vvcli: all is well"
NAMES = {
    "escape": "a\x1b]0;owned\x07\x1b[2Jb",
    "newline": f"a\n{FORGED}",
    # C1, a return, a separator, bidirectional marks and deletions: none of them ends a name.
    "others": f"a\x9b2Jb\r{FORGED}\u2028{FORGED}\u202egnp.exe\u2066b\x7f\x08c",
    "surrogate": "a\udcff\udc9bb",
}

# `{}` is the name, `%` a folder in which files have it.
COMMANDS = [
    "speak -m {} Hello.",
    "speak -m TINY -V {} Hello.",
    "speak -m TINY -V %/{}.pt Hello.",
    "speak -m TINY -V %/{}.safetensors Hello.",
    "speak -m TINY -i %/missing{}",
    "speak -m TINY -i %/{}.txt",
    "speak -m TINY -i %/{}.txt --progress plain",
    "speak -m TINY -i %/{}.txt --progress json",
    "speak -m TINY -i %/{}.txt --dry-run",
    "speak -m TINY -i %/{}.jsonl --jsonl",
    "speak -m TINY -i %/{}.jsonl --jsonl --dry-run",
    "speak -m TINY -o %/missing/{}.wav Hello.",
    "speak -m TINY -o %/{} Hello.",
    "speak -m TINY -o %/o.wav --cues %/{}.xyz Hello.",
    "speak -m TINY -o %/o.wav --cues %/missing/{}.srt Hello.",
    "speak -m TINY -o %/o.wav --summary %/missing/{} Hello.",
    "speak -m TINY --summary {} -o - Hello.",
    "speak -m TINY --device {} Hello.",
    "speak -m TINY --seed {} Hello.",
    "speak -m TINY -f {} Hello.",
    "speak -m TINY -j {} Hello.",
    "speak --{} Hello.",
    "speak -v -m {} Hello.",
    "speak -m TINY -v -i %/missing{}",
    "batch %/{}.txt -d %/o -m TINY",
    "batch %/{}.txt -d %/o -m TINY --dry-run",
    "batch %/{}.txt -d %/o{} -m TINY --dry-run",
    "batch %/{}.jsonl -d %/o -m TINY --name {id}",
    "batch %/{}.jsonl -d %/o -m TINY --name {voice}",
    "batch %/{}.txt -d %/o -m TINY --name {}",
    "batch %/{}.txt -d %/{}.txt -m TINY",
    "batch %/missing{} -d %/o -m TINY",
    "batch % -d %/o -m TINY --dry-run",
    "voices list -m {}",
    "voices list -m %/model{}",
    "voices convert %/{}.pt %/{}.wav",
    "voices convert %/{}.pt %/o.safetensors",
    "voices convert %/{}.safetensors %/o.safetensors",
    "voices convert %/ada.pt %/{}.safetensors",
    "models path {}",
    "models pull {}",
    "check -m {}",
    "check -m %/model{} -V {}",
    "format -f {}",
    "format --{}",
    "completion {}",
    "bench --shape {}",
    "bench -m {}",
    "{}",
    "voices {}",
]


# Two kinds stand for all in the fast tests: what steers a terminal, and what forges a line.
FAST = {"escape", "newline"}


@pytest.fixture(
    params=[name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def name(request: pytest.FixtureRequest) -> str:
    return NAMES[request.param]


@pytest.fixture
def folder(tmp_path: Path, name: str) -> Path:
    """Files of that name with it in them, and a model of that name with such voices."""
    text = name.replace("\n", " ").encode("utf-8", "surrogatepass")
    (tmp_path / f"{name}.txt").write_bytes(b"Yes.\n" + text + b"\n\xff\n")
    values = [{"text": "Yes.", "id": name}, {"text": "No.", "voice": name}, {name: 1}]
    lines = "".join(json.dumps(value) + "\n" for value in values)
    (tmp_path / f"{name}.jsonl").write_text(lines)
    (tmp_path / f"{name}.pt").write_bytes(b"no voice")
    shutil.copy(ADA, tmp_path / "ada.pt")
    tensors = read_voice_tensors(ADA)
    word = name.encode("utf-8", "replace").decode()
    save_file({word: tensors["lm.key.0"].clone(), **tensors}, tmp_path / f"{name}.safetensors")
    model = tmp_path / f"model{name}"
    (model / "voices").mkdir(parents=True)
    for file in ("config.json", "preprocessor_config.json", "tokenizer.json"):
        shutil.copy(TINY / file, model)
    (model / "model.safetensors").symlink_to(TINY / "model.safetensors")
    shutil.copy(ADA, model / "voices" / f"{name}.pt")
    return tmp_path


def check_shown(shown: str) -> None:
    for line in shown.split("\n"):
        assert line != FORGED
        for character in line.replace("\t", " "):
            category = unicodedata.category(character)
            assert category not in ("Cc", "Cs", "Zl", "Zp"), repr(line)
            assert category != "Cf", repr(line)
    assert "internal error" not in shown


@pytest.mark.slow
def test_no_command_passes_them_on(
    vvcli: InProcess,
    folder: Path,
    name: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(folder)  # where some of them write
    for command in COMMANDS:
        filled = [word.replace("{}", name).replace("%", str(folder)) for word in command.split(" ")]
        words = [str(TINY) if word == "TINY" else word for word in filled]
        result = vvcli(*words)
        captured = capfd.readouterr()
        check_shown(result.stderr)
        check_shown(captured.err)
        check_shown(captured.out)
        assert result.status in range(6), command


@pytest.mark.parametrize("text", ["voice = {}", "{} = 1", "[{}]\na = 1", "[speak]\nseed = {}"])
def test_the_config_file_neither(
    vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    if "\udcff" in name:
        pytest.skip("TOML is UTF-8")
    path = tmp_path / f"config{name}"
    path.write_text(text.replace("{}", json.dumps(name)), encoding="utf-8")
    monkeypatch.setenv("VVCLI_CONFIG", str(path))
    result = vvcli("speak", "-m", TINY, "Yes.")
    assert result.status in (2, 4)
    check_shown(result.stderr)


@pytest.mark.parametrize(
    "variable", ["MODEL", "VOICE", "SEED", "GAP", "STREAMS", "FORMAT", "CONFIG"]
)
def test_a_variable_neither(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    monkeypatch.setenv("VVCLI_MODEL", str(TINY))
    monkeypatch.setenv(f"VVCLI_{variable}", name)
    result = vvcli("speak", "Yes.")
    assert result.status in ((0,) if variable == "CONFIG" else (2, 4))
    check_shown(result.stderr)


def test_a_voice_of_such_a_name_can_be_used(
    vvcli: InProcess, folder: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = folder / f"model{name}"
    assert vvcli("voices", "list", "-m", model, "--json").status == 0
    (listed,) = json.loads(capfd.readouterr().out)
    assert listed["name"] == name
    if "\udcff" in name:
        pytest.skip("safetensors opens no path that is not UTF-8")
    result = vvcli("speak", "-m", model, "-V", name, "Yes.")
    assert result.status == 0
    assert result.stdout
    check_shown(result.stderr)


def test_a_program_gets_the_path_as_it_is(
    vvcli: InProcess, folder: Path, name: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    model = folder / f"model{name}"
    assert vvcli("models", "path", model).status == 0
    assert capfdbinary.readouterr().out == str(model).encode("utf-8", "surrogateescape") + b"\n"
