"""Names in code: "snake_case", "camelCase", "os.path.join()", "--help", "#tag", "@handle"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.electronic import ALONE
from vvcli.frontend.english.number_words import cardinal, digits, letters
from vvcli.frontend.english.plain import without_accents
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, words


@dataclass(frozen=True)
class Identifier:
    """A name in code: its words, without its signs."""

    name: str

    def words(self, british: bool) -> str:
        """As in "camel case name"."""
        said = []
        for piece in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", without_accents(self.name)):
            if piece.isdigit():
                said.append(cardinal(int(piece)) if len(piece) < 9 else digits(piece))
            elif piece.isupper() and len(piece) > 1:
                from vvcli.frontend.english.letters import acronym

                is_word = self.name.isupper() and re.search("[AEIOUY]", piece)
                said.append(piece.lower() if is_word else acronym(piece))
            else:
                is_short = len(piece) <= 3 and not re.search("[aeiouyAEIOUY]", piece)
                said.append(letters(piece) if is_short or piece == "A" else piece.lower())
        return " ".join(said)


@dataclass(frozen=True)
class Dotted(Identifier):
    """Names in code with dots between: "os.path.join"."""

    def words(self, british: bool) -> str:
        """As in "os dot path dot join"."""
        return " dot ".join(Identifier(part).words(british) for part in self.name.split("."))


@dataclass(frozen=True)
class Color:
    """A color of a web page: "#FF8800"."""

    digits: str

    def words(self, british: bool) -> str:
        """As in "hash f f eight eight zero zero"."""
        return f"hash {letters(self.digits)}"


@dataclass(frozen=True)
class Tag:
    """A handle or a hashtag."""

    sign: str
    name: str

    def words(self, british: bool) -> str:
        """As in "hashtag throwback thursday"."""
        word = "hashtag" if self.sign == "#" else "at"
        return f"{word} {Identifier(self.name).words(british)}"


def _identifier(match: re.Match[str], clause: Clause) -> Identifier | None:
    name = match["name"]
    if clause.touches(match.start()) == "_" and clause.follows(match.end()) == "_":
        return None
    return Identifier(name)


def _camel(match: re.Match[str], clause: Clause) -> Identifier | None:
    name = match[0]
    humps = re.findall(r"[A-Z][a-z]+", name)
    is_loud = name[:3].isupper()
    if (name[0].isupper() and len(humps) < 3 and not is_loud) or name.startswith(
        ("Mac", "Mc", "O'")
    ):
        return None
    return Identifier(name)


def _dotted(match: re.Match[str], clause: Clause) -> Dotted | None:
    name = match["name"]
    parts = name.split(".")
    if (
        len(parts[0]) == 1
        or re.fullmatch(r"v\d+\.x", name)
        or all(len(part) == 1 for part in parts)
    ):
        return None
    return Dotted(name)


def _flag(match: re.Match[str], clause: Clause) -> Identifier | None:
    before = clause.touches(match.start())
    if before and not (before.isspace() or before in "`([\"'/"):
        return None
    if match[0].startswith("--"):
        return Flag("dash dash", match["name"])
    return Flag("dash", match["name"]) if _in_command(match, clause) else None


def _in_command(match: re.Match[str], clause: Clause) -> bool:
    """Whether it is letters that are options: "-x", "-rf"."""
    name = match["name"]
    return name.isalpha() and (
        len(name) == 1 or (len(name) < 4 and name not in words("english/common_words"))
    )


@dataclass(frozen=True)
class Flag(Identifier):
    """An option of a command: "--help"."""

    name: str
    dashes: str

    def __init__(self, dashes: str, name: str) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "dashes", dashes)

    def words(self, british: bool) -> str:
        """The name alone, as people say it; a letter by its name."""
        return letters(self.name) if self.dashes == "dash" else super().words(british)


def _tag(match: re.Match[str], clause: Clause) -> Tag | None:
    before = clause.touches(match.start())
    if before.isalnum() or before in ("&", "/") or match["name"].isdigit():
        return None
    if re.fullmatch(r"\d+[A-Za-z]", match["name"]):
        return None  # Apt #5B
    if clause.follows(match.end()) == "-" and clause.after(match.end(), 2).isdigit():
        return None  # order #A-10293
    has_digits = any(c.isdigit() for c in match["name"])
    if has_digits and clause.before(match.start()).lower() in cues("digits.codes"):
        return None  # Order #A1234
    return Tag(match["sign"], match["name"])


RULES = [
    Rule(
        re.compile(r"#(?=[A-Fa-f]{0,5}\d)(?P<hex>[0-9A-Fa-f]{6})(?!\w)"),
        lambda m, c: Color(m["hex"]) if re.search("[A-Fa-f]", m["hex"]) else None,
        "#",
        shape="#[0a]",
    ),
    Rule(
        re.compile(
            rf"{ALONE}"
            r"(?P<name>[A-Za-z][\w]{0,60}(?:\.[A-Za-z_]\w{0,60}){1,6})(?P<call>\(\))?(?![\w.])"
        ),
        lambda m, c: (
            _dotted(m, c) if m["call"] or m["name"].islower() or "_" in m["name"] else None
        ),
        "w",
        shape="a+[.0_]",
        needs=".",
    ),
    Rule(
        re.compile(rf"{ALONE}" r"(?P<name>[A-Za-z]\w{0,60})\(\)"),
        _identifier,
        "w",
        shape="a+[(0_]",
        needs="(",
    ),
    Rule(
        re.compile(
            r"(?<![A-Za-z0-9])(?P<name>[A-Za-z0-9]{1,60}(?:_{1,2}[A-Za-z0-9]{1,60}){1,9})(?!\w)"
        ),
        _identifier,
        "w",
        shape="a+[0_]",
        needs="_",
    ),
    Rule(
        re.compile(
            r"[a-z]{2,30}(?:[A-Z][a-z]{1,30}){1,8}(?!\w)|(?:[A-Z][a-z]{1,30}){3,8}(?!\w)"
            r"|[A-Z]{2,6}[A-Z][a-z]{2,30}(?:[A-Z][a-z]{1,30}){0,6}(?!\w)"
        ),
        _camel,
        "C",
        shape="aa",
    ),
    Rule(
        re.compile(
            r"(?<!\w)--?(?P<name>[A-Za-z][A-Za-z0-9]{0,30}(?:-[A-Za-z0-9]{1,30}){0,6})(?![\w-])"
        ),
        _flag,
        "-",
        shape="-[a]",
    ),
    Rule(
        re.compile(r"(?P<sign>[@#])(?P<name>\d{0,4}[A-Za-z]\w{0,60})(?!\w)"),
        _tag,
        "@#",
        shape=".[a0]",
    ),
]
