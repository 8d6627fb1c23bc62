"""Abbreviations: titles, streets, "No. 5", "etc.", "e.g.", "w/o", "and/or"."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, rows, words

_SAID_NO = cues("abbreviation.said_no")
_ARTICLES = cues("date.articles")


@dataclass(frozen=True)
class Abbreviation:
    """The words that it stands for."""

    said: str

    def words(self, british: bool) -> str:
        """Those words."""
        return self.said


def _senses() -> dict[str, list[tuple[str, frozenset[str]]]]:
    found = defaultdict(list)
    for key, said, *cell in rows("english/abbreviations"):
        found[key].append((said, frozenset(cell[0].split()) if cell else frozenset({"any"})))
    return dict(found)


_SENSES = _senses()


def _before_name(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """A title or the name of a number, whose stop ends no sentence."""
    return _abbreviation(match, clause, frozenset({"title", "number"}))


def _abbreviation(
    match: re.Match[str], clause: Clause, kinds: frozenset[str] = frozenset()
) -> Abbreviation | None:
    written, is_dotted = match["word"], bool(match["dot"])
    if written.isupper() and len(written) > 1 and (not is_dotted or not clause.is_shouting):
        return None
    for said, flags in _SENSES[written.lower()]:
        if not is_dotted and "bare" not in flags:
            continue
        if kinds:
            flags = flags & (kinds | {"bare", "word"})
            if not flags & kinds:
                continue
        if _fits(match, clause, flags, is_dotted):
            return Abbreviation(said)
    return None


def _possessive(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """Whose something is: "Smith Jr.'s car", "the Dr.'s office"."""
    before = clause.before(match.start())
    is_name = before[:1].isupper() and before.lower() not in _ARTICLES
    wanted = {"name", "street"} if is_name or before in ("&", "and", ",") else {"title", "name"}
    senses = _SENSES[match["word"].lower()]
    for kinds in (wanted, {"title", "name", "street", "any"}):
        for said, flags in senses:
            if flags & kinds:
                return Abbreviation(f"{said}'s")
    return None


def _fits(match: re.Match[str], clause: Clause, flags: frozenset[str], is_dotted: bool) -> bool:
    end, place = match.end(), match.start()
    written = match["word"]
    token = clause.token_after(end)
    after = token.text if token else ""
    is_close = token is not None and (token.kind in ("word", "number") or after in ('"', "'", "#"))
    before = clause.before(place)
    if "street" in flags and _is_street(clause, place, end, before, after, is_dotted):
        return True
    in_brackets = after == "(" and clause.after(end, 2)[:1].isdigit()
    is_before_number = (
        after[:1].isdigit()
        or in_brackets
        or (
            (after.isalpha() and len(after) <= 5 and set(after) <= set("IVXLCDM"))
            or (len(after) == 1 and after.isupper())
            or (after.isalpha() and len(after) < 5 and set(after) <= set("ivxl") and is_dotted)
        )
    )
    if written in ("no", "No") and is_dotted and after == "of" and "number" in flags:
        return before.lower() not in _SAID_NO
    if "number" in flags and is_before_number and _numbers(match, clause, flags, before, after):
        return True
    is_named = written[0].isupper() and after[:1].isupper() and is_close
    if "title" in flags and is_named and (is_dotted or clause.follows(end) == " "):
        return _is_title(written, clause, place, after)
    if written.lower() in ("max", "min", "temp", "temps") and is_dotted and after.islower():
        return not before.isdigit() and (after == "of" or after not in clause.starters)
    if written.lower() == "sr" and "name" in flags and after.lower() in cues("abbreviation.jobs"):
        return True
    if "name" in flags and (before[:1].isupper() or before in (",", "&", "and", "-", "")):
        is_word = written.islower() or "word" in flags
        return not is_word or (is_dotted and written[0].isupper() and before != "")
    if "title" in flags and (is_dotted or "bare" in flags) and after in ("and", "&", "/"):
        return clause.after(end, 2).lower() in _SENSES
    if "any" in flags or ("bare" in flags and flags == {"bare"}):
        return is_dotted or ((written.islower() or not written.isupper()) and "bare" in flags)
    return False


def _is_title(written: str, clause: Clause, place: int, after: str) -> bool:
    """Whether a name follows: the first word of a sentence might."""
    lower = written.lower()
    if lower == "st" and clause.follows(place + 2) != "." and clause.before(place)[:1].isupper():
        # Bury St Edmunds, but Wall St Journal.
        name = after.lower().removesuffix("'s")
        return name in cues("abbreviation.saints") or name in words("english/given_names")
    if (
        lower in ("sr", "pt", "ft", "mt", "fr", "br", "st", "ste")
        and after.lower() in clause.starters
    ):
        return False
    if lower == "sr" and after.lower() in cues("abbreviation.jobs"):
        return False
    is_article = lower == "dr" and clause.before(place).lower() in _ARTICLES
    if is_article or (lower in ("st", "dr") and clause.before(place)[:1].isupper()):
        return after.lower() not in clause.starters
    return True


def _numbers(
    match: re.Match[str], clause: Clause, flags: frozenset[str], before: str, after: str
) -> bool:
    """Whether it numbers what follows: "No. 5", but not "He said no. 5 people left."."""
    written, is_dotted = match["word"].lower(), bool(match["dot"])
    if written in ("no", "nos") and not is_dotted:
        is_name = clause.british or not clause.begins_sentence(match.start())
        return match["word"].istitle() and after[:1].isdigit() and (is_name or written == "nos")
    if written == "no":
        if after == "I":
            return False
        if match["word"] == "No":
            is_start = before == "." and clause.previous == "Stop"
            return before not in ("?", "!", '"') and not is_start
        if before.lower() in ("and", "or") and clause.before(match.start(), 2).isdigit():
            return True
        if before == "," and clause.before(match.start(), 2).isdigit() and after[:1].isdigit():
            return True  # vol. 3, no. 2
        return before.lower() not in _SAID_NO and before not in ("?", ".", "!", ",")
    if written in ("min", "max") and before.isdigit():
        return False
    if written in ("c", "s", "ss") and (
        before[:1].isdigit() or clause.touches(match.start()).isalnum()
    ):
        return False
    if len(written) == 1 and match["word"].isupper():
        return False
    if not is_dotted:
        return match["word"][0].isupper() or written not in ("ch", "ep", "op", "pt", "rm")
    return True


def _is_street(
    clause: Clause, place: int, end: int, before: str, after: str, is_dotted: bool
) -> bool:
    """Whether it ends the name of a street: "Elm St.", "5th Ave", "123 Oak Dr."."""
    written = clause.text[place : place + 2]
    if not written[0].isupper() or not before:
        return before[:1].isdigit() and written[0].isupper()
    if written == "Dr" and before.lower() in _ARTICLES:
        return False  # "The Dr. lives here."
    is_name = before[0].isupper() and before.replace("'", "").isalpha() and len(before) > 1
    is_ordinal = re.search(r"\d(?:st|nd|rd|th)$", clause.text[max(0, place - 8) : place].rstrip())
    if not (is_name or is_ordinal):
        return clause.after(end).lower() == "of" and written != "Dr"
    if clause.previous == "Abbreviation" and not is_ordinal:
        return False  # "Prof. Dr. Lee"
    is_ended = (
        after == ""
        or not (after[0].isupper() or after[0] in "\"'")
        or (
            after.lower() in clause.starters
            or after in ("NE", "NW", "SE", "SW", "N", "S", "E", "W")
        )
    )
    has_number = any(clause.before(place, n)[:1].isdigit() for n in (2, 3, 4))
    is_named = is_ended or has_number or bool(is_ordinal)
    if clause.text[place:end] == "St":
        return True  # the Wall St Journal: no saint has that name
    return is_named if is_dotted else is_named and (has_number or bool(is_ordinal) or is_ended)


_WORD = re.compile(r"(?P<word>[A-Za-z]{1,8})(?P<dot>\.)?(?![\w'])")
# Those without a full stop are few: most words of the table are words of another kind, too.
_BARE = frozenset(word for word, senses in _SENSES.items() if any("bare" in f for _, f in senses))
_NAMING = frozenset(
    word for word, senses in _SENSES.items() if any(f & {"title", "number"} for _, f in senses)
)
_DOTTED_SHAPE, _BARE_SHAPE = "a+[.]", "a+(?![.a0_'])"

RULES = [
    Rule(
        re.compile(r"(?P<word>[A-Za-z]{1,8})\.'s(?!\w)"),
        _possessive,
        "w",
        frozenset(_SENSES),
        shape="a+[.]'",
    ),
    Rule(_WORD, _before_name, "w", _NAMING, stop="never", shape=_DOTTED_SHAPE),
    Rule(_WORD, _before_name, "w", _NAMING & _BARE, stop="never", shape=_BARE_SHAPE),
    Rule(_WORD, _abbreviation, "w", frozenset(_SENSES), stop="starter", shape=_DOTTED_SHAPE),
    Rule(_WORD, _abbreviation, "w", _BARE, stop="starter", shape=_BARE_SHAPE),
    # "Mr.Smith" and "No.5" have no space; "end.Start" is no abbreviation.
    Rule(
        re.compile(r"(?P<word>[A-Za-z]{1,8})(?P<dot>\.)(?=[A-Z0-9])"),
        lambda m, c: (
            _abbreviation(m, c)
            if "title" in _SENSES[m["word"].lower()][0][1] or c.follows(m.end()).isdigit()
            else None
        ),
        "w",
        frozenset(_SENSES),
        stop="never",
        shape="a+[.][a0]",
    ),
]
