"""Moves of chess: "Nf3", "Bxe5+", "exd5", "O-O-O", "e8=Q#"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.chemistry import ELEMENTS
from vvcli.frontend.english.number_words import letters
from vvcli.frontend.rule import Rule

_PIECES = {"K": "king", "Q": "queen", "R": "rook", "B": "bishop", "N": "knight"}
_NEAR = 24  # characters to either side in which another move makes this one


@dataclass(frozen=True)
class Chess:
    """A move in algebraic notation."""

    written: str

    def words(self, british: bool) -> str:
        """As in "knight takes f three check"."""
        if self.written.startswith("O-O"):
            said = ["castles queenside" if "O-O-O" in self.written else "castles"]
        else:
            said = [_PIECES[self.written[0]]] if self.written[0] in _PIECES else []
            signs = {"x": "takes", "=": "promotes to", "+": "", "#": ""}
            for c in self.written[len(said) :]:
                said.append(signs[c] if c in signs else _PIECES.get(c) or letters(c))
        said.append({"+": "check", "#": "mate"}.get(self.written[-1], ""))
        return " ".join(filter(None, said))


def _move(match: re.Match[str], clause: Clause) -> Chess | None:
    written, start, end = match[0], match.start(), match.end()
    if clause.touches(start).isalnum():
        return None
    is_piece = written[0] in _PIECES
    is_ion = written[:2] in ELEMENTS and written[-2:-1] in ("1", "2", "3")
    is_check = written[-1] in "+#" and not is_ion
    if is_check or "x" in written or "=" in written or (is_piece and _is_game(clause, start, end)):
        return Chess(written)
    return None


def _is_game(clause: Clause, start: int, end: int) -> bool:
    before = clause.text[max(0, start - _NEAR) : start]
    return bool(_MOVE.search(before) or _MOVE.search(clause.text[end : end + _NEAR]))


def _castling(match: re.Match[str], clause: Clause) -> Chess:
    return Chess(match[0])


_SQUARE = "[a-h][1-8]"
_MOVE = re.compile(rf"(?<!\w)(?:[KQRBN][a-h1-8]?x?{_SQUARE}|{_SQUARE}|[a-h]x{_SQUARE}|O-O)(?!\w)")

RULES = [
    Rule(
        re.compile(
            rf"(?:[KQRBN][a-h1-8]?x?{_SQUARE}|[a-h]x{_SQUARE}(?:=[QRBN])?|{_SQUARE}=[QRBN])"
            r"(?:[+#](?!\w))?(?!\w)"
        ),
        _move,
        "w",
        shape="aa0|a0(=|aa?0(?![0a_]))",
    ),
    Rule(re.compile(r"O-O(?:-O)?(?:[+#](?!\w))?(?![\w-])"), _castling, "C", frozenset("o")),
]
