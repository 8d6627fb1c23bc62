"""Lines as the LM reads them, with the phonemes that the teacher speaks."""

from __future__ import annotations

import re
from pathlib import Path

# The letter A, as our speller writes it; the phonemizer would read it as the word "aye".
_LETTER_A = re.compile(r"\bay\b", re.IGNORECASE)


def write_phonemes(lines: Path, target: Path) -> None:
    """Write `target` with `text<TAB>phonemes` for each line of the file `lines`.

    The phonemizer reads the line as it is written, capitals help it with names; the LM reads
    small letters only. Less than a millisecond a line.
    """
    from hibari.g2p import G2P

    phonemize = G2P()
    # Under another name until it is whole: half of the lines would be taken for all.
    partial = target.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        for line in lines.read_text("utf-8").splitlines():
            file.write(f"{line.lower()}\t{phonemize(spelled(line))}\n")
    partial.replace(target)


def spelled(line: str) -> str:
    """`line` with the letter A's sound written out for the phonemizer."""
    return _LETTER_A.sub("[ay](/ˈA/)", line)
