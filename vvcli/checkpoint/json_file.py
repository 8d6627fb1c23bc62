"""JSON objects from files: bounded in size, and refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vvcli.checkpoint.regular_file import read_bounded
from vvcli.errors import UnavailableError, unreadable_as

MAX_CONFIG_BYTES = 1 << 20  # the published config.json has 3 kB


def read_json(path: Path, max_bytes: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """The JSON object in `path`.

    Raises:
        UnavailableError: the file cannot be read, is longer than `max_bytes` or is anything else.
    """
    with unreadable_as(UnavailableError, path):
        content = read_bounded(path, max_bytes)
    return parse_json(content, path)


def parse_json(content: bytes, path: Path) -> dict[str, Any]:
    """The JSON object that `content`, which was read from `path`, holds.

    Raises:
        UnavailableError: it holds anything else.
    """
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnavailableError(f"{path} is not JSON: {error}") from error
    if type(value) is not dict:
        raise UnavailableError(f"{path} is not a JSON object")
    return value
