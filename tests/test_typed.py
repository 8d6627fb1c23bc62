"""What a user's type checker, and a user who reads, is told of the package."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import vvcli
from tests import warm
from vvcli import Chunk, Record, Utterance

USERS = """
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vvcli import Chunk, Record, Status, Synthesizer, Utterance


def spoken(lines: list[str | Record]) -> Iterator[NDArray[np.float32 | np.int16]]:
    synthesizer = Synthesizer("embedded", voice="clara", streams=2)
    for utterance in synthesizer.speak(lines):
        if utterance.status is Status.OK:
            yield utterance.samples


def last(utterance: Utterance, chunk: Chunk) -> str:
    return utterance.error or chunk.error or utterance.record.text
"""

MISTAKES = """
from vvcli import Record, Synthesizer

Synthesizer("embedded", voyce="clara")
text: int = Record(0, "Hello.").text
"""


@pytest.mark.slow
def test_a_users_file_is_checked_strictly(tmp_path: Path) -> None:
    """In a folder of its own, so that the package is what is installed, marked by py.typed."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    assert (files("vvcli") / "py.typed").is_file()
    (tmp_path / "good.py").write_text(USERS, encoding="utf-8")
    (tmp_path / "bad.py").write_text(MISTAKES, encoding="utf-8")
    # All of these take a quarter of a minute, and users see none of them.
    others = ["click", "huggingface_hub", "markdown_it", "mdurl", "platformdirs", "rich"]
    others += ["tokenizers", "torch"]
    rooms = [f"vvcli.{room}" for room in ("audio", "batch", "engine", "model")]
    unseen = ",".join(f"{name}.*" for name in others + rooms)
    (tmp_path / "mypy.ini").write_text(f"[mypy]\n[mypy-{unseen}]\nfollow_imports = skip\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-color-output"]
    options = ["--cache-dir", str(tmp_path / "cache"), "good.py", "bad.py"]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    found = re.findall(r"^(\S+?):(\d+): error", done.stdout, re.M)
    assert found == [("bad.py", "4"), ("bad.py", "5")], done.stdout + done.stderr


@pytest.mark.parametrize("kind", [Chunk, Record, Utterance])
def test_every_field_has_a_word(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    described = re.findall(r"^ {8}(\w+): \S", kind.__doc__ or "", re.M)
    assert described == [field.name for field in dataclasses.fields(kind)]


@pytest.mark.slow
def test_the_example_of_the_package_runs() -> None:
    example = (vvcli.__doc__ or "").partition("\n\n")[2]
    assert "embedded" in example
    done = warm.run(
        [sys.executable, "-c", example],
        env={name: text for name, text in os.environ.items() if not name.startswith("VVCLI_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" seconds\n")
