"""The words of a command line as bash gives them to a completion function."""

from __future__ import annotations

from dataclasses import dataclass

BREAKS = ":="  # of COMP_WORDBREAKS, those that stand inside words of ours


@dataclass(frozen=True)
class BashWords:
    """The words before the cursor, without quotes; the last is the one to complete.

    bash cuts words at colons and equals signs, and replaces the last piece only: the first
    `kept` characters of the last word stay on the line.
    """

    words: list[str]
    kept: int


def join_words(pieces: list[str], line: str) -> BashWords:
    """Put together what belongs together of `pieces`, as COMP_WORDS has them, by COMP_LINE.

    `line` may be empty, as where a test calls the function; then colons and equals signs are taken
    to join their neighbours.
    """
    joined: list[str] = []
    position = 0
    for i, piece in enumerate(pieces):
        if line:
            start = line.find(piece, position) if piece else len(line.rstrip("\n"))
            touches = start == position > 0 and not line[position - 1].isspace()
            position = max(start, position) + len(piece)
        else:
            touches = i > 0 and (_is_break(piece) or _is_break(pieces[i - 1])) and bool(piece)
        if touches and joined:
            joined[-1] += piece
        else:
            joined.append(piece)
    last = dequote(joined[-1]) if joined else ""
    piece = pieces[-1] if pieces else ""
    replaced = "" if _is_break(piece) else dequote(piece)
    return BashWords([*map(dequote, joined[:-1]), last], len(last) - len(replaced))


def dequote(word: str) -> str:
    """`word` as the shell would pass it on; a quote at its end may be open."""
    plain, quote = "", ""
    characters = iter(word)
    for character in characters:
        if character == "\\" and quote != "'":
            following = next(characters, "")
            plain += following if not quote or following in '"\\$`' else "\\" + following
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        else:
            plain += character
    return plain


def _is_break(piece: str) -> bool:
    return bool(piece) and not piece.strip(BREAKS)
