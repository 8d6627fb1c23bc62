"""`-q -v --progress` before the command, and -v wherever a command is."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from tests.cli.test_startup import commands
from tests.conftest import TINY, InProcess
from vvcli.cli import speak as speak_module
from vvcli.cli.main import vvcli as root

TRACEBACK = "\nTraceback (most recent call last):"


def leaves() -> list[list[str]]:
    """The words of every command that does something."""
    found = [
        path.split()[1:] for path, command in commands(root) if not isinstance(command, click.Group)
    ]
    assert ["voices", "list"] in found
    return found


@pytest.mark.parametrize("words", leaves(), ids=" ".join)
def test_every_command_takes_v(words: list[str]) -> None:
    command: click.Command = root
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    assert "-v" in {flag for each in command.params for flag in each.opts}


@pytest.mark.parametrize(
    "arguments",
    [
        ["-v", "speak", "-m", "/no", "Hello."],
        ["speak", "-m", "/no", "-v", "Hello."],
        ["speak", "-qv", "-m", "/no", "Hello."],
        ["-qv", "speak", "-m", "/no", "Hello."],
        ["voices", "list", "-m", "/no", "-v"],
        ["-v", "voices", "list", "-m", "/no"],
        ["models", "path", "--verbose", "/no"],
        ["-v", "batch", "/no", "-d", "/no"],
    ],
)
def test_v_shows_where_wherever_it_stands(vvcli: InProcess, arguments: list[str]) -> None:
    verbose = vvcli(*arguments)
    assert TRACEBACK in verbose.stderr
    without = [
        word.replace("v", "") if word[:2] in ("-v", "-q") else word
        for word in arguments
        if word not in ("-v", "--verbose")
    ]
    plain = vvcli(*without)
    assert plain.status == verbose.status
    assert verbose.stderr.startswith(plain.stderr.rstrip("\n") + TRACEBACK)


def test_v_is_known_before_the_config_file_is_read(
    vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("gap = ", encoding="utf-8")
    monkeypatch.setenv("VVCLI_CONFIG", str(tmp_path / "config.toml"))
    for arguments in (["-v", "speak", "Hello."], ["speak", "Hello.", "-v"]):
        assert TRACEBACK in vvcli(*arguments).stderr
    assert vvcli("speak", "--", "-v").error


def test_only_who_has_not_asked_is_told_to(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_options: object) -> None:
        raise ZeroDivisionError("nothing")

    monkeypatch.setattr(speak_module.speak, "callback", broken)
    monkeypatch.setattr(speak_module.speak, "params", [])
    plain, verbose = vvcli("speak"), vvcli("-v", "speak")
    assert plain.error == "internal error: ZeroDivisionError: nothing (-v shows where)"
    assert "-v shows where" not in verbose.stderr
    assert TRACEBACK in verbose.stderr


def test_one_place_speaks_of_internal_errors() -> None:
    sources = Path(speak_module.__file__).parents[1].rglob("*.py")
    found = [path.name for path in sources if "internal error:" in path.read_text(encoding="utf-8")]
    assert found == ["failures.py"]


@pytest.mark.slow
def test_q_and_progress_before_the_command(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*arguments: str) -> str:
        found = vvcli(*arguments, stdin=b"Yes.\n")
        assert found.status == 0
        return found.stderr

    speak = ["speak", "-m", str(TINY)]
    assert said(*speak).startswith("vvcli: ")
    assert said("-q", *speak) == ""
    assert said("--progress", "none", *speak) == ""
    monkeypatch.setenv("VVCLI_PROGRESS", "none")
    events = said("--progress", "json", *speak).splitlines()
    assert json.loads(events[-1])["event"] == "summary"
    assert said("--progress", "json", *speak, "--progress", "plain").startswith("vvcli: ")


def test_batch_takes_them_too(vvcli: InProcess, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Yes.\n", encoding="utf-8")
    found = vvcli("-q", "batch", tmp_path / "a.txt", "-d", tmp_path / "out", "-m", TINY)
    assert (found.status, found.stderr) == (0, "")
