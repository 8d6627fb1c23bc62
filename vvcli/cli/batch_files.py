"""Files of a batch's inputs and outputs, told from each other."""

from __future__ import annotations

import os
from pathlib import Path

from vvcli.audio.formats import FORMATS
from vvcli.audio.part_name import PART, split_part_name
from vvcli.batch.book.plan import LIST_SUFFIX
from vvcli.batch.containment import OutputFolder
from vvcli.batch.inputs import STDIN, Inputs
from vvcli.batch.manifest import FILE_NAME
from vvcli.batch.shards import shard_of_manifest
from vvcli.cli.environment import Environment
from vvcli.errors import UsageError


def names_below(folder: OutputFolder, inputs: Inputs, summary: str | None) -> dict[str, str]:
    """Names below the output folder that no file may have, and what has them.

    While a file is made, it is `NAME.part`: of an input that is called so, NAME is taken as well.
    """
    others = {source.path: f"the input {source.name}" for source in inputs.files}
    others.pop(Path(STDIN), None)
    if summary not in (None, STDIN):
        others[Path(str(summary))] = f"--summary {summary}"
    found: dict[str, str] = {}
    for path, owner in others.items():
        name = folder.below(path)
        if name is not None:
            found[name] = owner
            if parts := split_part_name(name):
                found[parts[0]] = f"written as {name}, {owner}"
    return found


def identities_of(environment: Environment, inputs: Inputs) -> frozenset[tuple[int, int]]:
    """Device and inode of every file that is read.

    Raises:
        UsageError: one cannot be read.
    """
    found = set()
    for source in inputs.files:
        try:
            status = os.fstat(environment.stdin) if source.is_stdin else source.path.stat()
        except OSError as error:
            raise UsageError(f"cannot read {source.name}: {error.strerror}") from error
        found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def is_output(folder: OutputFolder, path: Path) -> bool:
    """Whether a file looks like one that an earlier run has made."""
    suffixes = {suffix for spec in FORMATS.values() for suffix in spec.suffixes}
    is_manifest = path.name == FILE_NAME or shard_of_manifest(path.name) is not None
    ours = is_manifest or path.suffix in {*suffixes, PART} or path.name.endswith(LIST_SUFFIX)
    return ours and folder.below(path) is not None
