"""The cases of each class: a file a class under data/, what is written, a tab, what is spoken."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent / "data"


def cases(name: str) -> list[tuple[str, str]]:
    """The lines of `<name>.tsv`."""
    lines = (DATA / f"{name}.tsv").read_text(encoding="utf-8").split("\n")
    found = []
    for line in filter(None, lines):
        written, spoken = line.split("\t")
        found.append((written, spoken))
    return found


CLASSES = sorted(path.stem for path in DATA.glob("*.tsv"))
