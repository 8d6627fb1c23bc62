"""The map of README, "Where things are", kept: which part of vvcli may import which.

A room is a package under `vvcli/`, or a module of its root. An import inside a function counts, and
one for types alone. A room that needs more gets it here, in the same commit, with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "vvcli"

ROOT_FILES = {"__init__", "__main__", "errors", "samples", "synthesizer"}
OPEN = {"", "errors", "samples"}  # to every room; "" is vvcli/__init__.py

# Room: the rooms it may import; `room.module` opens that module alone. A module with a row of its
# own is a room by itself, so that those below may use it.
ROOMS: dict[str, set[str]] = {
    # Whatever configures a run is read by it: regular files, of a bounded size.
    "checkpoint.regular_file": set(),
    # A server and its clients read their common secret alike.
    "checkpoint.token_file": {"checkpoint.regular_file"},
    "script": {"checkpoint.regular_file"},
    "frontend": {"checkpoint.regular_file"},
    "model": set(),
    "engine": {"model"},
    # What comes from workers waits for its turn in the same kind of memory as what an engine makes.
    "engine.host_memory": set(),
    # A chunk and how it ended: what passes between speech, files and progress.
    "speech.values": {"script.record"},
    # Cues and silence are written for records, as they were spoken.
    "audio": {"script.record", "speech.values"},
    # A converted voice is written as audio files are: whole or not at all.
    "checkpoint": {"model", "frontend", "audio.output_file"},
    "speech": {"script", "frontend", "checkpoint", "engine", "model"},
    "progress": {"script.measure", "speech.values"},
    # A fingerprint and the names of files need the identity of a model and of a voice.
    "batch": {
        *("script", "audio", "speech.values"),
        *("checkpoint.identity", "checkpoint.model_voices"),
    },
    # A worker makes the files of a batch with the runner that one process has, and loads a model
    # by its folder; a lexicon goes to it as its entries.
    "fleet": {
        *("speech", "batch", "audio", "script", "engine.host_memory"),
        *("checkpoint.model_folder", "checkpoint.model_voices", "frontend.lexicon", "model"),
    },
    # A model folder that a command has opened before, to see what is in it. The engine, for its
    # counters.
    "synthesizer": {
        *("speech", "fleet", "script", "frontend.lexicon", "engine", "model"),
        "checkpoint.model_folder",
    },
    "client": {"script", "frontend", "audio", "speech.values"},
    "serve": {"synthesizer", "speech", "audio", "script"},
}
_BELOW_SERVE = {*ROOMS} - {"serve"}
ROOMS["voicelab"] = _BELOW_SERVE
# `bench run` measures the loop of `speak` itself, not a copy of it.
ROOMS["cli.read_aloud"] = {"script.record", "speech.values", "audio", "progress", "synthesizer"}
ROOMS["bench"] = _BELOW_SERVE | {"cli.read_aloud"}
ROOMS["cli"] = {*ROOMS}
ROOMS["__main__"] = {"cli"}
ROOMS[""] = {"script.record", "speech.sessions", "speech.values", "synthesizer"}  # the public names


@cache
def tree(source: str) -> ast.Module:
    return ast.parse(source)


# Tests that read all sources are run by one process, which parses each once.
reads_sources = pytest.mark.xdist_group("sources")


def imported(source: str, package: str) -> Iterator[str]:
    """The modules of vvcli that `source`, a module in `package`, imports: "audio.output"."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            names = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
        else:
            continue
        for name in names:
            if name == "vvcli" or name.startswith("vvcli."):
                yield _module(name.removeprefix("vvcli").lstrip("."))


def _module(name: str) -> str:
    """`name` without the object that is imported from the module."""
    while name and not _exists(name):
        name = name.rpartition(".")[0]
    return name


def _exists(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or path.is_dir()


def room_of(module: str) -> str:
    """The row of the table that `module` belongs to."""
    return module if module in ROOMS else module.partition(".")[0]


def allows(room: str, module: str) -> bool:
    """Whether `room` may import `module`."""
    target = room_of(module)
    own = target.partition(".")[0] == room
    parents = {module, *(module[:i] for i, letter in enumerate(module) if letter == ".")}
    return module in OPEN or own or not ROOMS.get(room, set()).isdisjoint(parents)


@cache
def sources() -> dict[str, str]:
    """The text of every module: "audio.output" to its source; a package's is its `__init__`."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix("__init__").rstrip(".")] = path.read_text(encoding="utf-8")
    return found


def violations(modules: dict[str, str]) -> list[str]:
    """The imports against the table."""
    found = []
    for name, source in modules.items():
        is_package = (ROOT / name.replace(".", "/")).is_dir()
        package = ".".join(filter(None, ["vvcli", name if is_package else name.rpartition(".")[0]]))
        for module in imported(source, package):
            if not allows(room_of(name), module):
                found.append(f"{name} imports {module}")
    return found


@pytest.mark.slow
@reads_sources
def test_every_import_is_in_the_table() -> None:
    assert violations(sources()) == []


def test_no_cycle_between_rooms() -> None:
    rows = {room: {room_of(module) for module in allowed} for room, allowed in ROOMS.items()}
    list(TopologicalSorter(rows).static_order())


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("script.lines", "from vvcli.audio.output import Output"),
        ("script.lines", "import vvcli.audio.output"),
        ("script.lines", "def f():\n    from vvcli.audio import output"),
        ("script.lines", "def f():\n    import_module('vvcli.engine.engine')"),
        ("script.lines", "from ..audio.output import Output"),
        ("audio.output", "if TYPE_CHECKING:\n    from vvcli.speech.run import OrderedRun"),
        ("audio.output", "from vvcli.script.sources import Reading"),
        ("engine.engine", "from vvcli.checkpoint.model_folder import ModelFolder"),
        ("speech.values", "from vvcli.speech.run import OrderedRun"),
        ("bench.load", "from vvcli.cli.options import seed"),
        ("errors", "from vvcli.script.record import Record"),
    ],
)
def test_an_import_against_the_table_is_found(name: str, source: str) -> None:
    assert len(violations({name: source})) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("audio.output", "from vvcli.errors import OutputError\nfrom vvcli.audio import pcm"),
        ("audio.track", "from vvcli.speech.values import Chunk"),
        ("engine.backends.plain", "from ...model.config import ModelConfig"),
        ("cli.main", "from vvcli import __version__"),
        ("speech.run", "from vvcli.speech.values import Chunk\nimport numpy"),
    ],
)
def test_an_import_in_the_table_is_not(name: str, source: str) -> None:
    assert violations({name: source}) == []


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert rooms - {*ROOMS} == set()


def test_the_root_holds_the_public_api_and_no_more() -> None:
    assert {path.stem for path in ROOT.glob("*.py")} == ROOT_FILES
    assert {path.name for path in ROOT.iterdir() if path.is_file()} - {"py.typed"} == {
        f"{name}.py" for name in ROOT_FILES
    }


def test_every_file_is_short() -> None:
    """A file is read from top to bottom: 250 lines at most."""
    lengths = {name: source.count("\n") for name, source in sources().items()}
    assert {name: length for name, length in lengths.items() if length > 250} == {}


def packages() -> list[str]:
    return [str(path.parent.relative_to(ROOT)) for path in sorted(ROOT.rglob("*/__init__.py"))]


@pytest.mark.parametrize("package", packages())
def test_every_package_says_what_it_holds(package: str) -> None:
    """In 8 to 25 lines: what is in here, in which order to read it, what it may never do."""
    source = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
    text = ast.get_docstring(ast.parse(source)) or ""
    assert 8 <= source.count("\n") <= 25
    assert len(text.splitlines()) >= 5
    for name in re.findall(r"`([\w/]+\.py)`", text):
        folders = (ROOT.parent, ROOT / package, (ROOT / package).parent)
        assert any((folder / name).is_file() for folder in folders), name
