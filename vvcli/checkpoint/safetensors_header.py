"""The head of a safetensors file: which tensors it has, before any of them is read.

The file is 8 bytes with the length of the header, little-endian; the header, a JSON object of
`{"dtype", "shape", "data_offsets"}` by tensor name; and the bytes of the tensors.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vvcli.checkpoint.regular_file import open_regular
from vvcli.errors import UnavailableError, unreadable_as

# A model of 1,000 layers has 2 MB of names; parsed, a header takes 20 times its size.
MAX_HEADER_BYTES = 8 << 20

# Below, a file with holes may be one that its file system has packed.
MIN_SPARSE_BYTES = 16 << 20
MAX_RANK = 8
MAX_EXTENTS = 1000  # pieces of a sparse file that are counted

WIDTHS = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2}
WIDTHS |= {"BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8}
FLOATS = ("F16", "BF16", "F32", "F64")


@dataclass(frozen=True)
class TensorInfo:
    """A tensor of the file, by its header."""

    dtype: str  # a key of WIDTHS
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, TensorInfo]:
    """The tensors of the safetensors file `path` by name; the file is long enough for them all.

    Raises:
        UnavailableError: the file cannot be read, is no safetensors file, or was written only in
            part.
    """
    with unreadable_as(UnavailableError, path), open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise _refused(path, "it is cut short")
        if length > MAX_HEADER_BYTES:
            raise _refused(path, f"its header is longer than {MAX_HEADER_BYTES} bytes")
        header = file.read(length)
        stored = _stored_bytes(file.fileno(), size)
    if stored < size // 2:
        raise UnavailableError(
            f"{path} is {size} bytes long, of which {stored} are there: fetch or copy it again"
        )
    try:
        content = json.loads(header, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"its header is not JSON: {error}") from error
    if type(content) is not dict:
        raise _refused(path, "its header is not a JSON object")
    content.pop("__metadata__", None)
    return {name: _tensor(path, name, info, size - 8 - length) for name, info in content.items()}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):  # readers differ in which of the two they take
        raise ValueError("a name is there twice")
    return found


def _tensor(path: Path, name: str, info: Any, room: int) -> TensorInfo:
    match info:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)]}:
            pass
        case _:
            raise _refused(path, f"its header does not describe tensor {name[:80]!r}")
    counts = len(shape) <= MAX_RANK and all(type(n) is int and 0 <= n < 1 << 40 for n in shape)
    if dtype not in WIDTHS or not counts:
        raise _refused(path, f"tensor {name[:80]!r} has a shape or a type that is unknown")
    if not 0 <= start <= end <= room or end - start != math.prod(shape) * WIDTHS[dtype]:
        raise _refused(path, f"tensor {name[:80]!r} does not lie in the file as its shape says")
    return TensorInfo(dtype, tuple(shape))


def _stored_bytes(descriptor: int, size: int) -> int:
    """Bytes of the file that are not in holes; all where the file system cannot tell."""
    if size < MIN_SPARSE_BYTES or not hasattr(os, "SEEK_HOLE"):
        return size
    end = stored = 0
    for _ in range(MAX_EXTENTS):
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError:  # nothing but a hole is left
            return stored
        stored += end - start
    return size


def _refused(path: Path, reason: str) -> UnavailableError:
    return UnavailableError(f"{path} is not a readable safetensors file: {reason}")
