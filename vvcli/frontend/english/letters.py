"""Letters and acronyms: "FBI", "APIs", "U.S.", "M.Sc.", "AT&T", "Vitamin A", "C#", "H2O"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import letters
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, mapping, rows, words

_VOWELS = re.compile("[AEIOUY]")
_HARD = re.compile(
    "^AA|^[AEIOU]{3}|[BCDFGHJKLMNPQRSTVWXZ]{4}|^[BCDFGHJKLMNPQRSTVWXZ]{3}|[BCDFGHJKMNPQRSTVWXZ]{3}$"
)


@dataclass(frozen=True)
class Letters:
    """What is spelled, or a word in capitals, and what is attached: "s", "'s"."""

    said: str
    ending: str = ""

    def words(self, british: bool) -> str:
        """As in "ay p i's"."""
        return self.said + self.ending


def acronym(written: str, *, is_shouting: bool = False) -> str:
    """How capitals are read: by their letters, or as the word they look like.

    >>> acronym("FBI"), acronym("NASA"), acronym("NOT")
    ('f b i', 'nasa', 'not')
    """
    listed = _listed().get(written)
    word = written.lower()
    is_word = word in words("english/common_words")
    if listed is not None and not (is_shouting and is_word):
        return {"=": word, "letters": letters(written)}.get(listed, listed)
    if is_word or (is_shouting and len(written) > 3 and _VOWELS.search(written)):
        return word
    if len(written) > 3 and _VOWELS.search(written) and not _HARD.search(written):
        return word
    return letters(written) if len(written) < 6 or not _VOWELS.search(written) else word


def _listed() -> dict[str, str]:
    return mapping("english/acronyms")


def _acronym(match: re.Match[str], clause: Clause) -> Letters | None:
    written, ending = match["word"], match["ending"] or ""
    if written in ("IT", "US", "WHO", "OK", "AM", "PM"):
        said = _ambiguous(written, match, clause)
    elif len(written) < 4 and (
        clause.follows(match.end()).isdigit() or clause.touches(match.start()).isdigit()
    ):
        said = letters(written) if _listed().get(written) in (None, "letters") else acronym(written)
    else:
        said = acronym(written, is_shouting=clause.is_shouting)
    if not ending:
        return Letters(said)
    if ending == "'d":
        return Letters(said, ending)
    is_plural_word = ending == "s" and " " not in said and len(said) > 2
    return Letters(said, "s" if is_plural_word else "'s" if ending != "'" else "")


def _ambiguous(written: str, match: re.Match[str], clause: Clause) -> str:
    """Words that are names as well: the IT department, US citizens, the WHO."""
    before = clause.before(match.start()).lower()
    after = clause.after(match.end()).lower()
    if written == "OK":
        return "okay"
    if written in ("AM", "PM"):
        is_band = "/" in (before, after)  # AM/FM
        is_verb = written == "AM" and before in ("i", "") and not is_band
        return "am" if is_verb else letters(written)
    if written == "US" and (not clause.is_shouting or before in ("the", "")):
        return "u s"
    if written == "IT" and (after in _IT or before in ("in", "an", "our", "the", "of", "and", "&")):
        return "it" if clause.is_shouting and after not in _IT else "i t"
    if written == "WHO" and before == "the":
        return "w h o"
    return written.lower()


_IT = cues("letters.it")


def _dotted(match: re.Match[str], clause: Clause) -> Letters | None:
    written = match["word"]
    spelled = letters(written)
    return Letters(spelled, "'s" if match["ending"] else "")


def _pair(match: re.Match[str], clause: Clause) -> Letters:
    """Letters and an ampersand: "R&D", "AT&T", "Q&As"."""
    first, second = letters(match["first"]), letters(match["second"])
    return Letters(f"{first} and {second}", "'s" if match["ending"] else "")


def _mixed(match: re.Match[str], clause: Clause) -> Letters | None:
    """Small letters inside capitals: "PhD", "MSc", "kHz", "GmbH"."""
    listed = _MIXED.get(match[0])
    return Letters(listed) if listed else None


def _chat(match: re.Match[str], clause: Clause) -> Letters:
    """What people type for several words, which has no vowel to be said by."""
    return Letters(letters(match[0]))


_CHAT = cues("letters.chat")
_MIXED = {row[0]: row[1] for row in rows("english/mixed_case")}


RULES = [
    Rule(re.compile(r"[a-z]{2,6}(?![\w'])"), _chat, "w", _CHAT),
    Rule(re.compile(r"\.NET(?!\w)"), lambda m, c: Letters("dot net"), ".", shape="[.]a"),
    Rule(
        re.compile(r"(?P<first>[A-Z]{1,3})\s?&\s?(?P<second>[A-Z]{1,2})(?P<ending>'?s)?(?!\w)"),
        _pair,
        "C",
        shape="a+[ &]",
    ),
    Rule(
        re.compile(r"[A-Za-z]{2,8}(?![^\W\d_])"),
        _mixed,
        "C",
        frozenset(key.lower() for key in _MIXED),
    ),
    # M.Sc., Ph.D., U.S., e.e., B.C.E.
    Rule(
        re.compile(
            r"(?P<word>(?:[A-Za-z]\.){2,12}(?:[A-Z](?![\w]))?|[A-Z]\.[A-Z](?![\w.])|[A-Z][a-z]\.[A-Z](?:\.(?='?s(?!\w))|\.?(?!\w))"
            r"|[A-Z]\.[A-Z][a-z]\.?(?!\w)|(?:[A-Z]\.){1,3}[A-Z][a-z]{1,3}\.(?!\w)|[A-Z]{2}\.(?:[A-Z]\.)+)(?P<ending>'?s(?!\w))?"
        ),
        _dotted,
        "w",
        shape="a+[.]",
        stop="starter",
    ),
    Rule(
        re.compile(
            r"(?P<word>[A-Z]{2,24})(?P<ending>'?s(?!\w)|'d(?!\w)|'(?=\s)|'S(?!\w))?(?![^\W\d_])"
        ),
        _acronym,
        "C",
        shape="aa",
    ),
    Rule(re.compile(r"[oO]k(?![^\W\d_])"), lambda m, c: Letters("okay"), "w", frozenset(["ok"])),
]
