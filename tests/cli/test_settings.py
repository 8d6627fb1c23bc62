"""Flag over environment over config file over default; and what shells complete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import TINY, InProcess
from vvcli.cli.completion import answer
from vvcli.cli.main import vvcli as command


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("VVCLI_CONFIG", str(path))
    return path


@pytest.mark.slow
def test_flag_over_environment_over_config_over_default(
    vvcli: InProcess, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def length(*arguments: str) -> int:
        found = vvcli("speak", "-q", "-m", TINY, *arguments, stdin=b"Yes.\nYes.\n")
        assert found.status == 0, found.stderr
        return len(found.stdout)

    default = length()
    config.write_text("[speak]\ngap = 0.5\n", encoding="utf-8")
    assert length() - default == round(0.3 * 48_000)
    monkeypatch.setenv("VVCLI_GAP", "0.4")
    assert length() - default == round(0.2 * 48_000)
    assert length("--gap", "0.3") - default == round(0.1 * 48_000)


@pytest.mark.slow
def test_a_key_at_the_top_is_for_every_command_that_has_the_option(
    vvcli: InProcess, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VVCLI_MODEL", raising=False)
    config.write_text(f'model = "{TINY}"\nvoice = "Ben"\n', encoding="utf-8")
    found = vvcli("speak", "Yes.")
    assert found.status == 0
    assert "tiny-Ben_man" in found.stderr


def test_format_describes_what_speak_is_set_to_write(
    vvcli: InProcess, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def described() -> tuple[str, int]:
        found = vvcli("format", "--json")
        assert found.status == 0, found.stderr
        answer = json.loads(capsys.readouterr().out)
        return answer["format"], answer["rate"]

    config.write_text('[speak]\nformat = "f32le"\nrate = 16000\ngap = 1\n', encoding="utf-8")
    assert described() == ("f32le", 16000)
    with config.open("a", encoding="utf-8") as file:
        file.write('[format]\nformat = "wav"\n')
    assert described() == ("wav", 16000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gap = ", "is not TOML"),
        ("[speak]\nvioce = 'Ben'\n", "speak has no option 'vioce'"),
        ("[talk]\ngap = 1\n", "'talk' is neither a command nor an option"),
        ("speak = 5\n", "speak must be a table: write [speak]"),
        ("vioce = 'Ben'\n", "'vioce' is neither a command nor an option"),
    ],
)
def test_a_wrong_config_file_is_named(
    vvcli: InProcess, config: Path, text: str, message: str
) -> None:
    config.write_text(text, encoding="utf-8")
    found = vvcli("speak", "-m", TINY, "Yes.")
    assert found.status == 2
    assert message in found.error
    assert str(config) in found.error
    assert vvcli("--help").status == 0


def test_a_value_of_the_wrong_kind_is_no_internal_error(vvcli: InProcess, config: Path) -> None:
    config.write_text("[speak]\ninput = 5\n", encoding="utf-8")
    found = vvcli("speak", "-m", TINY, "Yes.")
    assert found.status == 2
    assert "input" in found.error


def completions(*words: str) -> list[str]:
    return answer(command, "fish", list(words)).splitlines()


def test_commands_options_and_voices_are_completed() -> None:
    assert completions("sp") == ["speak\tSpeak text as one audio stream."]
    assert any(line.startswith("--cfg-scale\t") for line in completions("speak", "--c"))
    assert completions("speak", "-m", str(TINY), "-V", "tiny-B") == ["tiny-Ben_man"]
    assert completions("speak", "-m", "/nowhere", "-V", "tiny-B") == []


def test_check_says_what_works_and_what_does_not(
    vvcli: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vvcli("check", "-m", TINY).status == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "libraries", "device", "model", "voices", "speech",
    ]  # fmt: skip
    assert all(" ok " in line for line in lines)
    assert vvcli("check", "-m", TINY.parent).status == 4
    last = capsys.readouterr().out.splitlines()[-1]
    assert "FAILED" in last
    assert "no config.json" in last


@pytest.mark.slow
def test_a_suffix_says_more_than_the_environment_and_less_than_the_flag(
    vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VVCLI_FORMAT", "flac")
    for name, arguments, start in (
        ("a.wav", [], b"RIFF"),
        ("plain", ["-f", "wav"], b"RIFF"),
        ("a.WAV", ["-f", "wav"], b"RIFF"),
    ):
        path = tmp_path / name
        assert vvcli("speak", "-q", "-m", TINY, "-o", path, *arguments, "Yes.").status == 0
        assert path.read_bytes()[:4] == start
    (tmp_path / "plain").unlink()
    assert vvcli("speak", "-q", "-m", TINY, "-o", tmp_path / "plain", "Yes.").status == 0
    assert (tmp_path / "plain").read_bytes()[:4] == b"fLaC"


@pytest.mark.slow
def test_a_model_in_the_config_file_does_not_keep_bench_from_a_shape(
    vvcli: InProcess, config: Path
) -> None:
    config.write_text(f'model = "{TINY}"\n', encoding="utf-8")
    arguments = ["--streams", "1", "--frames", "1", "--device", "cpu"]
    assert vvcli("bench", "--shape", "tiny", *arguments).status == 0
    found = vvcli("bench", "--shape", "tiny", "-m", TINY)
    assert found.status == 2
    assert "not both" in found.error
