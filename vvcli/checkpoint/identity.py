"""Hashes that tell models and voices apart by what their files hold, wherever these are."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from vvcli.checkpoint.regular_file import open_regular
from vvcli.errors import UnavailableError, unreadable_as

WHOLE = 32 << 20  # bytes; smaller files of weights are hashed whole
SAMPLE = 4096  # bytes from the start of each tensor of larger ones
MAX_HEADER = 100 << 20  # what the safetensors format allows


def hash_model(described: Sequence[bytes | None], weights: Path) -> str:
    """The hash of a model: of the files that describe it, and of the file `weights`.

    The former are hashed whole. Of a large file of weights it is the header (names, shapes and
    offsets of all tensors), the size, and the first bytes of every tensor: training changes a
    tensor everywhere, so this finds a changed one without reading gigabytes.

    Raises:
        UnavailableError: the weights cannot be read.
    """
    digests = [None if file is None else hashlib.sha256(file).hexdigest() for file in described]
    return hash_json([*digests, _hash_weights(weights)])


def hash_voice(path: Path) -> str:
    """The hash of a voice file, whole.

    Raises:
        UnavailableError: it cannot be read.
    """
    with unreadable_as(UnavailableError, f"the voice file {path}"), open_regular(path) as file:
        return _hash_stream(file)


def hash_json(value: Any) -> str:
    """The hash of a value that JSON can hold."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def _hash_stream(file: BinaryIO) -> str:
    """The SHA-256 of what is left of `file`, in hexadecimal."""
    digest = hashlib.sha256()
    while block := file.read(1 << 18):
        digest.update(block)
    return digest.hexdigest()


def _hash_weights(path: Path) -> str:
    with unreadable_as(UnavailableError, path), open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= WHOLE:
            return _hash_stream(file)
        digest = hashlib.sha256(size.to_bytes(8, "little"))
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, MAX_HEADER))
        digest.update(header)
        for offset in _offsets(header):
            file.seek(8 + length + offset)
            digest.update(file.read(SAMPLE))
        return digest.hexdigest()


def _offsets(header: bytes) -> list[int]:
    """Where the tensors start; none in a header that is damaged, which loading will say."""
    try:
        tensors: dict[str, Any] = json.loads(header)
        starts = [
            tensor["data_offsets"][0] for name, tensor in tensors.items() if name != "__metadata__"
        ]
    except (ValueError, RecursionError, TypeError, KeyError, IndexError, AttributeError):
        return []
    return sorted(start for start in starts if type(start) is int and 0 <= start < 1 << 50)
