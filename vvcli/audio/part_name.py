"""Names of files that are not whole yet: `NAME.part`, or `NAME.TAG.part`.

Writers that cannot see each other's locks, on several machines, each have a tag of their own, so
that none takes another's file for a leftover.
"""

from __future__ import annotations

import re

PART = ".part"

# A tag is numbers in lower case, with hyphens between them. An output that has its suffix cannot be
# taken for a name with a tag.
_TAGGED = re.compile(r"(.+?)(?:\.([0-9a-f]+(?:-[0-9a-f]+)+))?\.part", re.DOTALL)


def part_name(name: str, tag: str = "") -> str:
    """The name of the file that becomes `name`, as the writer with this tag calls it."""
    return f"{name}.{tag}{PART}" if tag else name + PART


def join_tags(*tags: str) -> str:
    """The tag of a writer among others of one tag."""
    return "-".join(filter(None, tags))


def final_name(name: str) -> str:
    """The name of the file that `name` is a `.part` of; else `name`."""
    parts = split_part_name(name)
    return name if parts is None else parts[0]


def split_part_name(name: str) -> tuple[str, str] | None:
    """The final name and the tag ("" for none); none if `name` is not that of a `.part` file."""
    found = _TAGGED.fullmatch(name)
    return None if found is None else (found[1], found[2] or "")
