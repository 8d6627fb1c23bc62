"""Marks of HTML, Markdown and templates in a line of text, which are not read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import words


@dataclass(frozen=True)
class Markup:
    """A mark without words, or a pause."""

    pause: str = ""

    def words(self, british: bool) -> str:
        """Nothing, or a comma."""
        return self.pause


def _at_start(match: re.Match[str], clause: Clause) -> Markup | None:
    """Marks before the text of a line: headings, quotes, list items, tables."""
    if not clause.is_first and match.start() == 0:
        return None
    before = clause.text[: match.start()]
    if len(before) > 12 or before.strip(" #>*+-•|\t"):
        return None
    return Markup()


def _tag(match: re.Match[str], clause: Clause) -> Markup | None:
    name = match["name"].lower()
    if clause.touches(match.start()).isalnum() and " " in match[0] and "=" not in match[0]:
        return None  # a<b and b>c
    return Markup(
        "," if name in ("br", "p", "li", "tr", "td", "div", "h1", "h2", "h3", "hr") else ""
    )


def _placeholder(match: re.Match[str], clause: Clause) -> Markup | None:
    """The bracket before a name that stands for something: "git clone <url>", "<Ctrl>"."""
    touches = clause.touches(match.start())
    return None if touches.isalnum() or touches == "<" else Markup()


def _placeholder_end(match: re.Match[str], clause: Clause) -> Markup | None:
    opened = clause.text.rfind("<", max(0, match.start() - 48), match.start())
    found = _PLACEHOLDER.match(clause.text, opened) if opened >= 0 else None
    is_this = found is not None and found.end("name") == match.start()
    return _placeholder(found, clause) if found is not None and is_this else None


def _link_end(match: re.Match[str], clause: Clause) -> Markup | None:
    opened = clause.text.rfind("[", max(0, match.start() - 300), match.start())
    return Markup() if opened >= 0 else None


def _link_start(match: re.Match[str], clause: Clause) -> Markup:
    return Markup()


def _fence(match: re.Match[str], clause: Clause) -> Markup:
    return Markup()


_ELEMENTS = "|".join(sorted(words("english/html"), key=len, reverse=True))

_PLACEHOLDER = re.compile(r"<(?=(?P<name>[A-Za-z][\w-]{1,20}(?: [A-Za-z][\w-]{1,20}){0,2})>)")

RULES = [
    Rule(
        re.compile(rf"</?(?P<name>{_ELEMENTS})(?![\w-])(?:\s[^<>]{{0,400}})?\s?/?>", re.I),
        _tag,
        "<",
        shape="<[/a]",
        needs=">",
    ),
    Rule(_PLACEHOLDER, _placeholder, "<", shape="<a", needs=">"),
    Rule(re.compile(r">"), _placeholder_end, ">"),
    Rule(re.compile(r"<!--.{0,400}?-->", re.S), _fence, "<", shape="<!"),
    Rule(
        re.compile(r"<(?=(?:https?://|mailto:|[\w.+-]{1,64}@))"),
        _link_start,
        "<",
        shape="<[^ ]",
        needs=":@",
    ),
    Rule(
        re.compile(r">(?=[\s.,;:!?)]|$)"),
        lambda m, c: Markup() if c.previous == "Electronic" else None,
        ">",
    ),
    Rule(
        re.compile(r"!?\[(?=[^\[\]\n]{0,200}\]\([^()\s]{1,300}\))"),
        _link_start,
        "[!",
        shape=r"!\[|\[[^\[]",
        needs="(",
    ),
    Rule(
        re.compile(r"\]\((?:[^()\s]{1,300})(?:\s\"[^\"]{0,100}\")?\)"),
        _link_end,
        "]",
        shape=r"\][(]",
    ),
    Rule(re.compile(r"\[(?: |x|X)\](?=\s)"), lambda m, c: _at_start(m, c), "[", shape=r"\[[ a]\]"),
    Rule(re.compile(r"#{1,6}(?=\s)"), _at_start, "#", shape="# "),
    Rule(re.compile(r">+(?=\s|$)"), _at_start, ">", shape=">( |$)"),
    Rule(re.compile(r"(?:\*|\+|-|•|·|‣|◦|▪|■|●|○|–)(?=\s)"), _at_start, "*+-•·‣◦▪■●○–", shape=". "),
    Rule(re.compile(r"<\|(?=\w)|\|>|\$(?=\{)"), _fence, "<|$", shape="<[|]|[|]>|[$]{"),
    Rule(re.compile(r"```\w{0,20}"), _fence, "`"),
    Rule(re.compile(r"\|"), _at_start, "|"),
    Rule(re.compile(r"\$\s(?=[a-z])"), _at_start, "$", shape="[$] a"),
    Rule(
        re.compile(r"\\(?=[nrt*_`#\[\](){}>|~-])"),
        lambda m, c: Markup() if c.follows(m.end()) not in "nrt" else None,
        "\\",
    ),
    Rule(
        re.compile(r"\^?\[\^?[1-9]\d{0,2}\](?!\(|\s?=)|\[citation needed\]"),
        lambda m, c: Markup() if "^" in m[0] or c.touches(m.start()).strip() else None,
        "[^",
        shape=r"\^\[|\[[\^0a]",
    ),
]
