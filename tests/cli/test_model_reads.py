"""A command opens each file that describes its model once: it speaks with what it has checked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.conftest import TINY

# Every way to open a file raises this event: `open`, `os.open`, and those of C extensions that
# call either; the libraries in Rust read the weights alone.
DRIVER = """
import collections, json, os, sys
opened = collections.Counter()
def count(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        opened[os.fsdecode(arguments[0])] += 1
sys.addaudithook(count)
from vvcli.cli.environment import Environment
from vvcli.cli.main import run
status = run(sys.argv[1:], Environment.claim())
print(json.dumps([int(status), {os.path.basename(name): n for name, n in opened.items()
                                if name.endswith(".json") or "voices/" in name}]),
      file=sys.stderr)
"""

FILES = ("config.json", "tokenizer.json", "preprocessor_config.json")


def opened(*arguments: str, folder: Path) -> dict[str, int]:
    done = warm.run(
        [sys.executable, "-c", DRIVER, *arguments],
        input="Good morning.\nUnd 5 Äpfel.\n".encode(),
        capture_output=True,
        check=True,
        timeout=100,
        cwd=folder,
        env=os.environ | {"XDG_DATA_HOME": str(folder)},
    )
    status, counts = json.loads(done.stderr.splitlines()[-1])
    assert status == 0, done.stderr
    return {name: counts.get(name, 0) for name in FILES}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "tokenizers"),
    [
        ("speak -o out.wav", 1),
        ("speak -V Ben -o out.wav", 1),
        ("speak --dry-run", 1),
        ("speak --dialogue -o out.wav", 1),
        ("batch - -d out", 1),
        ("batch - -d out --dry-run", 1),
        ("batch - -d out --dialogue", 1),
        ("check --device cpu", 1),
        ("voices list", 0),
    ],
)
def test_each_file_of_a_model_is_opened_once(
    tmp_path: Path, arguments: str, tokenizers: int
) -> None:
    counts = opened(*arguments.split(), "-m", str(TINY), folder=tmp_path)
    described = min(tokenizers, 1)
    assert counts == dict(zip(FILES, (described, tokenizers, described), strict=True))
