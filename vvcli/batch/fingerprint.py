"""What decides how a file sounds, as one short hash.

Left out on purpose: the device and the number of streams, which change no more than rounding, and
the record's place in the run, which picks its noise: a line put in front would otherwise make all
others anew, to say the same a little differently.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from vvcli.checkpoint.folder import weights_path
from vvcli.checkpoint.hub import cached_file
from vvcli.checkpoint.tokenizer import tokenizer_repository
from vvcli.errors import UnavailableError
from vvcli.script.record import Record

VERSION = 1  # raised when the same parameters come to mean other audio

WHOLE = 32 << 20  # bytes; smaller files are hashed whole
SAMPLE = 4096  # bytes from the start of each tensor of larger ones
MAX_HEADER = 100 << 20  # what the safetensors format allows


@dataclass(frozen=True)
class Settings:
    """What the run decides for every record."""

    model: str  # from `identify_model`
    seed: int
    cfg_scale: float
    steps: int
    dtype: str
    split: str
    format: str


def fingerprint(
    settings: Settings,
    records: Sequence[Record],
    voices: Sequence[str],
    gaps: Sequence[float],
    spoken: Sequence[str | None] = (),
) -> str:
    """The hash of one file that is made from `records`.

    `voices` are what `identify_voice` says of each record's voice, `gaps` the seconds of silence
    after each, and `spoken` is what is said of each text, None where that is the text itself: so
    files whose text is read as before keep their hash.
    """
    parts: list[dict[str, Any]] = []
    said = spoken or [None] * len(records)
    for record, voice, gap, words in zip(records, voices, gaps, said, strict=True):
        own_seed = record.seed is not None  # then the noise does not depend on the index
        parts.append(
            {
                "text": record.text,
                "error": record.error,
                "voice": voice,
                "seed": record.seed if own_seed else settings.seed,
                "own_seed": own_seed,
                "cfg_scale": settings.cfg_scale if record.cfg_scale is None else record.cfg_scale,
                "gap": gap,
            }
        )
        if words is not None:
            parts[-1]["spoken"] = words
    rest = asdict(settings)
    del rest["seed"], rest["cfg_scale"]
    return _hash_json({"version": VERSION, "settings": rest, "records": parts})


def identify_model(folder: Path) -> str:
    """A hash of the model in `folder` that does not change when it is moved or fetched again.

    The configuration and the tokenizer are hashed whole. Of a large weights file it is the header
    (names, shapes and offsets of all tensors), the size, and the first bytes of every tensor:
    training changes a tensor everywhere, so this finds a changed one without reading gigabytes.

    Raises:
        UnavailableError: a file cannot be read.
    """
    tokenizer: Path | None = folder / "tokenizer.json"
    if tokenizer and not tokenizer.is_file():
        tokenizer = cached_file(tokenizer_repository(folder), "tokenizer.json")
    files = [folder / "config.json", tokenizer, folder / "preprocessor_config.json"]
    digests = [_hash_file(file) if file and file.is_file() else None for file in files]
    return _hash_json([*digests, _hash_weights(weights_path(folder))])


@cache
def identify_voice(file: Path) -> str:
    """A hash of what is in a voice file.

    Raises:
        UnavailableError: it cannot be read.
    """
    return _hash_file(file)


def _hash_json(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def _hash_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hash_stream(file)
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error


def hash_stream(file: BinaryIO) -> str:
    """The SHA-256 of what is left of `file`, in hexadecimal."""
    digest = hashlib.sha256()
    while block := file.read(1 << 18):
        digest.update(block)
    return digest.hexdigest()


def _hash_weights(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= WHOLE:
                return hash_stream(file)
            digest = hashlib.sha256(size.to_bytes(8, "little"))
            length = int.from_bytes(file.read(8), "little")
            header = file.read(min(length, MAX_HEADER))
            digest.update(header)
            for offset in _offsets(header):
                file.seek(8 + length + offset)
                digest.update(file.read(SAMPLE))
            return digest.hexdigest()
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error


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
