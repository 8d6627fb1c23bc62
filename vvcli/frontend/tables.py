"""Tables of what is said, one `.tsv` file each, read when first used."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_PACKAGE = "vvcli.frontend"


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of `<name>.tsv`: cells between tabs; blank lines and `# ` comments are left out.

    `name` has the folder of the language in it, as in "english/units".
    """
    folder, _, stem = name.rpartition("/")
    path = files(_PACKAGE) / folder / "data" / f"{stem}.tsv"
    text = path.read_text(encoding="utf-8")
    lines = (line for line in text.split("\n") if line.strip() and not line.startswith("# "))
    return tuple(tuple(line.split("\t")) for line in lines)


@cache
def mapping(name: str) -> dict[str, str]:
    """A table of two columns as a dictionary; several keys of one value share a cell, by spaces."""
    found: dict[str, str] = {}
    for keys, value in (row[:2] for row in rows(name)):
        found |= dict.fromkeys(keys.split(" "), value)
    return found


@cache
def words(name: str) -> frozenset[str]:
    """A table of words, any number of them a line."""
    return frozenset(word for row in rows(name) for cell in row for word in cell.split())


@cache
def lists(name: str) -> dict[str, frozenset[str]]:
    """A table of named word lists: the name, a tab, and its words, which share lines by spaces."""
    found: dict[str, frozenset[str]] = {}
    for key, *cells in rows(name):
        listed = frozenset(word for cell in cells for word in cell.split())
        found[key] = found.get(key, frozenset()) | listed
    return found


def cues(name: str) -> frozenset[str]:
    """The words of that name in the table of cues, such as "measure.lengths"."""
    return lists("english/cues")[name]
