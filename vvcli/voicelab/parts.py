"""Trained weights as files of at most 15 MiB with checksums, to leave a machine that keeps nothing.

A group of tensors is one safetensors file, in float16, cut into `GROUP.00`, `GROUP.01`, …;
`SHA256SUMS` lists them all. Optimizers stay behind: they would be most of it, and start anew with
a warm-up. Weights are the averaged ones, which a training goes on from as well.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from vvcli.voicelab import language
from vvcli.voicelab.autoencoder import ADVERSARIAL, SPECTRAL, load_autoencoder
from vvcli.voicelab.loop import load_checkpoint, save_checkpoint
from vvcli.voicelab.settings import GROUPS, Settings

PART_BYTES = 15 * 2**20
SUMS = "SHA256SUMS"
NETWORKS, JUDGES, LANGUAGE, HEADS = GROUPS
_DECODER = "acoustic_decoder."


def pack(work: Path, folder: Path, names: Sequence[str] = GROUPS) -> None:
    """Write the groups and folders of `work` that `names` names, if they are there, to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sums = {}
    for name in names:
        content = _group(work, name) if name in GROUPS else _tarred(work / name)
        for number, start in enumerate(range(0, len(content), PART_BYTES)):
            part = content[start : start + PART_BYTES]
            (folder / f"{name}.{number:02}").write_bytes(part)
            sums[f"{name}.{number:02}"] = hashlib.sha256(part).hexdigest()
    listed = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    (folder / SUMS).write_text(listed, "utf-8")


def unpack(settings: Settings, folders: Sequence[Path], work: Path) -> None:
    """Write the checkpoints that the parts in `folders` make to `work`; later folders win.

    What the parts lack is taken from the checkpoints that are in `work` already.

    Raises:
        ValueError: a part is missing or damaged.
        FileNotFoundError: a folder has no list of parts, or encoder and decoder are nowhere.
    """
    cpu = torch.device("cpu")
    groups: dict[str, bytes] = {}
    for folder in folders:
        groups |= _read(folder)
    work.mkdir(parents=True, exist_ok=True)
    tensors = {name: _loaded(content) for name, content in groups.items() if name in GROUPS}
    for name in groups.keys() - set(GROUPS):
        with tarfile.open(fileobj=io.BytesIO(groups[name])) as file:
            file.extractall(work, filter="data")
    game = load_checkpoint(work / ADVERSARIAL, cpu)
    if NETWORKS in tensors:
        networks, progress = tensors[NETWORKS]
        game = {"networks": networks, "average": {}, "step": 0, **progress}
    if game is None:
        raise FileNotFoundError("networks are neither in the parts nor in the work folder")
    if JUDGES in tensors:
        game[JUDGES] = tensors[JUDGES][0]
    save_checkpoint(work / ADVERSARIAL, **game)
    if LANGUAGE in tensors:
        model, progress = tensors[LANGUAGE]
        decoder = load_autoencoder(settings, work, cpu).decoder.state_dict()
        model |= {f"{_DECODER}{k}": v for k, v in decoder.items()}
        heads = {HEADS: tensors[HEADS][0]} if HEADS in tensors else {}
        state = {"model": model, "average": model, "step": 0, **heads, **progress}
        save_checkpoint(work / language.CHECKPOINT, **state)


def _group(work: Path, name: str) -> bytes:
    """The group as a safetensors file, empty where its training has left no checkpoint."""
    path = ADVERSARIAL if name in (NETWORKS, JUDGES) else language.CHECKPOINT
    if name == NETWORKS and not (work / path).exists():
        path = SPECTRAL
    state = load_checkpoint(work / path, torch.device("cpu"))
    if state is None:
        return b""
    found: Mapping[str, Tensor] = state.get(name, {})
    if name == NETWORKS:
        found = {**found, **state["average"]}
    elif name == LANGUAGE:
        merged = {**state["model"], **state["average"]}
        found = {k: v for k, v in merged.items() if not k.startswith(_DECODER)}
    if not found:
        return b""
    halves = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in found.items()}
    progress: dict[str, str] = {k: str(state[k]) for k in ("step", "fraction") if k in state}
    return save(halves, metadata=progress)


def _loaded(content: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors in float32, and how far their training was."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    metadata = header.get("__metadata__", {})
    tensors = load(content)
    floats = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    kinds = {"step": int, "fraction": float}
    return floats, {k: kinds[k](v) for k, v in metadata.items() if k in kinds}


def _read(folder: Path) -> dict[str, bytes]:
    groups: dict[str, bytes] = {}
    for line in (folder / SUMS).read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        path = folder / Path(name).name
        content = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"{path}: missing, or not the part that was packed")
        group = name.rpartition(".")[0]
        groups[group] = groups.get(group, b"") + content
    return groups


def _tarred(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        file.add(folder, folder.name)
    return buffer.getvalue()
