"""Names that stopped readers of 0.1: none comes back with the meaning it had."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.test_rooms import reads_sources, sources, tree

# What 0.1 said: what the field says. Each is looked for in the rooms where it had its odd meaning;
# "" is all of them, and a folder is the files in it, not those below.
RETIRED: dict[str, dict[str, str]] = {
    "": {
        "Room": "CacheCapacity, AttentionLimit",
        "Steps": "GraphRunner",
        "_Step": "CapturedStep",
        "Capturer": "GraphCapturer",
        "Captured": "CapturedStep",
        "Seam": "solver_step",
        "Carry": "ConvState",
        "unlift": "fp16_scale",
        "Due": "PendingChunk",
        "JOINED": "MAX_CHUNK_SAMPLES",
        "_Spoken": "RecordState",
        "most": "max_...",
        "STREAMS_ON_CUDA": "GPU_STREAMS",
    },
    "engine": {
        "columns": "packed_text",
        "words": "text_hidden",
        "runs": "active_mask",
        "hear": "embed_latent",
        "read_text": "encode_text",
        "beside": "fork",
        "alike": "group_by_prefill",
        "some": "batch",
        "beyond": "clipped",
        "what": "dtype",
    },
    "engine/backends/triton": {
        "leave": "store_...",
        "roots": "row_rms",
        "lift": "fp16_scale",
        "hear": "embed_latent",
    },
    "model": {"hear": "embed_latent", "read_text": "encode_text", "finish": "commit"},
    "speech": {"some": "batch", "what": "dtype", "where": "device"},
    "batch": {"frames": "samples"},
}

# Each of these named two to five things.
ONE_EACH = ("Step", "Entry", "Input", "Settings", "Encoder", "Voice")


def identifiers(source: str) -> Iterator[tuple[str, int]]:
    """The names that `source` defines, with their lines: not those it only uses."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno


def retired(modules: dict[str, str]) -> list[str]:
    """The names of `RETIRED` in `modules`, each with its place and its successor."""
    found = []
    for module, source in modules.items():
        folder = module.rpartition(".")[0].replace(".", "/")
        names = RETIRED[""] | RETIRED.get(folder, {})
        found += [
            f"{module}:{line}: {name} is {names[name]}"
            for name, line in identifiers(source)
            if name in names or (name.startswith("most_") and names.setdefault(name, "max_..."))
        ]
    return found


@pytest.mark.slow
@reads_sources
def test_no_retired_name_is_defined() -> None:
    assert retired(sources()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("speech.run", "class Due: pass"),
        ("engine.slots", "def hear(latent): pass"),
        ("cli.speak", "most_frames = 3"),
        ("batch.entry", "class E:\n    frames: int"),
        ("engine.step", "def f(words): pass"),
    ],
)
def test_a_retired_name_is_found(module: str, source: str) -> None:
    assert len(retired({module: source})) == 1


@pytest.mark.slow
@reads_sources
def test_a_name_that_had_several_meanings_has_one() -> None:
    places = defaultdict(list)
    for module, source in sources().items():
        for node in ast.walk(tree(source)):
            if module.startswith("voicelab"):  # training has a Voice and Settings of its own
                continue
            if isinstance(node, ast.ClassDef) and node.name in ONE_EACH:
                places[node.name].append(module)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
