"""Against `vvcli serve` itself: the same bytes, and what is left when it dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TINY, InProcess
from tests.serve.server import Server, running

# `vvcli` that waits less long for a server to come back.
HASTY = """
from vvcli.client import exchange
from vvcli.cli.main import main
exchange.GONE = 0.5
main()
"""

MODEL = ["-m", str(TINY), "-V", "Ada", "--steps", "2", "--deterministic", "-j", "3"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("run")) as found:
        yield found


@pytest.fixture
def here(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(server.socket.parent))
    monkeypatch.setenv("VVCLI_CONFIG", os.devnull)
    return server


def manifest() -> bytes:
    """Records of many kinds; some blank, one that fails, some with settings of their own."""
    words = "The quick brown fox jumps over [[pause 30ms]] nginx. Then [[voice Ben]] it rests."
    lines: list[dict[str, object]] = []
    for index in range(16):
        line: dict[str, object] = {"text": " ".join(words.split()[: (5 * index % 13)])}
        if index % 3 == 1:
            line["speed"] = 1 if index % 2 else 0.6
        if index % 7 == 3:
            line["seed"] = index
        if index % 11 == 5:
            line |= {"voice": "Ben", "cfg_scale": 1.25, "silence_after": 0.01}
        if index == 12:
            line["voice"] = "Nobody"
        lines.append(line)
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["f32le", "s16le"])
def test_many_records_are_the_same_bytes(
    here: Server, vvcli: InProcess, tmp_path: Path, name: str
) -> None:
    """At any speed: where 16 bits are written, what is stretched was rounded before."""
    (tmp_path / "lexicon").write_text("nginx\tengine x\n")
    options = ["-f", name, "--speed", "1.25", "--jsonl", "--seed", "7", "--gap", "0.02"]
    found = []
    for mode in (["--server"], MODEL):
        cues, summary = tmp_path / "cues.jsonl", tmp_path / "summary.json"
        files = ["--lexicon", tmp_path / "lexicon", "--cues", cues, "--summary", summary]
        result = vvcli("speak", "-q", *mode, *options, *files, stdin=manifest())
        assert result.status == 3
        facts = json.loads(summary.read_text())
        names = (
            "records",
            "failed",
            "blank",
            "spoken_characters",
            "respelled",
            "samples",
            "clipped",
            "voice",
        )
        assert facts["records"] > 10
        figures = [facts[name] for name in names]
        found.append((result.stdout, cues.read_bytes(), figures, result.stderr.count("stdin:13")))
    assert found[0] == found[1]


@pytest.mark.slow
def test_a_loudness_is_the_same_bytes(here: Server, vvcli: InProcess, tmp_path: Path) -> None:
    pytest.importorskip("soxr")
    found = []
    for mode in (["--server"], MODEL):
        out = tmp_path / "out.wav"
        options = ["-q", "--seed", "42", "-V", "Ada", "--loudness", "-30", "-o", out]
        assert vvcli("speak", *mode, *options, "Hello there. Go on.").status == 0
        found.append(out.read_bytes())
    assert found[0] == found[1]


@pytest.mark.slow
def test_a_record_is_the_same_bytes(here: Server, vvcli: InProcess) -> None:
    voice = ["-V", "Ada", "--seed", "42"]
    resident = vvcli("speak", "-q", "--server", *voice, "Hello there.")  # 16-bit samples
    assert resident.status == 0
    assert resident.stdout == vvcli("speak", "-q", *MODEL, "--seed", "42", "Hello there.").stdout


@pytest.mark.slow
def test_a_server_that_is_killed(tmp_path: Path) -> None:
    """The record that was begun has failed, the others are not spoken: status 4, nothing twice."""
    script = tmp_path / "script.txt"
    script.write_text("The quick brown fox jumps over the lazy dog.\n" * 500)
    with running(tmp_path) as server:
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "VVCLI_CONFIG": os.devnull}
        with subprocess.Popen(
            [sys.executable, "-c", HASTY, "speak", "-q", "--server", "-i", str(script)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.read(2)
            server.signal(signal.SIGKILL)
            process.stdout.read()
            error = process.stderr.read().decode()
            assert process.wait(60) == 4
    assert error.splitlines()[-1].startswith("vvcli: the server at ")
    assert error.splitlines()[-1].split(": ")[1].endswith("vvcli.sock is gone")
