"""Abbreviations with signs inside: "e.g.", "w/o", "and/or", "Roe v. Wade", "(b. 1955)"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.abbreviation import Abbreviation
from vvcli.frontend.english.number_words import cardinal, letters
from vvcli.frontend.english.patterns import alternatives
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import mapping, rows

_PHRASES = {row[0]: (row[1], row[2] if len(row) > 2 else "") for row in rows("english/phrases")}


def _phrase(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    found = _PHRASES.get(_key(match["phrase"]))
    return Abbreviation(found[0]) if found else None


def _key(written: str) -> str:
    key = re.sub(r"\s+", " ", re.sub(r"\.\s?(?=\w)", ".", written.lower())).rstrip(".")
    if key in _PHRASES:
        return key
    key = re.sub(r"\.(?=\w)", ". ", written.lower()).rstrip(".")
    return key if key in _PHRASES else written.lower()


def _pattern(phrase: str) -> str:
    """A phrase whose points may have a space after them."""
    return r"\.\s?".join(
        r"\s+".join(re.escape(word) for word in part.strip().split(" "))
        for part in phrase.rstrip(".").split(".")
    )


def _phrases(stop: str) -> Rule:
    found = [phrase for phrase, (_, how) in _PHRASES.items() if how == stop]
    first = frozenset(re.match("[a-z]+", phrase)[0] for phrase in found)  # type: ignore[index]
    longest = sorted(found, key=len, reverse=True)
    written = "|".join(_pattern(p) for p in longest)
    # "w/" stands before anything but a letter that it would touch.
    return Rule(
        re.compile(
            rf"(?<![\w/])(?P<phrase>(?i:{written}))(?:\.|(?![\w/]))(?!\w|\.\w)|(?P<with>w/)(?=\w)"
        ),
        lambda m, c: Abbreviation("with") if m["with"] else _phrase(m, c),
        "w",
        first | ({"w"} if not stop else frozenset()),
        stop=stop or "never",
        shape="aa|a[./ ]",
    )


@dataclass(frozen=True)
class Slashed:
    """Words with a slash that is read in a way of its own."""

    said: str

    def words(self, british: bool) -> str:
        """As in "and or"."""
        return self.said


def _slashed(match: re.Match[str], clause: Clause) -> Slashed | None:
    said = mapping("english/slashes").get(match[0].lower())
    return Slashed(said) if said else None


def _versus(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """Between two parties: "Roe v. Wade"."""
    before, after = clause.before(match.start()), clause.after(match.end())
    if before == ".":
        before = "U.S."
    is_case = before[:1].isupper() and after[:1].isupper() and len(before) > 1 and len(after) > 1
    return Abbreviation("versus") if is_case else None


def _life(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """The years of a life: "(b. 1955)"."""
    number, before = clause.after(match.end()), clause.before(match.start())
    is_alone = not before and len(number) == 4 and match[0] in ("b.", "d.", "fl.")
    if not number[:1].isdigit() or not (is_alone or before in ("(", ";", ",")):
        return None
    said = {"b.": "born", "d.": "died", "r.": "reigned", "fl.": "flourished", "m.": "married"}
    return Abbreviation(said[match[0]])


def _defeated(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """Between players with a result after them: "Federer d. Nadal 6-4"."""
    is_name = clause.before(match.start())[:1].isupper()
    return Abbreviation("defeated") if is_name else None


def _every(match: re.Match[str], clause: Clause) -> Abbreviation:
    """How often a drug is taken: "q6h", "q4-6h"."""
    if match["last"] is None and int(match["first"]) == 1:
        return Abbreviation("every hour")
    hours = [cardinal(int(n)) for n in (match["first"], match["last"]) if n]
    return Abbreviation(f"every {' to '.join(hours)} hours")


def _edition(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    before = clause.before(match.start()).lower()
    if match[0] == "Cir.":
        return (
            Abbreviation("circuit") if before in ("st", "nd", "rd", "th", "d", "fed", ".") else None
        )
    if match[0].lower() == "fl.":
        return Abbreviation("floor") if before in ("st", "nd", "rd", "th") else None
    is_edition = before in ("st", "nd", "rd", "th", "rev", "revised", "new", ".", "first")
    return Abbreviation("edition") if is_edition and clause.previous != "Stop" else None


def _reporter(match: re.Match[str], clause: Clause) -> Abbreviation:
    """A series of law reports: "F.3d", "S.W.2d"."""
    name = re.sub(r"[.\s]", "", match["name"].replace("Ed.", ""))
    edition = " edition" if "Ed." in match["name"] else ""
    return Abbreviation(
        f"{letters(name)}{edition} {'second' if match['series'] == '2' else 'third'}"
    )


def _following(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """And the next pages: "pp. 20ff."."""
    is_page = clause.touches(match.start()).isdigit() or clause.before(match.start()).isdigit()
    return Abbreviation("and following") if is_page else None


def _estimated(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    return Abbreviation("estimated") if clause.before(match.start())[-1:].isdigit() else None


_BOOKS = mapping("english/books")

RULES = [
    Rule(
        re.compile(rf"(?P<book>{alternatives(set(_BOOKS))})\.?(?=\s\d{{1,3}}:\d)"),
        lambda m, c: Abbreviation(_BOOKS[m["book"]]),
        "C",
        frozenset(book.lower() for book in _BOOKS),
        stop="never",
    ),
    Rule(
        re.compile(r"ed\.|[fF]l\.|Cir\.(?!\w)"),
        _edition,
        "w",
        frozenset(["ed", "fl", "cir"]),
        stop="starter",
    ),
    Rule(
        re.compile(r"(?P<name>(?:[A-Z]\.\s?){1,3}(?:Ed\.\s?)?)(?P<series>2|3)d(?!\w)"),
        _reporter,
        "C",
        stop="never",
        shape="a[.]",
    ),
    Rule(
        re.compile(r"Gen\.(?=\s[XYZ](?!\w))"),
        lambda m, c: Abbreviation("gen"),
        "C",
        frozenset(["gen"]),
        stop="never",
    ),
    Rule(re.compile(r"ff(?:\.|(?!\w))"), _following, "w", frozenset(["ff"]), stop="capital"),
    Rule(
        re.compile(r"est\.(?=\s*(?:$|[),;]))"), _estimated, "w", frozenset(["est"]), stop="starter"
    ),
    Rule(
        re.compile(r"S(?P<season>\d{1,2})E(?P<episode>\d{1,3})(?!\w)"),
        lambda m, c: Abbreviation(
            f"season {cardinal(int(m['season']))} episode {cardinal(int(m['episode']))}"
        ),
        "C",
        frozenset("s"),
    ),
    Rule(
        re.compile(r"Q\.(?=\s?\d)"),
        lambda m, c: Abbreviation("question"),
        "C",
        frozenset("q"),
        stop="never",
    ),
    Rule(
        re.compile(r"f(?:ea)?t\.?(?=\s[A-Z][a-z])"),
        lambda m, c: None if c.before(m.start())[-1:].isdigit() else Abbreviation("featuring"),
        "w",
        frozenset(["ft", "feat"]),
        stop="never",
    ),
    Rule(
        re.compile(r"[iI]nc\.(?=\s(?:VAT|GST|tax|taxes|P&P|shipping|postage|delivery)(?!\w))"),
        lambda m, c: Abbreviation("including"),
        "w",
        frozenset(["inc"]),
        stop="never",
    ),
    Rule(
        re.compile(r"q(?P<first>\d{1,2})(?:[-–](?P<last>\d{1,2}))?(?:h|hrs?)(?!\w)"),
        _every,
        "w",
        frozenset("q"),
    ),
    Rule(
        re.compile(r"(?:d|def)\.(?=(?:\s[A-Z][\w'.-]{1,20}){1,3},?\s\d{1,3}[-–]\d)"),
        _defeated,
        "w",
        frozenset(["d", "def"]),
        stop="never",
    ),
    Rule(
        re.compile(r"(?:[eE]xp|EXP)(?:\.:?|:)?(?=\s?(?:0\d|1[0-2])/\d)"),
        lambda m, c: Abbreviation("expires"),
        "w",
        frozenset(["exp"]),
        stop="never",
    ),
    Rule(re.compile(r"v\.?(?=\s)"), _versus, "w", frozenset("v"), stop="never", shape="a[. ]"),
    Rule(
        re.compile(r"(?:b|d|r|m|fl)\.(?=\s?\d)"),
        _life,
        "w",
        frozenset(["b", "d", "r", "m", "fl"]),
        stop="never",
    ),
    Rule(
        re.compile(r"[A-Za-z]{1,10}/[A-Za-z0-9]{1,10}(?:/they)?(?![\w/])"),
        _slashed,
        "w",
        frozenset(re.match("[a-z]*", key)[0] for key in mapping("english/slashes")),  # type: ignore[index]
        shape="a+/",
        needs="/",
    ),
    *(_phrases(stop) for stop in ("", "starter", "capital")),
    Rule(
        re.compile(r"(?:[eE]\.g\.|[iI]\.e\.)(?=[A-Za-z])"),
        lambda m, c: Abbreviation(_PHRASES[m[0].lower().rstrip(".")][0]),
        "w",
        frozenset("ei"),
        shape="a[.]",
    ),
]
