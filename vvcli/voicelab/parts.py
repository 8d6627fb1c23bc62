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

from vvcli.voicelab import adversarial, language, spectral
from vvcli.voicelab.loop import load_checkpoint, save_checkpoint
from vvcli.voicelab.settings import Settings

PART_BYTES = 15 * 2**20
SUMS = "SHA256SUMS"
ENCODER, DECODER, JUDGES, LANGUAGE, HEADS = GROUPS = (
    *("encoder", "decoder", "judges", "language", "heads"),
)
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
        FileNotFoundError: a folder has no list of parts, or encoder or decoder are nowhere.
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
    decoder = _decoder(tensors, load_checkpoint(work / adversarial.CHECKPOINT, cpu))
    save_checkpoint(work / adversarial.CHECKPOINT, **decoder)
    if ENCODER in tensors:
        encoder = tensors[ENCODER][0]
    else:
        encoder = spectral.load_autoencoder(settings, work, cpu).encoder.state_dict()
    networks = {f"encoder.{k}": v for k, v in encoder.items()}
    networks |= {f"decoder.{k}": v for k, v in decoder["average"].items()}
    # The encoder is at its end: what the others learned is in terms of its latents.
    steps = settings.spectral.steps
    save_checkpoint(work / spectral.CHECKPOINT, networks=networks, average={}, step=steps)
    if LANGUAGE in tensors:
        model, progress = tensors[LANGUAGE]
        model |= {f"{_DECODER}{k}": v for k, v in decoder["average"].items()}
        heads = {HEADS: tensors[HEADS][0]} if HEADS in tensors else {}
        state = {"model": model, "average": model, "step": 0, **heads, **progress}
        save_checkpoint(work / language.CHECKPOINT, **state)


def _decoder(
    tensors: Mapping[str, tuple[dict[str, Tensor], dict[str, Any]]], before: dict[str, Any] | None
) -> dict[str, Any]:
    """The decoder's checkpoint from its groups, or as it was `before`."""
    if DECODER in tensors:
        state, progress = tensors[DECODER]
        before = {"decoder": state, "average": state, "step": 0, **progress}
    if before is None:
        raise FileNotFoundError("the decoder is neither in the parts nor in the work folder")
    return {**before, JUDGES: tensors[JUDGES][0]} if JUDGES in tensors else before


def _group(work: Path, name: str) -> bytes:
    """The group as a safetensors file, empty where its training has left no checkpoint."""
    path = {ENCODER: spectral.CHECKPOINT, DECODER: adversarial.CHECKPOINT}
    path |= {JUDGES: adversarial.CHECKPOINT, LANGUAGE: language.CHECKPOINT}
    state = load_checkpoint(work / path.get(name, language.CHECKPOINT), torch.device("cpu"))
    if state is None:
        return b""
    found: Mapping[str, Tensor] = {}
    if name == ENCODER:
        found = _below({**state["networks"], **state["average"]}, "encoder.")
    elif name == DECODER:
        found = {**state["decoder"], **state["average"]}
    elif name == LANGUAGE:
        merged = {**state["model"], **state["average"]}
        found = {k: v for k, v in merged.items() if not k.startswith(_DECODER)}
    else:
        found = state.get(name, {})
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


def _below(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
