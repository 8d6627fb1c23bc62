"""Spaces, pauses and stops. No later pass makes a stop, and only an abbreviation takes one away."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.rule import Rule
from vvcli.frontend.tokenize import Token


@dataclass(frozen=True)
class Space:
    """White space."""

    def words(self, british: bool) -> str:
        """Nothing."""
        return ""


SPACE = Space()


@dataclass(frozen=True)
class Stop:
    """The end of a sentence: "." "?" or "!"."""

    mark: str

    def words(self, british: bool) -> str:
        """The strongest of its marks."""
        return self.mark


@dataclass(frozen=True)
class Pause:
    """A pause inside a sentence, or none: quotes and hyphens."""

    mark: str

    def words(self, british: bool) -> str:
        """A comma, or nothing."""
        return self.mark


def stop(token: Token, clause: Clause) -> Stop | Pause:
    """The strongest mark of a run such as "?!" or "..."; no stop before a word, as in ".hello"."""
    text = token.text
    mark = next(mark for mark in "?!." if mark in text)
    follows, touches = clause.follows(token.end), clause.touches(token.start)
    if text == "." and follows and follows in ",;:":
        return _SILENT  # of an abbreviation that no table has
    if mark == "." and len(text) == 1 and follows.isalnum():
        if not touches or touches.isspace():
            return _SILENT
        if follows.isdigit() and _is_suffix(token, clause):
            return _SILENT  # 1.2.3-rc.1
        if touches.islower() and follows.islower():
            return _SILENT  # "e.gcats", which no rule took
    return _STOPS[mark]


_STOPS = {mark: Stop(mark) for mark in "?!."}


def _is_suffix(token: Token, clause: Clause) -> bool:
    """Whether a word is before the point that a hyphen or plus ties to a version."""
    word = clause.token_before(token.start)
    if word is None or word.kind != "word" or word.end != token.start:
        return False
    return clause.touches(word.start) in ("-", "+") and clause.touches(word.start - 1).isalnum()


_SILENT, _COMMA = Pause(""), Pause(",")


def settled_pause(text: str, touches: str, follows: str) -> Pause | None:
    """A comma for what is a pause in speech; None if words further away decide."""
    sign = text[0]
    if sign in "\"'":
        return _SILENT
    if sign in "()[]{}":
        if (sign == "(" and touches.isalnum()) or (sign == ")" and touches.isalpha()):
            return None
        return _SILENT if follows and follows in "([{" else _COMMA
    if sign == "-":
        if len(text) > 1:
            return _SILENT if len(text) > 3 else _COMMA  # a rule
        return _COMMA if touches.isspace() and follows.isspace() else _SILENT
    if sign in ":;" and not (touches.strip() and follows.strip()):
        return None
    return _COMMA


def pause(token: Token, clause: Clause) -> Pause:
    """The same where words further away decide."""
    sign, start, end = token.text[0], token.start, token.end
    if sign in ":;":
        return _COMMA if clause.before(start) and clause.after(end) else _SILENT
    is_plural = (
        clause.after(end) in ("s", "es") if sign == "(" else clause.before(start) in ("s", "es")
    )
    follows = clause.follows(end)
    return _SILENT if is_plural or (follows and follows in "([{") else _COMMA


def _ellipsis(match: re.Match[str], clause: Clause) -> Stop:
    return Stop(".")


RULES = [
    Rule(re.compile(r"\.(?:\s\.){2,12}"), _ellipsis, ".", shape="[.] [.]"),
]
