from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from vvcli.audio.format_hint import TOOLS, describe, hint, reads
from vvcli.audio.formats import FORMATS
from vvcli.cli import format as format_module
from vvcli.errors import UsageError


def printed(*arguments: str) -> str:
    result = invoked(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(format_module.format, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("--ffmpeg", "-f s16le -ar 24000 -ac 1"),
        ("--ffmpeg -f f32le -r 44100", "-f f32le -ar 44100 -ac 1"),
        ("--ffmpeg -f opus", "-f ogg"),
        ("--aplay", "-t raw -f S16_LE -r 24000 -c 1"),
        ("--aplay -f f32le -r 12345", "-t raw -f FLOAT_LE -r 12345 -c 1"),
        ("--aplay -f wav", "-t wav"),
        ("--sox", "-t raw -e signed-integer -b 16 -L -r 24000 -c 1"),
        ("--sox -f mp3", "-t mp3"),
        ("--sox -f wav", "-t wav --ignore-length"),
        ("--sox -f ogg", "-t opus"),
        ("--ffplay", "-nodisp -autoexit -f s16le -sample_rate 24000"),
        ("--ffplay -f opus", "-nodisp -autoexit -f ogg"),
        ("--pacat -r 8000", "--format=s16le --rate=8000 --channels=1"),
        ("--pacat -f f32le", "--format=float32le --rate=24000 --channels=1"),
        ("--pw-play", "--raw --format s16 --rate 24000 --channels 1"),
        (
            "--mpv -f f32le",
            "--demuxer=rawaudio --demuxer-rawaudio-format=floatle "
            "--demuxer-rawaudio-rate=24000 --demuxer-rawaudio-channels=1",
        ),
        ("--mpv -f flac", "--demuxer-lavf-format=flac"),
    ],
)
def test_options(arguments: str, options: str) -> None:
    assert printed(*arguments.split()) == f"{options}\n"


@pytest.mark.parametrize("name", FORMATS)
def test_json_and_the_overview_hold_everything(name: str) -> None:
    told = json.loads(printed("--json", "-f", name, "-r", "48000"))
    assert told == describe(name, 48000)
    assert (told["format"], told["rate"], told["channels"]) == (name, 48000, 1)
    tools = [tool for tool in TOOLS if reads(tool, name)]
    first, *lines = printed("-f", name, "-r", "48000").splitlines()
    assert first == f"{name}: {FORMATS[name].description}, 48000 Hz, mono"
    for tool, line in zip(tools, lines, strict=True):
        assert told[tool] == hint(tool, name, 48000)
        assert line.split() == [tool, *told[tool]]


@pytest.mark.parametrize("arguments", ["", "--json", "--ffmpeg"])
def test_a_rate_the_format_cannot_hold(arguments: str) -> None:
    error = invoked("-f", "opus", "-r", "44100", *arguments.split()).exception
    assert isinstance(error, UsageError)
    assert "16000, 24000, 48000" in str(error)


def test_what_aplay_cannot_read() -> None:
    error = invoked("-f", "mp3", "--aplay").exception
    assert isinstance(error, UsageError)
    assert str(error) == "aplay cannot read mp3 from a pipe, only s16le or f32le or wav or au"


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, vvcli.cli.format; print({'numpy', 'soundfile', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"set()\n"
