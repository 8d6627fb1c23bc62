"""Roman numerals: a number after "Chapter" or "World War", a rank after a ruler's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, letters, ordinal, year
from vvcli.frontend.english.roman_value import NUMERAL, value
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, lists, words

# Words after which "Mary I" is a queen, and not the beginning of what I do.
_AFTER_RANK = cues("roman.after_rank")
_NAMED_X = cues("roman.named_x")
_OF_ME = cues("roman.of_me")
_SPELLED = cues("roman.spelled")


@dataclass(frozen=True)
class Roman:
    """A numeral, as a number or as a rank, with what is attached to it."""

    number: int
    is_rank: bool = False
    ending: str = ""

    def words(self, british: bool) -> str:
        """As in "the fourteenth" or "fourteen"."""
        if self.is_rank:
            return f"the {ordinal(self.number, british)}{self.ending}"
        said = year(self.number) if self.number >= 1400 else cardinal(self.number)
        return said + self.ending


def _roman(match: re.Match[str], clause: Clause) -> Roman | None:
    written, ending = match.groups("")
    place, end = match.span()
    before = clause.before(place)
    if before == ".":
        before = clause.before(place, 2)
    cue = before.lower()
    if written[0].islower() and cue not in _LOWER_TOO:
        return None
    number = value(written.upper())
    if number is None or clause.touches(place) in ("-", "'"):
        return None
    if before == "/" and clause.previous == "Symbol" and written.isupper():
        first = clause.before(place, 2)  # "Grade III/IV"
        if value(first) and len(first + written) > 2:
            return Roman(number, ending=ending)
    if cue in ("and", "&") and value(clause.before(place, 2)) and written.isupper():
        before = clause.before(place, 3)  # "James I and VI"
        if before.lower() in words_of("ruler"):
            return Roman(number, is_rank=True, ending=ending)
    if written in ("XI", "XV") and before.lower() in ("st", "nd", "rd"):
        return Roman(number)  # the 1st XI
    after = clause.after(end).lower()
    if after in ("century", "centuries", "c") and written.isupper():
        return Century(number)
    if after in _BOOKS and written in ("I", "II", "III") and clause.after(end, 2)[:1].isdigit():
        return Roman(number)  # II Timothy 3:16
    if len(written) > 3 and written.isupper() and 1400 <= number <= 2100 and written[0] == "M":
        return Roman(number, ending=ending)
    if cue in words_of("number") and (written.isupper() or cue in _LOWER_TOO):
        return _after_cue(match, clause, number, cue, ending)
    if not written.isupper() or not before[:1].isupper():
        return None
    if cue in words_of("ruler"):
        return _of_ruler(match, clause, number, before, ending)
    if len(written) == 1 or written in _SPELLED:
        return None
    if clause.before(place, 2).lower() in words("english/given_names"):
        return Roman(number, is_rank=True, ending=ending)
    if number <= 39 and before.isalpha() and len(before) > 2 and before.istitle():
        return Roman(number, ending=ending)
    return None


@dataclass(frozen=True)
class Century(Roman):
    """The numeral of a century: "the XXI century"."""

    def words(self, british: bool) -> str:
        """As in "twenty first"."""
        return ordinal(self.number, british)


_BOOKS = cues("time.books")


def words_of(kind: str) -> frozenset[str]:
    """The words of the table of cues."""
    return lists("english/roman_cues")[kind]


_LOWER_TOO = cues("roman.lower_too")


def _after_cue(
    match: re.Match[str], clause: Clause, number: int, cue: str, ending: str
) -> Roman | None:
    written = match["numeral"]
    after = clause.after(match.end())
    if written.upper() in ("C", "D", "M", "L") or (written in _SPELLED and cue not in _LOWER_TOO):
        return None
    if written == "I" and cue == "no":
        return None  # "No. I won't."
    if written in "iI" and after.isalpha() and after.islower() and after not in _AFTER_RANK:
        is_title = clause.before(match.start()).istitle()
        if not is_title or after in _OF_ME:
            return None  # "In this part I describe"
    if written == "i" and cue not in ("page", "scene", "act", "chapter", "part"):
        return None
    if written in ("V", "X") and cue in _NAMED_X:
        return None
    return Roman(number, ending=ending)


def _of_ruler(
    match: re.Match[str], clause: Clause, number: int, before: str, ending: str
) -> Roman | None:
    written = match["numeral"]
    after = clause.after(match.end())
    if written in ("C", "D", "M", "L") or number > 40:
        return None
    if written == "X" and before.lower() == "malcolm":
        return None
    if written == "I" and not ending:
        is_clause = after.isalpha() and after.islower() and after not in _AFTER_RANK
        if is_clause or after in ("'", '"'):
            return None
    is_initial = clause.follows(match.end()) == "." and clause.after(match.end(), 2)[:1].isupper()
    if len(written) == 1 and is_initial and clause.before(match.start(), 2)[:1].isupper() is False:
        follows = clause.after(match.end(), 2).lower()
        if follows not in clause.starters:
            return None  # "George V. Smith"
    return Roman(number, is_rank=True, ending=ending)


def _lettered(match: re.Match[str], clause: Clause) -> Roman | None:
    """A numeral and a letter: "Section IIIa", "Type IIb"."""
    number = value(match["numeral"])
    if match["letter"].isupper() and len(match["numeral"]) == 1:
        return None  # "Class IC"
    if number is None or clause.cue(match.start()) not in words_of("number"):
        return None
    return Roman(number, ending=f" {letters(match['letter'])}")


RULES = [
    Rule(
        re.compile(r"(?P<numeral>[IVX]{1,5})(?P<letter>[a-eA-E])(?!\w)"), _lettered, "C", shape="aa"
    ),
    Rule(
        re.compile(rf"(?P<numeral>{NUMERAL})(?P<ending>'s)?(?![\w&])"),
        _roman,
        "w",
        shape="a+(?![a0_&])",
        letters="ivxlcdm",
    ),
]
