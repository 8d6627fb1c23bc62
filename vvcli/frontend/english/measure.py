"""Numbers with units: "5 kg", "6'2\"", "2h30m", "a 12m wall", "10-15%", "5 km/h", "5 m²"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.fraction import Fraction
from vvcli.frontend.english.number_words import number
from vvcli.frontend.english.patterns import EUROPEAN, NTH, STREET, is_one, plain, point
from vvcli.frontend.english.units import FIRST_LETTERS, UNIT, Unit, find_unit
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, words


@dataclass(frozen=True)
class Measure:
    """A number, or two of them, of a unit."""

    number: str | Fraction
    unit: Unit
    last: str = ""  # of a range
    link: str = "to"
    singular: bool = False
    sign: str = ""  # "minus", "plus or minus"

    def words(self, british: bool) -> str:
        """As in "ten to fifteen percent"."""
        if isinstance(self.number, Fraction):
            said = self.number.words(british)
            is_one_unit = self.number.whole is None and self.number.over < self.number.under
            is_one_unit = is_one_unit and " over " not in said  # 1/250 s
        else:
            said = number(self.number, british)
            is_one_unit = is_one(self.number)
        if self.last:
            said = " ".join(filter(None, [said, self.link, number(self.last, british)]))
            is_one_unit = False
        unit = self.unit.one if self.singular or is_one_unit else self.unit.many
        return " ".join(filter(None, [self.sign, said, unit]))


_SIGNS = {"-": "minus", "+": "plus", "±": "plus or minus", "~": "about", "≈": "about"}
_PORTIONS = ("gram", "kilogram", "milliliter", "liter", "ounce", "fluid ounce", "pound")
_LENGTHS = cues("measure.lengths")


def _measure(match: re.Match[str], clause: Clause) -> Measure | None:
    unit = find_unit(match["unit"])
    place = match.start()
    is_name = clause.touches(place) == "-" and clause.text[max(0, place - 2)].isalpha()
    touches = clause.touches(place)
    if (touches.isalpha() and touches not in "Øø") or is_name:
        return None  # SW1A, I-95 N
    if unit is None or not _is_unit(match, clause, unit):
        return None
    if unit.flag == "bps" and len(plain(match["number"] or "0")) > 2:
        unit = Unit("bit per second", "bits per second")
    written = match["sign"] or ""
    if written and written in "-+" and _touches_word(match.start(), clause):
        return None
    value: str | Fraction = point(match["number"] or "0")
    if match["under"]:
        whole = int(match["whole"]) if match["whole"] else None
        is_declared = match["unit"] == "d" and int(match["over"]) > 19 and not match["gap"]
        if not int(match["under"]) or is_declared:
            return None  # 287/6d, of an innings
        if unit.one == "hertz" and int(match["over"]) > 9 and whole is None:
            return Measure(match["over"], unit, match["under"], link="")  # 50/60 Hz
        value = Fraction(int(match["over"]), int(match["under"]), whole)
        if value.over > 1 and value.under == 4 and whole is None and unit.one != "percent":
            value = Fraction(value.over, 4, of_one="an" if unit.one[0] in "aeiou" else "a")
    last = point(match["last"] or "")
    is_single = unit.one != "percent" and _is_attribute(match, clause)
    link = "by" if match["by"] else "to"
    if match["by"] and unit.one in _PORTIONS and match["number"].isdigit():
        link = ""  # 1 x 400g tin
    return Measure(value, unit, last, link, is_single, _SIGNS.get(written.strip(), ""))


def _touches_word(place: int, clause: Clause) -> bool:
    before = clause.touches(place)
    return before.isalnum() or (before != "" and before in ")]%")


def _is_unit(match: re.Match[str], clause: Clause, unit: Unit) -> bool:
    """Whether the letters after a number are a unit here, and not a word or a name."""
    written = match["unit"].rstrip(".")
    is_attached = not match["gap"]
    if unit.flag == "attached" and not is_attached:
        return False
    before = clause.cue(match.start())
    end = match.end()
    after = clause.after(end)
    if unit.flag == "cup":
        return match["unit"].endswith(".") and after.islower()
    if unit.flag == "in":
        return _is_inch(match, clause, before, after)
    if len(written) == 1 and match["gap"] not in ("", "-") and _is_letter_of_word(clause, end):
        return False  # 4 A-levels, 2 t shirts
    if unit.flag in ("", "pcs", "bps") or match["gap"] == "-":
        return before not in words("english/sections") or len(written) > 1
    if unit.flag == "us":
        return is_attached
    if written in ("N", "S", "E", "W") and _STREET.match(clause.text, end):
        return False  # 221 W 57th St
    # A lone letter: a section, a student, an article, millions.
    if before in words("english/sections"):
        return False
    if (
        written.isupper()
        and match["unit"].endswith(".")
        and (after[:1].isupper() or after.isdigit())
    ):
        return False  # 123 W. 45th Street
    if is_attached and written == "m" and before in ("pop", "population"):
        return False
    if is_attached:
        return not (written == "m" and after in words("english/counted"))
    if written.isupper() and after[:1].isdigit() and not match["unit"].endswith("."):
        return False  # W 3-1 L 0-2
    if written.isupper() and written != "L":  # "2 L water"
        is_noun = after.isalpha() and after.islower() and after not in _ELECTRIC
        return not (is_noun and after not in words("english/after_measure"))
    if written in ("m", "t"):
        return after not in words("english/counted")
    return not (written == "l" and match["unit"].endswith(".") and after.isdigit())


def _is_letter_of_word(clause: Clause, end: int) -> bool:
    """Whether the letter before `end` is one of a word as "A-level", "V-neck" and "t-shirt" are."""
    if clause.follows(end) == "-":
        return clause.after(end, 2).lower() in _LETTERED
    return clause.after(end).lower() in ("shirt", "shirts")


_ELECTRIC = cues("measure.electric")
_LETTERED = cues("measure.lettered")
_STREET = re.compile(rf"{STREET}|\s{NTH}(?!\w)")


def _is_inch(match: re.Match[str], clause: Clause, before: str, after: str) -> bool:
    end = match.end()
    if "," in (match["number"] or "") and point(match["number"]) != plain(match["number"]):
        return False  # "on pages 5,6 in the book"
    if match["gap"] == "-" and clause.follows(end) == "-":
        return not clause.after(end, 2)[:1].isdigit()  # "3-in-1"
    if not match["gap"] or match["gap"] == "-" or match["under"]:
        return True
    if match["unit"].endswith("."):
        return after.islower() or after in ("", ",", ")", "x", "×", ";") or after[:1].isupper()
    if after.lower() in _LENGTHS and after.lower() != "of":
        return True
    if after in ("", ".", ",", ")", ";", "!", "?"):
        return before not in ("put", "born", "came", "took", "let", "got")
    return clause.before(end, 3).lower() in ("feet", "ft", "foot")


def _is_attribute(match: re.Match[str], clause: Clause) -> bool:
    """Whether the measure describes the noun after it, and so is singular: "a 12m wall"."""
    end = match.end()
    after = clause.after(end)
    if clause.follows(end) == "-":
        return clause.text[end + 1 : end + 2].isalpha()
    if match["gap"] == "-" and (after[:1].isupper() or not after):
        return True
    if not (after.isalpha() and after.islower()) or after in words("english/after_measure"):
        return False
    if match["gap"] == "-" or after in words("english/attributive"):
        return True
    article = clause.before(match.start()).lower()
    return article in ("a", "an") or (article in _ARTICLES and not counts(after))


_ARTICLES = cues("measure.articles")


def _percent(match: re.Match[str], clause: Clause) -> Measure | None:
    written = match["sign"] or ""
    if written and written in "-+" and _touches_word(match.start(), clause):
        return None
    unit = Unit("percent", "percent")
    value = point(match["number"])
    return Measure(value, unit, point(match["last"] or ""), sign=_SIGNS.get(written.strip(), ""))


_NUM = rf"(?:{EUROPEAN}|\d{{1,3}}(?:,\d{{2,3}}){{0,5}},\d{{3}}(?:\.\d+)?|\d+\.\d+|\d+|\.\d+)"
_RANGE = rf"(?:(?:\s?(?:--?|–|—)\s?|(?P<by>\s?[x×]\s?))(?P<last>{_NUM}))?"
FRACTION = r"(?:(?P<whole>\d{1,4})[\s-])?(?P<over>\d{1,4})/(?P<under>\d{1,4})"

RULES = [
    Rule(
        re.compile(
            rf"(?P<sign>(?<![\w)\]%])-|[+±~≈]\s?)?(?P<number>{_NUM})\s?%?{_RANGE}"
            r"\s?(?:%|percent(?!\w)|pct\.?(?!\w))(?!\w)"
        ),
        _percent,
        "0-+±~≈.",
        shape="(?!0a0a0a0)0+([ a%x×–—-]|,0|[.]0+(?![0./:;,)]))|[^0][ 0.]",
        letters="px",
        needs="%a",
    ),
    Rule(
        re.compile(
            rf"(?P<sign>(?<![\w)\]%])-|[+±~≈]\s?)?(?:{FRACTION}|(?P<number>{_NUM}){_RANGE})"
            rf"(?P<gap>[\s-]?)(?=[a-zA-Zμ°ΩÅ])(?P<unit>{UNIT})"
        ),
        _measure,
        "0-+±~≈.",
        shape="(?!0a0a0a0)0+( [^ ]|,0|[.]0+(?![0./:;!?])|"
        "[^ 0.,:;'\"!?$€£&=<>|@#_*+)(\\[\\]{}])|[^0][ 0.]",
        stop="capital",
        needs="a°",
        letters=FIRST_LETTERS + "x",
    ),
]
