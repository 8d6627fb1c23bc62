"""`vvcli speak --server`: what a user types, and what it costs."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import threading
import wave
from contextlib import suppress
from pathlib import Path

import pytest

from tests.client.fake_server import FakeServer, Peer, audio_of, frame
from tests.conftest import TINY, InProcess, Result
from vvcli.cli.environment import Environment
from vvcli.client import connection

LINES = b"One.\nTwo.\n\nFour.\n"


def line(index: int) -> bytes:
    return audio_of({"record_index": index, "response_format": "pcm"})


GAP = bytes(2 * 4800)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> FakeServer:
    """A server at the usual place."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(server.path.parent))
    server.path.rename(server.path.parent / "vvcli.sock")
    monkeypatch.setenv("VVCLI_CONFIG", os.devnull)
    return server


@pytest.fixture
def config(here: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("VVCLI_CONFIG", str(path))
    return path


def test_records_are_spoken_in_order(here: FakeServer, vvcli: InProcess) -> None:
    result = vvcli("speak", "--server", stdin=LINES)
    assert result.status == 0
    assert result.stdout == line(0) + GAP + line(1) + GAP + line(3)
    first, last = result.stderr.splitlines()
    path = here.path.parent / "vvcli.sock"
    assert first == (
        f"vvcli: en-Ada_woman, s16le, 24000 Hz, mono, 3 streams on cpu, through {path}"
    )
    assert last.startswith("vvcli: 3 records, ")


def test_options_of_records_reach_the_server(
    here: FakeServer, vvcli: InProcess, tmp_path: Path
) -> None:
    (tmp_path / "lexicon").write_text("nginx\tengine x\n")
    record = {"text": "Run nginx.", "seed": 5, "cfg_scale": 2, "voice": "Ben", "silence_after": 1}
    record["speed"] = 0.75
    options = ["--jsonl", "--seed", "9", "--lexicon", str(tmp_path / "lexicon"), "--no-commands"]
    options += ["--language", "en-GB", "--split", "none", "--cfg-scale", "3", "-V", "ada"]
    options += ["--speed", "1.5"]
    stdin = (json.dumps(record) + '\n{"text": "Hi."}\n').encode()
    result = vvcli("speak", "--server", *options, stdin=stdin)
    assert result.status == 0
    assert result.stdout == line(0) + bytes(48_000) + line(1)
    shared = {"commands": False, "language": "en-GB", "split": False}
    shared |= {"stream_format": "frames", "response_format": "pcm"}
    by_text = {request["input"]: request for request in here.requests}
    assert by_text == {
        "Run engine x.": {
            **{"input": "Run engine x.", "seed": 5, "cfg_scale": 2, "voice": "Ben"},
            **{"source": "stdin:1", "speed": 0.75, **shared},
        },
        "Hi.": {
            **{"input": "Hi.", "seed": 9, "record_index": 1, "cfg_scale": 3, "voice": "ada"},
            **{"source": "stdin:2", "speed": 1.5, **shared},
        },
    }


def test_files_cues_and_summary(here: FakeServer, vvcli: InProcess, tmp_path: Path) -> None:
    out, cues, summary = (tmp_path / name for name in ("o.wav", "c.jsonl", "s.json"))
    files = ["-o", out, "--cues", cues, "--summary", summary]
    assert vvcli("speak", "-q", "--server", *files, stdin=LINES).status == 0
    with wave.open(str(out)) as file:
        assert file.readframes(10**6) == line(0) + GAP + line(1) + GAP + line(3)
    starts = [json.loads(cue)["start_sample"] for cue in cues.read_text().splitlines()]
    assert starts == [0, 4808, 9616]
    found = json.loads(summary.read_text())
    facts = {"records": 3, "blank": 1, "model": "tiny", "voice": "en-Ada_woman", "device": "cpu"}
    assert found.items() >= facts.items()
    assert found["server"] == str(here.path.parent / "vvcli.sock")


@pytest.mark.parametrize(("name", "rate"), [("f32le", 24000), ("au", 24000), ("s16le", 48000)])
def test_formats(here: FakeServer, vvcli: InProcess, name: str, rate: int) -> None:
    result = vvcli("speak", "-q", "--server", "-f", name, "-r", str(rate), "One.")
    assert result.status == 0
    expected = {"f32le": 32, "au": 28 + 16, "s16le": 32}[name]
    assert len(result.stdout) == expected
    wanted = "pcm" if name == "au" else "f32le"
    assert here.requests[0]["response_format"] == wanted


def test_speech_that_is_brought_to_a_loudness(
    here: FakeServer, vvcli: InProcess, tmp_path: Path
) -> None:
    pytest.importorskip("soxr")
    out = tmp_path / "o.wav"
    assert vvcli("speak", "-q", "--server", "--loudness", "-20", "-o", out, "One.").status == 0
    with wave.open(str(out)) as file:
        assert file.getnframes() == 8
    assert here.requests[0]["response_format"] == "f32le"


@pytest.mark.parametrize("name", ["s16le", "f32le"])
def test_speech_that_is_played(
    here: FakeServer,
    vvcli: InProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """The player hears samples of 16 bits, whatever is written."""
    player = tmp_path / "bin" / "pw-play"
    player.parent.mkdir()
    player.write_text(f"#!/bin/sh\nexec cat > '{tmp_path}/heard'\n")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{player.parent}:{os.environ['PATH']}")
    heard = {"s16le": line(0), "f32le": struct.pack("<h", round(0.001 * 32767)) * 8}
    written = audio_of({"response_format": "pcm" if name == "s16le" else "f32le"})
    result = vvcli("speak", "-q", "--server", "--play", "-f", name, "-o", "-", "One.")
    assert (result.status, result.stdout) == (0, written)
    assert (tmp_path / "heard").read_bytes() == heard[name]
    assert vvcli("speak", "-q", "--server", "--play", "One.").status == 0
    assert (tmp_path / "heard").read_bytes() == line(0)


def test_statuses(here: FakeServer, vvcli: InProcess) -> None:
    def answer(peer, request):  # type: ignore[no-untyped-def]
        if request["input"] == "Bad.":
            peer.speak(request, 0, status="failed", error="stdin:1: no words")
        else:
            peer.speak(request)

    here.answer = answer
    some = vvcli("speak", "-q", "--server", stdin=b"Bad.\nGood.\n")
    assert (some.status, some.error) == (3, "stdin:1: no words")
    assert some.stdout == line(1)
    assert vvcli("speak", "-q", "--server", "Bad.").status == 1
    stopped = vvcli("speak", "-q", "--server", "--on-error", "stop", stdin=b"Bad.\nGood.\n")
    assert (stopped.status, stopped.stdout) == (1, b"")
    here.answer = lambda peer, request: peer.refuse(403, "not you")
    gone = vvcli("speak", "-q", "--server", "Good.")
    assert gone.status == 4
    assert gone.error.endswith("lets nobody in: not you")


def test_another_version_is_unavailable(here: FakeServer, vvcli: InProcess) -> None:
    here.facts["version"] = "0.0.1"
    result = vvcli("speak", "--server", "One.")
    assert result.status == 4
    assert "is vvcli 0.0.1" in result.error


def test_a_server_that_is_late_is_waited_for(
    here: FakeServer, vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.01)
    said: list[str] = []
    has_said = threading.Event()

    def say(_: Environment, text: str) -> None:
        said.append(text)
        has_said.set()

    def answer(peer: Peer) -> None:
        assert has_said.wait(60)
        peer.json(200, here.facts)

    monkeypatch.setattr(Environment, "say", say)
    here.handshake = answer
    result = vvcli("speak", "--server", "One.")
    assert (result.status, result.stdout) == (0, line(0))
    path = here.path.parent / "vvcli.sock"
    assert said[0] == f"waiting for the server at {path}: it may be loading its model"
    here.handshake = None
    assert vvcli("speak", "-q", "--server", "One.").stdout == line(0)


def test_no_server_is_unavailable(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    result = vvcli("speak", "--server", "One.")
    assert result.status == 4
    assert result.error == (
        f"no server answers at {tmp_path}/vvcli.sock: No such file or directory: "
        "start `vvcli serve`, or leave out --server"
    )
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert vvcli("speak", "--server", "One.").status == 2
    assert vvcli("speak", "--server-address", "nowhere", "One.").status == 2


def test_an_address_that_is_typed_is_used(
    server: FakeServer, vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vvcli("speak", "-q", "--server-address", server.path, "One.").stdout == line(0)
    monkeypatch.setenv("VVCLI_SERVER", str(server.path))
    assert vvcli("speak", "-q", "--server", "One.").stdout == line(0)


def test_a_token_file_has_to_be_right(here: FakeServer, vvcli: InProcess, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("0123456789abcdef")
    path.chmod(0o644)
    assert vvcli("speak", "-q", "--server", "--token-file", path, "One.").status == 2
    path.chmod(0o600)
    assert vvcli("speak", "-q", "--server", "--token-file", path, "One.").status == 0
    assert here.headers[-1]["authorization"] == "Bearer 0123456789abcdef"


OF_THE_MODEL = [
    *(["-m", str(TINY)], ["--device", "cpu"], ["--dtype", "float32"], ["--steps", "3"]),
    *(["--deterministic"], ["--require-graphs"], ["-V", "./x.pt"], ["--dry-run"]),
    *(["--device", "cuda:0,1"], ["--workers", "2"], ["--retry", "1"], ["--cue-by", "sentence"]),
]


@pytest.mark.parametrize("options", OF_THE_MODEL, ids=lambda options: "".join(options))
def test_options_of_the_model_are_the_servers(
    here: FakeServer, vvcli: InProcess, options: list[str]
) -> None:
    for server in (["--server"], ["--server-address", "/x"]):
        result = vvcli("speak", *server, *options, "One.")
        assert result.status == 2
        assert result.error.startswith("--server and --")


def test_options_of_the_model_from_elsewhere_are_ignored(
    config: Path, vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(
        'model = "nowhere"\ndevice = "cuda:9"\n[speak]\nvoice = "./x.pt"\nretry = 3\n'
    )
    monkeypatch.setenv("VVCLI_STEPS", "7")
    monkeypatch.setenv("VVCLI_WORKERS", "4")
    as_usual = ["--retry", "0", "--cue-by", "record"]
    assert vvcli("speak", "-q", "--server", "One.").stdout == line(0)
    monkeypatch.delenv("VVCLI_WORKERS")
    config.write_text("")
    assert vvcli("speak", "-q", "--server", *as_usual, "One.").stdout == line(0)


@pytest.mark.parametrize("value", ["true", '"auto"'])
def test_a_server_from_the_config_file(
    config: Path, here: FakeServer, vvcli: InProcess, value: str
) -> None:
    config.write_text(f"[speak]\nserver = {value}\n")
    assert vvcli("speak", "-q", "One.").stdout == line(0)
    # What is typed is stronger.
    typed = vvcli("speak", "-m", "nowhere", "One.")
    assert typed.status == 4
    assert "nowhere" in typed.stderr
    assert len(here.requests) == 1


@pytest.mark.parametrize("value", ['"always"', '"no"', "1", '""', "[]"])
def test_a_server_that_the_config_file_cannot_ask_for(
    config: Path, vvcli: InProcess, value: str
) -> None:
    config.write_text(f"[speak]\nserver = {value}\n")
    result = vvcli("speak", "One.")
    assert result.status == 2
    assert "server" in result.error


def fall_back(vvcli: InProcess, config: Path) -> Result:
    config.write_text(f'model = "{TINY}"\n[speak]\nserver = "auto"\n')
    return vvcli("speak", "One.")


def test_auto_loads_the_model_where_no_server_answers(
    config: Path, here: FakeServer, vvcli: InProcess
) -> None:
    here.close()
    (here.path.parent / "vvcli.sock").unlink()
    result = fall_back(vvcli, config)
    assert result.status == 0
    assert len(result.stdout) > 100
    first = result.stderr.splitlines()[0]
    assert first.endswith("No such file or directory: loading the model here")
    assert "no server answers" in first


def test_auto_loads_the_model_where_the_server_does_not_fit(
    config: Path, here: FakeServer, vvcli: InProcess
) -> None:
    here.facts["version"] = "0.0.1"
    result = fall_back(vvcli, config)
    assert result.status == 0
    assert "is vvcli 0.0.1" in result.stderr.splitlines()[0]


def test_true_does_not_load_the_model(config: Path, here: FakeServer, vvcli: InProcess) -> None:
    here.close()
    config.write_text(f'model = "{TINY}"\n[speak]\nserver = true\n')
    assert vvcli("speak", "One.").status == 4


def test_a_dialogue_has_the_servers_voices(here: FakeServer, vvcli: InProcess) -> None:
    script = b"Ann: Hello.\nBob: Hi.\nAnn: Bye.\nBob: Bye.\n"
    result = vvcli("speak", "--server", "--dialogue", stdin=script)
    assert result.status == 0
    assert result.stderr.startswith("vvcli: cast: Ann=en-Ada_woman, Bob=en-Ben_man\n")
    voices = {request["record_index"]: request["voice"] for request in here.requests}
    assert voices == {0: "en-Ada_woman", 1: "en-Ben_man", 2: "en-Ada_woman", 3: "en-Ben_man"}


DRIVER = """
import sys
from vvcli.cli.environment import Environment
from vvcli.cli.main import run
status = run(sys.argv[1:], Environment.claim())
print(int(status), *sys.modules, file=sys.stderr)
"""

# Not needed to send a line and to write what comes back; each takes long to import.
HEAVY = {
    *("torch", "numpy", "tokenizers", "safetensors", "huggingface_hub", "rich", "soundfile"),
    *("asyncio", "http.client", "ssl", "urllib.request", "email", "tomllib", "tomli"),
    *("vvcli.synthesizer", "vvcli.frontend.front_end", "vvcli.frontend.lexicon"),
    *("vvcli.checkpoint.model_folder", "vvcli.model.config", "vvcli.cli.preflight"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ([], set()),
        (["-f", "f32le", "--gap", "1", "-i", "-"], set()),
        (["-f", "wav", "--cues", "c.srt"], set()),
        (["-f", "au"], {"numpy"}),
    ],
    ids=["s16le", "f32le", "wav", "au"],
)
def test_little_is_imported(
    here: FakeServer, tmp_path: Path, options: list[str], needed: set[str]
) -> None:
    text = [] if "-i" in options else ["One."]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, "speak", "-q", "--server", *options, *text],
        input=LINES,
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    status, *modules = done.stderr.decode().split()
    assert status == "0"
    assert done.stdout
    assert HEAVY & {*modules} == needed


@pytest.mark.slow
def test_a_sentence_is_heard_before_the_next_is_written(here: FakeServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "vvcli", "speak", "-q", "--server", "--follow"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for index, text in enumerate([b"One. ", b"Two. "]):
            process.stdin.write(text)
            process.stdin.flush()
            expected = GAP * index + line(index)
            assert process.stdout.read(len(expected)) == expected
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


@pytest.mark.slow
def test_an_interrupted_client_leaves_the_server(here: FakeServer) -> None:
    left = threading.Event()

    def answer(peer, request):  # type: ignore[no-untyped-def]
        peer.head()
        peer.chunk(frame(b"A", b"abcd"))
        if peer.is_gone():
            left.set()
        return False

    here.answer = answer
    with subprocess.Popen(
        [sys.executable, "-m", "vvcli", "speak", "-q", "--server", "One."], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(4) == b"abcd"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT
    assert left.wait(60)


@pytest.mark.slow
def test_a_reader_that_leaves_stops_the_work(here: FakeServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "vvcli", "speak", "-q", "--server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdin.write(b"One.\n")
        process.stdin.flush()
        assert process.stdout.read(4) == line(0)[:4]
        process.stdout.close()
        with suppress(BrokenPipeError):  # the rest of the first one may have ended it
            process.stdin.write(b"Two.\n")
            process.stdin.close()
        assert process.wait(60) == -signal.SIGPIPE
        assert process.stderr is not None
        assert process.stderr.read() == b""
