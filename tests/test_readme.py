"""The README's commands run, and print what it says they print."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warm
from tests.script.epubs import members, packed, page

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")

# (language, content, what the next block says is printed)
BLOCKS = [
    (language, content, output or None)
    for language, content, output in re.findall(
        r"^```(sh|python)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", TEXT, re.M | re.S
    )
]
LINES = [
    (line, output)
    for language, content, output in BLOCKS
    if language == "sh"
    for line in content.splitlines()
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands run: a script and a book."""
    (tmp_path / "script.txt").write_text("Good morning.\nHow are you?\n", encoding="utf-8")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "one.txt").write_text("It was late.\nIt rained.\n", encoding="utf-8")
    words = {"OEBPS/text/c1.xhtml": page("<h1>Loomings</h1><p>Call me Ishmael.</p>")}
    (tmp_path / "moby.epub").write_bytes(packed(members(3, 1) | words))
    return tmp_path


@pytest.fixture
def program(folder: Path) -> Path:
    """`vvcli`, found by the commands."""
    (folder / "bin").mkdir()
    return folder / "bin" / "vvcli"


@pytest.fixture
def fresh(program: Path) -> None:
    """It is one as pip installs it."""
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m vvcli "$@"\n')
    program.chmod(0o755)


@pytest.fixture
def quick(program: Path) -> Iterator[None]:
    """It has torch at once."""
    with warm.program(program):
        yield


def plain_environment() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("VVCLI_")}


def run(line: str, folder: Path) -> str:
    environment = plain_environment() | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def assert_like(printed: str, promised: str) -> None:
    """The same lines, where numbers may differ."""
    number = re.compile(r"\d+(?:[.:]\d+)*")
    # On a busy machine a line of progress comes between.
    printed = re.sub(r"vvcli: (starting, [\d.:]+ s|[\d.:]+ s audio in [^,\n]*)\n", "", printed)
    assert number.sub("N", printed) == number.sub("N", promised)


def test_the_blocks_are_found() -> None:
    assert len(LINES) >= 8
    assert sum(output is not None for _, output in LINES) == 2
    assert [language for language, _, _ in BLOCKS].count("python") == 1


@pytest.mark.slow
@pytest.mark.xdist_group("embedded")  # one process reads it
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("line", "output"), [(a, b) for a, b in LINES if "pip install" not in a])
def test_a_command_works_as_printed(line: str, output: str | None, folder: Path) -> None:
    for program in ("ffmpeg",):
        if program in line.split() and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    printed = run(line, folder)
    if output:
        *_, last = printed.splitlines()  # records made before are planned and not said again
        assert_like(last + "\n", output)


@pytest.mark.slow
@pytest.mark.usefixtures("fresh")
def test_the_first_command_speaks_as_printed(folder: Path) -> None:
    line, output = LINES[0]
    install, _, speak = line.rpartition(" && ")
    assert "pip install ." in install
    assert output is not None
    assert_like(run(speak.replace(".venv/bin/", ""), folder), output)
    assert (folder / "hello.wav").read_bytes()[:4] == b"RIFF"


def test_ci_runs_the_last_command() -> None:
    command, _ = LINES[-1]
    assert "pip install -e '.[dev]'" in command
    assert command.endswith("pytest -n auto")


@pytest.mark.slow
def test_the_python_example_runs(folder: Path) -> None:
    [code] = [content for language, content, _ in BLOCKS if language == "python"]
    warm.run([sys.executable, "-c", code], cwd=folder, env=plain_environment(), check=True)


HOW_TO = TEXT.partition("## How to")[2].partition("\n## ")[0]
ROOT = README.parent


def sources() -> str:
    """All Python text of the program and its tests."""
    files = [path for folder in ("vvcli", "tests") for path in (ROOT / folder).rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_how_to_names_files_that_are_there() -> None:
    named = {
        name for name in re.findall(r"`([\w/.-]+\.(?:py|1|toml))`", HOW_TO) if "NAME" not in name
    }
    paths = [str(path) for folder in ("vvcli", "[tm]*") for path in ROOT.glob(f"{folder}/**/*.*")]
    there = "\n".join([*paths, ""])
    assert len(named) >= 20
    assert [name for name in named if f"/{name}\n" not in there] == []


def test_how_to_names_functions_and_tables_that_are_there() -> None:
    named = set(re.findall(r"`([A-Za-z_]\w*)(?:\([^`]*\))?`", HOW_TO))
    own = {name for name in named if "_" in name or name.isupper() or name.istitle()}
    text = sources()
    known = re.compile(r"^\s*(?:def|class) (\w+)|^(\w+)(?:: [^=]+)? =", re.M)
    there = {name for found in known.findall(text) for name in found}
    made_up = {"NAME", "read_NAME", "f_kernel"}
    assert len(own) >= 20
    assert sorted(own - there - made_up) == []
