"""Sums of money: "$1,250.50", "US$5", "5,50 €", "$5-10", "£3.2bn", "CHF 20"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, number
from vvcli.frontend.english.patterns import alternatives, plain
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, mapping, rows, words

_NO_PARTS = ("bitcoins", "yen", "won", "dong", "rupiah")


@cache
def currencies() -> dict[str, tuple[str, ...]]:
    """Sign or code: one, many, one part, many parts."""
    return {sign: row[1:] for row in rows("english/currencies") for sign in row[0].split(" ")}


@dataclass(frozen=True)
class Amount:
    """A number with its magnitude: "1.5", "million"."""

    number: str
    magnitude: str = ""

    def words(self, british: bool) -> str:
        """As in "one point five million"."""
        return " ".join(filter(None, [number(self.number, british), self.magnitude]))


@dataclass(frozen=True)
class Money:
    """An amount of a currency, or from one amount to another."""

    amount: Amount
    currency: str
    last: Amount | None = None
    minus: bool = False
    singular: bool = False  # "a five dollar bill"
    ending: str = ""  # "plus"

    def words(self, british: bool) -> str:
        """As in "one thousand two hundred fifty dollars and fifty cents"."""
        one, many, *_ = currencies()[self.currency]
        if self.last is not None:
            first, last = self.amount, self.last
            has_parts = any(re.search(r"\.\d\d$", each.number) for each in (first, last))
            if has_parts and not (first.magnitude or last.magnitude):
                said = f"{self._sum(first, british)} to {self._sum(last, british)}"
            else:
                ends = f"{first.words(british)} to {last.words(british)}"
                said = f"{ends} {one if self.singular else many}"
        else:
            said = self._sum(self.amount, british)
        return " ".join(filter(None, ["minus" * self.minus, said, self.ending]))

    def _sum(self, amount: Amount, british: bool) -> str:
        one, many, part, parts = currencies()[self.currency]
        whole, _, fraction = amount.number.partition(".")
        if self.singular or amount.magnitude or len(fraction) not in (0, 2) or many in _NO_PARTS:
            is_one = self.singular or (amount.number.lstrip("0") == "1" and not amount.magnitude)
            return f"{amount.words(british)} {one if is_one else many}"
        said = []
        units = (whole or "0").lstrip("0") or "0"
        if units == "0" and self.currency.isalpha() and len(self.currency) == 3:
            return f"{amount.words(british)} {many}"  # 0.92 EUR
        if units != "0" or not int(fraction or "0"):
            said.append(f"{number(units, british)} {one if units == '1' else many}")
        if int(fraction or "0"):
            cents = int(fraction)
            said.append(f"{cardinal(cents, british)} {part if cents == 1 else parts}")
        return " and ".join(said)


def _amount(written: str, magnitude: str | None, sign: str) -> Amount:
    written = _decimal_point(written, sign)
    name = mapping("english/magnitudes").get(magnitude or "", (magnitude or "").lower())
    if name == "thousand" and "." not in written and len(written) > 3:
        return Amount(written + "000")  # $1,000k
    return Amount(written, name)


def _decimal_point(written: str, sign: str) -> str:
    """5,50, 1.234,56 and 1 234,56 with a point, and without signs between groups."""
    if re.fullmatch(r"\d{1,3}(?:[. ]\d{3})*,\d{1,2}", written):
        return re.sub("[. ]", "", written).replace(",", ".")
    written = written.replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", written) and (sign == "€" or written.count(".") > 1):
        return written.replace(".", "")
    return plain(written)


def _money(match: re.Match[str], clause: Clause) -> Money | None:
    found = match.groupdict()
    written = found["sign"]
    if not found["number"]:
        return None
    magnitude, last_magnitude = found["magnitude"], found.get("last_magnitude")
    last = _amount(found["last"], last_magnitude, written) if found.get("last") else None
    amount = _amount(found["number"], magnitude, written)
    if last and last_magnitude and not magnitude and not found.get("again"):
        amount = Amount(amount.number)  # $5-10 million
    ending = "plus" if found.get("plus") else ""
    minus = bool(found.get("minus") or found.get("inner"))
    return Money(amount, written, last, minus, _is_singular(match, clause), ending)


def _is_singular(match: re.Match[str], clause: Clause) -> bool:
    """Whether the sum describes a noun: "a $5 coffee", "$20-million deal", "$5 bill"."""
    end = match.end()
    after = clause.after(end)
    before = clause.before(match.start()).lower()
    if clause.follows(end) == "-" and clause.text[end + 1 : end + 2].islower():
        following = clause.after(end, 2)
        is_rate = following in ("a", "an", "per") and before in ("a", "the")  # a $5-a-day habit
        return is_rate or following not in ("a", "an", "per", "plus", "to", "and", "or")
    if "dollar" in after:
        return True
    if after in ("bill", "bills", "note", "coin", "question", "fee", "fine", "tip", "copay"):
        return True
    is_whole_sum = before in _DEFINITE and match.groupdict()["magnitude"] is not None
    if is_whole_sum and after.endswith(("ed", "ing", "ly")):
        return False
    return (
        (before in ("a", "an", "another", "one") or is_whole_sum)
        and after.isalpha()
        and (after.islower() or before == "a")
        and after not in words("english/after_measure")
    )


_DEFINITE = cues("money.definite")


def _code(match: re.Match[str], clause: Clause) -> Money | None:
    if clause.touches(match.start()) == "/":
        return None  # GBP/USD 1.25
    if match["sign"] == "INR" and re.match(r"\d\.\d(?!\d)", match["number"]):
        return None  # how fast blood clots
    return _with_magnitudes(match, clause)


_SIGNS = [sign for sign in currencies() if not sign.replace(".", "").isalpha()]
_WORDS = [
    sign for sign in currencies() if (sign.isalpha() and len(sign) > 1) or sign in ("Fr.", "Rs.")
]
_ENDING = [s for s in (*_SIGNS, *_WORDS) if s not in ("A$", "S$", "R$", "Fr.", "RM", "Rp")]
_LETTERS = "kmbt" + "".join({sign[0].lower() for sign in _ENDING if sign[0].isalpha()})
_SUM = (
    r"(?:\d{1,3}(?: \d{3}){1,4}(?:,\d\d(?!\d)|(?=\s?(?:€|[A-Z]{3}(?!\w)|k[rč])))"
    r"|\d{1,3}(?:,\d{2,3}){0,5},\d{3}(?:\.\d+)?|\d{1,3}(?:'\d{3}){1,4}(?:\.\d+)?(?!\d)|\d{1,3}(?:\.\d{3}){1,4},\d\d(?!\d)"
    r"|\d{1,3}(?:\.\d{3}){1,4}(?=\s?€)|\d{1,3},\d(?=\s?(?:[mbMB][a-z]{1,7}\.?\s?)?€)"
    r"|\d+,\d\d(?![\d]|,\d)|\d+\.\d+|\d+|\.\d+)"
)
_MAGNITUDE = (
    r"(?:[\s-]?(?P<{0}>thousand|million|billion|trillion|hundred|lakh|crore|mill?|[mM]io\.?|[mM]rd\.?)(?![a-zA-Z])"
    r"|\s?(?P<{0}_short>[kKmMbBtT]|mm|MM|bn|Bn|BN|mn|tn|trn)(?![a-zA-Z]))?"
)


def _magnitude(name: str) -> str:
    return _MAGNITUDE.replace("{0}_short", f"{name}_short").replace("{0}", name)


def _with_magnitudes(match: re.Match[str], clause: Clause) -> Money | None:
    return _money(_Merged(match), clause)  # type: ignore[arg-type]


class _Merged:
    """A match whose long and short magnitudes are one group."""

    def __init__(self, match: re.Match[str]) -> None:
        self._match = match

    def groupdict(self) -> dict[str, str | None]:
        found = self._match.groupdict()
        for name in ("magnitude", "last_magnitude"):
            found[name] = found.get(name) or found.get(f"{name}_short")
        return found

    def start(self) -> int:
        return self._match.start()

    def end(self) -> int:
        return self._match.end()


_AGAIN = (
    rf"(?:[\s-](?:{alternatives({'dollars', 'dollar', 'euros', 'pounds', 'USD', 'US'})})(?!\w))?"
)

RULES = [
    Rule(
        re.compile(
            rf"(?P<minus>-\s?)?(?P<sign>{alternatives(_SIGNS)})\s?(?P<inner>-)?(?P<number>{_SUM})"
            rf"{_magnitude('magnitude')}"
            rf"(?:\s?(?:-|–|—)\s?(?P<again>-?(?:{alternatives(_SIGNS)}))?\s?(?P<last>{_SUM})"
            rf"{_magnitude('last_magnitude')}(?![\w]|-\d))?"
            rf"{_AGAIN}(?P<plus>\+)?"
        ),
        _with_magnitudes,
        "-$w" + "".join(sign[0] for sign in _SIGNS if not sign[0].isalpha()),
        shape="-( |[^0a])|[^-a]|a+[$€£¥₹]",
        vocabulary=frozenset(
            re.match("[A-Za-z]+", sign)[0].lower()  # type: ignore[index]
            for sign in _SIGNS
            if sign[0].isalpha()
        ),
    ),
    Rule(
        re.compile(
            rf"(?P<sign>{alternatives(_WORDS)})\s?(?P<number>{_SUM}){_magnitude('magnitude')}"
            rf"(?:\s?[-–]\s?(?P<last>{_SUM}){_magnitude('last_magnitude')})?(?P<plus>\+)?(?!\w)"
        ),
        _code,
        "w",
        frozenset(sign.lower().rstrip(".") for sign in _WORDS),
    ),
    Rule(
        re.compile(
            rf"(?P<number>{_SUM}){_magnitude('magnitude')}"
            rf"(?:\s?(?P<again>{alternatives(_SIGNS)})?\s?[-–]\s?(?P<last>{_SUM})"
            rf"{_magnitude('last_magnitude')})?\s?(?=[^\s\d.,])(?P<sign>{alternatives(_ENDING)})(?![\w$])"
        ),
        _with_magnitudes,
        "0.",
        shape="(?!0+ ?a+0)0+( 000|,0|\\.000\\.00|\\.0+(?![0./:;)])|-[-0$€£]|"
        " ?[^ 0,./:%;!?)]|$)|[.]0",
        letters=_LETTERS,
        needs="a" + "".join(sign[0] for sign in _ENDING if not sign[0].isalpha()),
    ),
]
