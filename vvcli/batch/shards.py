"""Shares of a batch for jobs that run side by side, on machines that share a folder.

A file belongs to one shard, by a hash of its path below the output folder: it stays there when
files are added or left out. Each shard has a manifest of its own, since locks and appended lines
are not safe between machines everywhere, and reads those of the others.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from vvcli.script.limits import shown

MAX_SHARDS = 1_000_000

_SHARD = re.compile(r"0*([1-9][0-9]{0,6})/0*([1-9][0-9]{0,6})")
_MANIFEST = re.compile(r"manifest\.([1-9][0-9]{0,6})-([1-9][0-9]{0,6})\.jsonl")


@dataclass(frozen=True, order=True)
class Shard:
    """The share `number` of `count`, from 1.

    Raises:
        ValueError: there is no such share.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MAX_SHARDS:
            raise ValueError(_no_share(str(self)))

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The share that is written "3/16".

        Raises:
            ValueError: it is none.
        """
        found = _SHARD.fullmatch(text)
        if found is None:
            raise ValueError(_no_share(text))
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def tag(self) -> str:
        """The tag of its `.part` files."""
        return f"{self.number}-{self.count}"

    @property
    def longest_tag(self) -> str:
        """The longest tag of any shard of as many."""
        return f"{self.count}-{self.count}"

    @property
    def manifest(self) -> str:
        """The name of its manifest."""
        return f"manifest.{self.tag}.jsonl"

    def holds(self, key: str | int) -> bool:
        """Whether the file with this `key`, its path or the index of a blank record, is in it."""
        from hashlib import blake2b  # every command imports this module

        digest = blake2b(os.fsencode(str(key)), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


def _no_share(text: str) -> str:
    return (
        f"{shown(text)} is not a share: it is I/N with N from 1 to {MAX_SHARDS} and I from 1 to N, "
        "as in 3/16"
    )


def shard_of_manifest(name: str) -> Shard | None:
    """The shard whose manifest has this name, if any."""
    found = _MANIFEST.fullmatch(name)
    if found is None:
        return None
    try:
        return Shard(int(found[1]), int(found[2]))
    except ValueError:
        return None


def shards_in(folder: Path) -> list[Shard]:
    """The shards that have manifests in `folder`, in order; none in one that cannot be listed.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            shards = [shard_of_manifest(each.name) for each in found]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    return sorted(shard for shard in shards if shard is not None)
