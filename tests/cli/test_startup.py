"""Help and mistakes answer at once, without torch or numpy, which take long to import."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
import pytest

from tests import warm
from tests.conftest import TINY, InProcess
from vvcli import __version__
from vvcli.cli.main import COMMANDS
from vvcli.cli.main import vvcli as root

HEAVY = {"torch", "numpy", "tokenizers", "safetensors", "huggingface_hub", "rich", "soundfile"}

# Runs one command after the other, and says of each what it ended with, whether it has printed
# anything, and what is imported by then.
DRIVER = f"""
import contextlib, io, json, sys
from vvcli.cli.environment import Environment
from vvcli.cli.main import run
environment = Environment.claim()
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        status = run(arguments.split(), environment)
    print(json.dumps([arguments, status, bool(printed.getvalue()), *{HEAVY} & set(sys.modules)]))
"""


def reported(driver: str, lines: Sequence[str]) -> list[Any]:
    """What `driver` says of each command line, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", driver, json.dumps(lines)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("commands", "status"),
    [
        (
            [
                *("--help", "--version", "format --json -f opus", "-v --help", "speak --help-all"),
                *(f"{command} --help" for command in COMMANDS),
            ],
            0,
        ),
        (
            [
                *("", "sing", "speak --loud", "speak -m x -i /nowhere", "bench --streams 0"),
                "batch x -d o --name",
            ],
            2,
        ),
    ],
    ids=["helps", "mistakes"],
)
def test_nothing_heavy_is_imported(commands: list[str], status: int) -> None:
    found = reported(DRIVER, commands)
    assert found == [[arguments, status, status == 0] for arguments in commands]


def commands(group: click.Group, path: str = "vvcli") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def test_every_command_is_there() -> None:
    found = dict(commands(root))
    assert {f"vvcli {name}" for name in COMMANDS} <= set(found)
    assert "vvcli voices convert" in found


def test_every_command_and_option_has_help() -> None:
    for path, command in commands(root):
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.opts[0]}"
                assert parameter.help.endswith("."), f"{path} {parameter.opts[0]}"


def test_help_names_every_command(vvcli: InProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert vvcli("--help").status == 0
    text = capsys.readouterr().out
    for name, line in COMMANDS.items():
        assert name in text
        assert line in text


def test_a_command_that_is_not_there() -> None:
    assert root.get_command(click.Context(root), "os") is None


@pytest.mark.slow
@pytest.mark.parametrize("start", [subprocess.run, warm.run], ids=["cold", "warm"])
def test_the_module_is_the_command(start: Callable[..., Any]) -> None:
    def found(*arguments: str) -> tuple[int, str, bytes]:
        done = start([sys.executable, "-m", "vvcli", *arguments], capture_output=True)
        return done.returncode, done.stderr.decode(), done.stdout

    status, errors, version = found("--version")
    assert (status, errors) == (0, "")
    assert version.decode().strip().endswith(__version__)
    status, _, voices = found("voices", "list", "-m", str(TINY))
    assert status == 0
    assert [line.split(b"\t")[0] for line in voices.splitlines()] == [
        b"tiny-Ada_woman",
        b"tiny-Ben_man",
    ]
