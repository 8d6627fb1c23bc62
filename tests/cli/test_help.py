"""What a newcomer reads first, and what they type by mistake."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli.test_startup import commands
from tests.conftest import TINY, InProcess
from vvcli.audio.formats import FORMATS, MAX_RATE, MIN_RATE
from vvcli.cli.help_groups import COMMON, GROUPS
from vvcli.cli.main import COMMANDS
from vvcli.cli.main import vvcli as root
from vvcli.cli.types import Number


def help_of(*words: str) -> str:
    context = root.make_context("vvcli", [*words], resilient_parsing=True)
    command: click.Command = root
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        command = found
        context = click.Context(command, context, info_name=word)
    return command.get_help(context)


def test_no_example_needs_what_has_a_default() -> None:
    for path, _ in commands(root):
        for line in help_of(*path.split()[1:]).splitlines():
            assert not re.search(r"vvcli \w+ .*-m MODEL", line), path
    assert "-m MODEL" not in help_of()


def test_every_number_says_its_range() -> None:
    for path, command in commands(root):
        for option in command.params:
            if not isinstance(option.type, Number) or not isinstance(option, click.Option):
                continue
            assert option.help
            assert option.metavar, f"{path} {option.opts[0]}"
    for command_name in ("speak", "batch", "format"):
        text = " ".join(help_of(command_name).split())
        assert f"{MIN_RATE} to {MAX_RATE}" in text
        assert "x>=1" not in text


@pytest.mark.parametrize("name", ["speak", "batch"])
def test_help_is_short_and_help_all_has_every_option_once(name: str) -> None:
    (command,) = [found for path, found in commands(root) if path == f"vvcli {name}"]
    context = click.Context(command, help_option_names=["-h", "--help"])
    command._help_option = None  # click keeps the first one it made
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    names = [_first(option.opts) for option in options]
    shown = {
        flag: [_first(line.split("  ")[1].split(", ")) for line in _options(text)]
        for flag in ("-h", "--help", "--help-all")
        if (text := CliRunner().invoke(root, [name, flag]).output)
    }
    assert sorted(shown["--help-all"]) == sorted(names)
    assert {*shown["--help"]} < {*shown["--help-all"]}
    assert len(shown["--help"]) <= 16
    assert shown["-h"] == shown["--help"]
    assert {_first(option.opts) for option in options if option.required} <= {*shown["--help"]}


def _options(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[:3] == "  -"]


def _first(flags: list[str]) -> str:
    """The first of the flags of an option; older clicks give those of help in any order."""
    return "--help" if "--help" in flags else flags[0].split()[0]


def test_every_name_of_a_group_is_an_option_and_stands_once() -> None:
    names = [name for group in GROUPS.values() for name in group]
    assert len(names) == len({*names})
    assert {*names} >= COMMON
    known = {str(p.name) for path, found in commands(root) for p in found.params}
    assert {*names} <= known | {"help", "help_all"}


def test_the_root_says_where_more_is() -> None:
    text = " ".join(help_of().split())
    assert "`vvcli COMMAND --help`" in text
    assert "man vvcli" in text
    assert set(COMMANDS) <= set(text.split())


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["speak", "--voice"], "speak"),
        (["speak", "--no-such"], "speak"),
        (["speak", "-f", "mp4", "A."], "speak"),
        (["batch"], "batch"),
        (["batch", "x", "-d"], "batch"),
        (["voices", "list", "-m"], "voices list"),
        (["voices", "convert", "one"], "voices convert"),
        (["models", "pul"], "models"),
        (["bench", "--steps"], "bench"),
        (["bench", "load", "--rate"], "bench load"),
        (["-q", "--progress", "json", "speak", "--voice"], "speak"),
    ],
)
def test_a_mistake_points_to_the_help_of_its_command(
    vvcli: InProcess, arguments: list[str], path: str
) -> None:
    found = vvcli(*arguments)
    assert found.status == 2
    assert found.error.endswith(f": see `vvcli {path} --help`")


@pytest.mark.parametrize(
    ("name", "given", "fine"),
    [
        ("a.wav", "mp3", False),
        ("a.mp3", "wav", False),
        ("a.opus", "mp3", False),
        ("a.wav", "s16le", False),
        ("a.pcm", "wav", False),
        ("a.wav", "wav", True),
        ("a.ogg", "opus", True),
        ("a.ogg", "ogg", True),
        ("a.pcm", "f32le", True),
        ("a.raw", "f32le", True),
        ("a", "wav", True),
        ("a.xyz", "wav", True),
    ],
)
def test_a_name_and_a_format_that_contradict(
    vvcli: InProcess, tmp_path: Path, name: str, given: str, fine: bool
) -> None:
    out = tmp_path / name
    found = vvcli("speak", "-q", "-m", TINY, "-o", out, "-f", given, "Yes.")
    if fine:
        assert found.status == 0
        assert out.stat().st_size
    else:
        assert found.status == 2
        assert f"and -f says {given}" in found.error
        assert not out.exists()


@pytest.mark.parametrize("command", ["speak", "batch", "format"])
@pytest.mark.parametrize("alias", ["ogg", "OGG", "pcm"])
def test_a_suffix_is_a_format(command: str, alias: str) -> None:
    found = root.get_command(click.Context(root), command)
    assert found is not None
    (option,) = [each for each in found.params if "--format" in each.opts]
    expected = {"ogg": "opus", "pcm": "s16le"}[alias.lower()]
    assert option.type.convert(alias, option, None) == expected
    for name in FORMATS:
        assert option.type.convert(name, option, None) == name


def free_strings() -> list[tuple[str, str]]:
    """Every option that takes a word of the user's own, with its command."""
    return [
        (path, option.opts[-1])
        for path, command in commands(root)
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag and option.flag_value is None
    ]


@pytest.mark.parametrize(("path", "option"), free_strings())
def test_the_empty_string_is_no_value(vvcli: InProcess, path: str, option: str) -> None:
    needed = {"vvcli batch": ["x", "-d", "out"]}.get(path, [])
    found = vvcli(*path.split()[1:], *needed, option, "")
    assert found.status == 2
    assert option in found.error


@pytest.mark.parametrize(
    "arguments",
    [
        ["batch", "", "-d", "out"],
        ["models", "path", ""],
        ["models", "pull", ""],
        ["voices", "convert", "", "a.safetensors"],
        ["voices", "convert", "a.pt", ""],
        ["completion", ""],
    ],
)
def test_the_empty_string_is_no_argument(vvcli: InProcess, arguments: list[str]) -> None:
    assert vvcli(*arguments).status == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("spek", "No such command 'spek' (did you mean 'speak'?): see `vvcli --help`"),
        ("sing", "No such command 'sing': see `vvcli --help`"),
    ],
)
def test_a_wrong_command_is_told_from_the_nearest_one(
    vvcli: InProcess, name: str, sentence: str
) -> None:
    assert vvcli(name).error == sentence
