from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from vvcli.checkpoint.hub import pull, resolve_model
from vvcli.cli.models import models
from vvcli.errors import UnavailableError

from .loopback_hub import COMMIT, Hub, serving
from .samples import REPOSITORY, TINY

# The hub client writes what it received in pieces of 10 MiB, so a resumed file must be longer.
PIECE = 10 << 20
CONFIG = (TINY / "config.json").read_bytes()
TOKENIZER = (TINY / "tokenizer.json").read_bytes()
VOICE = (TINY / "voices" / "tiny-Ada_woman.pt").read_bytes()
MODEL = {
    "config.json": CONFIG,
    "preprocessor_config.json": b'{"language_model_pretrained_name": "org/words"}',
    "model.safetensors": os.urandom(PIECE * 2),
    "README.md": b"unread",
    "figures/logo.png": b"unread",
}

# main() of the program maps the exception; here it becomes one line and status 4.
PROGRAM = """
import sys
from vvcli.cli.models import models
from vvcli.errors import UnavailableError
def run(arguments):
    try:
        models(arguments, standalone_mode=False)
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 4
    return 0
"""
ONE = PROGRAM + "sys.exit(run(sys.argv[1:]))"

# Several commands in one process, which takes a second to load the hub client.
EACH = (
    PROGRAM
    + """
import io, json
from contextlib import redirect_stderr, redirect_stdout
done = []
for arguments in json.loads(sys.argv[1]):
    streams = [io.TextIOWrapper(io.BytesIO()) for _ in range(2)]
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        status = run(arguments)
    for stream in streams:
        stream.flush()
    done.append((arguments, status, *(stream.buffer.getvalue().decode() for stream in streams)))
print(json.dumps(done))
"""
)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", ONE, *arguments]


def environment(home: Path, **changed: str) -> dict[str, str]:
    """The hub client reads its environment when it is imported: hence processes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return kept | {"HF_HOME": str(home), "PYTHONPATH": str(REPOSITORY)} | changed


def run(home: Path, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(home, **changed), capture_output=True, text=True
    )


def run_each(
    home: Path, commands: list[list[str]], **changed: str
) -> list[subprocess.CompletedProcess[str]]:
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(commands)],
        env=environment(home, **changed),
        capture_output=True,
        text=True,
        check=True,
    )
    return [subprocess.CompletedProcess(*each) for each in json.loads(done.stdout)]


def cache(home: Path, repository: str, files: Mapping[str, bytes]) -> Path:
    """Lay `files` out as the hub client would; returns the snapshot folder."""
    folder = home / "hub" / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    (folder / "blobs").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for i, (name, content) in enumerate(files.items()):
        blob = folder / "blobs" / f"{i:040x}"
        blob.write_bytes(content)
        place = snapshot / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(blob, place.parent))
    return snapshot


@pytest.fixture
def hub() -> Iterator[Hub]:
    files = {"org/model": MODEL, "org/words": {"tokenizer.json": TOKENIZER}, "org/gated": MODEL}
    files["org/text"] = {**MODEL, "config.json": b'{"model_type": "bert"}'}
    files["org/empty"] = {"README.md": b"nothing else"}
    with serving(Hub(files, gated=frozenset({"org/gated"}))) as hub:
        yield hub


def test_a_folder_is_a_model_without_the_hub(tmp_path: Path) -> None:
    assert resolve_model(str(TINY)) == TINY
    result = CliRunner().invoke(models, ["path", str(TINY)], catch_exceptions=False)
    assert result.stdout == f"{TINY}\n"
    for spec in ("none", str(tmp_path / "none"), "a/b/c", "../none", "org/", "", "-m/x"):
        with pytest.raises(UnavailableError, match="there is no model folder"):
            resolve_model(spec)


@pytest.mark.slow
def test_cached_models_are_found_and_listed_offline(tmp_path: Path) -> None:
    whole = cache(tmp_path, "org/model", {"config.json": CONFIG, "model.safetensors": b"12345"})
    cache(tmp_path, "org/part", {"config.json": CONFIG})
    cache(tmp_path, "org/text", {"config.json": b'{"model_type": "bert"}'})
    cache(tmp_path, "org/broken", {"config.json": b"{"})
    names = ["org/part", "org/none"]
    paths = [["path", name] for name in ("org/model", *names)]
    commands = [*paths, ["list", "--json"], ["list"]]
    found, *without, rows_listed, listed = run_each(tmp_path, commands, HF_HUB_OFFLINE="1")
    assert (found.stdout, found.stderr, found.returncode) == (f"{whole}\n", "", 0)
    for name, missing in zip(names, without, strict=True):
        assert (missing.stdout, missing.returncode) == ("", 4)
        sentence = f"model {name} is not on this machine: run `vvcli models pull {name}`\n"
        assert missing.stderr == sentence
    rows = json.loads(rows_listed.stdout)
    assert [row["id"] for row in rows] == ["embedded", "org/model", "org/part"]
    assert rows[1] == {"id": "org/model", "path": str(whole), "size": len(CONFIG) + 5}
    lines = listed.stdout.splitlines()
    assert lines[1] == f"org/model\t{whole}\t{len(CONFIG) + 5}"


def test_a_cache_that_is_no_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "hub").touch()
    listed = run(tmp_path, "list")
    assert (listed.stdout, listed.returncode) == ("", 4)
    assert listed.stderr.startswith("cannot read the hub's cache: ")
    assert listed.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_damaged_cache_is_one_sentence(tmp_path: Path) -> None:
    commands = [["list"], ["path", "org/model"]]
    cache(tmp_path, "org/model", {"config.json": CONFIG})
    ref = tmp_path / "hub" / "models--org--model" / "refs" / "main"
    ref.write_bytes(b"\xff")
    for damaged in run_each(tmp_path, commands):
        assert (damaged.stdout, damaged.returncode) == ("", 4)
        assert damaged.stderr.startswith("cannot read the hub's cache: ")
    ref.unlink()
    (ref / "branch").mkdir(parents=True)
    assert [done.returncode for done in run_each(tmp_path, commands)] == [0, 4]


def test_the_embedded_model_needs_no_cache(tmp_path: Path) -> None:
    listed, found = run_each(tmp_path, [["list"], ["path", "embedded"]])
    assert (listed.stderr, listed.returncode) == ("", 0)
    name, folder, size = listed.stdout.removesuffix("\n").split("\t")
    assert name == "embedded"
    assert int(size) == sum(path.stat().st_size for path in Path(folder).rglob("*.*"))
    assert found.stdout == f"{folder}\n"


@pytest.mark.slow
def test_pull_fetches_what_is_read_and_no_more(tmp_path: Path, hub: Hub) -> None:
    pulled = run(tmp_path, "pull", "org/model", HF_ENDPOINT=hub.url)
    assert pulled.returncode == 0, pulled.stderr
    folder = Path(pulled.stdout.removesuffix("\n"))
    names = {"config.json", "preprocessor_config.json", "model.safetensors"}
    assert {path.name for path in folder.iterdir()} == names
    assert all((folder / name).read_bytes() == MODEL[name] for name in names)
    assert {name for name, _ in hub.fetched} == names | {"tokenizer.json"}
    words = tmp_path / "hub" / "models--org--words" / "snapshots" / COMMIT / "tokenizer.json"
    assert words.read_bytes() == TOKENIZER
    assert run(tmp_path, "path", "org/model", HF_HUB_OFFLINE="1").stdout == pulled.stdout

    hub.fetched.clear()
    again = run(tmp_path, "pull", "org/model", HF_ENDPOINT=hub.url)
    assert again.stdout == pulled.stdout
    assert hub.fetched == []


@pytest.mark.slow
def test_a_models_own_tokenizer_and_voices_come_with_it(tmp_path: Path) -> None:
    own = {**MODEL, "tokenizer.json": TOKENIZER, "voices/en-Ada_woman.pt": VOICE}
    own["voices/notes.md"] = b"unread"
    with serving(Hub({"org/own": own})) as hub:
        pulled = run(tmp_path, "pull", "org/own", HF_ENDPOINT=hub.url)
    folder = Path(pulled.stdout.removesuffix("\n"))
    assert (folder / "tokenizer.json").read_bytes() == TOKENIZER
    assert [path.name for path in (folder / "voices").iterdir()] == ["en-Ada_woman.pt"]


@pytest.mark.slow
def test_a_connection_that_drops_is_resumed(tmp_path: Path, hub: Hub) -> None:
    hub.drop = PIECE + 1000
    pulled = run(tmp_path, "pull", "org/model", HF_ENDPOINT=hub.url)
    if pulled.returncode:  # hub 0.25 leaves it to the next pull, later ones go on by themselves
        pulled = run(tmp_path, "pull", "org/model", HF_ENDPOINT=hub.url)
    weights = Path(pulled.stdout.removesuffix("\n")) / "model.safetensors"
    assert weights.read_bytes() == MODEL["model.safetensors"]
    starts = [first for name, first in hub.fetched if name == "model.safetensors"]
    assert starts == [0, PIECE]


@pytest.mark.slow
def test_a_killed_pull_leaves_nothing_that_looks_whole(tmp_path: Path, hub: Hub) -> None:
    hub.stall = PIECE + 1000
    arguments = command("pull", "org/model")
    with subprocess.Popen(arguments, env=environment(tmp_path, HF_ENDPOINT=hub.url)) as process:
        # A `with` that is left waits for the process: kill it whatever happens.
        try:
            assert hub.stalled.wait(100)
        finally:
            process.kill()
    commands = [["path", "org/model"], ["pull", "org/model"]]
    offline = run_each(tmp_path, commands, HF_HUB_OFFLINE="1")
    assert [done.returncode for done in offline] == [4, 4]

    hub.stall = None
    hub.fetched.clear()
    pulled = run(tmp_path, "pull", "org/model", HF_ENDPOINT=hub.url)
    weights = Path(pulled.stdout.removesuffix("\n")) / "model.safetensors"
    assert weights.read_bytes() == MODEL["model.safetensors"]
    assert "config.json" not in [name for name, _ in hub.fetched]


CANNOT_BE = {
    "org/gated": "org/gated asks you to accept its terms first",
    "org/none": "there is no org/none on the hub, or it is private",
    "org/empty": "org/empty lacks a file that vvcli needs",
    "org/text": "org/text is not a VibeVoice-Realtime model",
    "nonsense": "'nonsense' is not a hub id",
}


@pytest.mark.slow
def test_a_pull_that_cannot_be_is_one_sentence(tmp_path: Path, hub: Hub) -> None:
    commands = [["pull", model] for model in CANNOT_BE]
    done = run_each(tmp_path, commands, HF_ENDPOINT=hub.url)
    for pulled, sentence in zip(done, CANNOT_BE.values(), strict=True):
        assert (pulled.stdout, pulled.returncode) == ("", 4)
        assert pulled.stderr.startswith(sentence)
        assert "Traceback" not in pulled.stderr
    assert "model.safetensors" not in [name for name, _ in hub.fetched]


@pytest.mark.slow
def test_a_pull_without_a_network_is_one_sentence(tmp_path: Path) -> None:
    pulled = run(tmp_path, "pull", "org/model", HF_HUB_OFFLINE="1")
    assert pulled.returncode == 4
    sentence = "cannot reach the hub for org/model: check the network and HF_HUB_OFFLINE\n"
    assert pulled.stderr == sentence


@pytest.mark.slow
def test_pulling_for_a_folder_fetches_its_tokenizer_only(tmp_path: Path, hub: Hub) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "preprocessor_config.json").write_bytes(MODEL["preprocessor_config.json"])
    pulled = run(tmp_path, "pull", str(folder), HF_ENDPOINT=hub.url)
    assert pulled.stdout == f"{folder}\n"
    assert hub.fetched == [("tokenizer.json", 0)]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: cannot download"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot download org/model: .*denied"),
        (RuntimeError("first\nsecond"), "cannot download org/model: first$"),
        (TimeoutError(), "cannot download org/model: TimeoutError$"),
    ],
)
def test_what_the_client_raises_becomes_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(*arguments: object) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    with pytest.raises(UnavailableError, match=sentence) as caught:
        pull("org/model")
    assert caught.value.__cause__ is error
