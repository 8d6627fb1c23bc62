"""Help and mistakes answer at once; commands call what they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_startup import HEAVY, reported
from vvcli.voicelab import commands
from vvcli.voicelab.command_line import SHIPPED_ENCODER, parse
from vvcli.voicelab.settings import GROUPS

COMMANDS = (
    *("packages", "texts", "phonemes", "teach", "autoencoder", "decoder", "copy", "latents"),
    *("train", "export", "restore", "pack", "unpack", "lease", "judges", "recite", "evaluate"),
    "compare",
)
LINES = (
    *("--help", *(f"{command} --help" for command in COMMANDS)),
    *("", "sing", "train --loud", "lease --minutes x"),
)

# Runs one command line after the other, and says of each what it ended with, whether it has
# printed anything, and what is imported by then.
DRIVER = f"""
import contextlib, io, json, sys
from vvcli.voicelab.__main__ import main
for line in json.loads(sys.argv[1]):
    sys.argv[1:] = line.split()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            status = main()
        except SystemExit as error:
            status = error.code
    print(json.dumps([line, status, bool(printed.getvalue()), *{HEAVY} & set(sys.modules)]))
"""


@pytest.mark.slow
def test_nothing_heavy_is_imported() -> None:
    found = reported(DRIVER, LINES)
    helps = 1 + len(COMMANDS)
    assert found == [[line, 2 * (i >= helps), i < helps] for i, line in enumerate(LINES)]


@pytest.mark.parametrize(
    ("line", "function", "expected"),
    [
        ("pack --output parts", "pack", ["work", "parts", GROUPS]),
        ("pack --output parts heads copies", "pack", ["work", "parts", ["heads", "copies"]]),
        ("restore --model m", "restore", [None, "m", str(SHIPPED_ENCODER), "work"]),
        ("restore --model m --encoder e", "restore", [None, "m", "e", "work"]),
        ("recite --model m", "recite", [None, "m", "work", 200, "work/speech", "cpu", None]),
        (
            "recite --model m --speech s --steps 3",
            "recite",
            [None, "m", "work", 200, "s", "cpu", 3],
        ),
    ],
)
def test_a_command_is_a_call(
    line: str,
    function: str,
    expected: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(commands, function, lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(commands, "use", lambda _: None)
    monkeypatch.chdir(tmp_path)
    commands.run(parse(["--work", "work", "--device", "cpu", *line.split()]))
    ((*found,),) = calls
    shown = [str(each) if isinstance(each, Path) else each for each in found]
    assert [None if b is None else a for a, b in zip(shown, expected, strict=True)] == expected
