"""English as a small voice can say it: lowercase letters, spaces, and a few stops.

The embedded model is trained on exactly this output, so it must come before its tokenizer;
published models read raw text and never see it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from anyascii import anyascii

from vvcli.errors import RecordError, UnavailableError
from vvcli.script.english_numbers import expand_numbers
from vvcli.script.english_tables import (
    ABBREVIATIONS,
    AMBIGUOUS,
    PHRASES,
    SHORT_WORDS,
    SPELLED,
    SYMBOLS,
)

SPEAKABLE = frozenset("abcdefghijklmnopqrstuvwxyz',.?! ")

_STRAIGHT = str.maketrans("‘’‚“”„«»‹›`´\u00a0\u2009\u202f\u2011\u2212μ", "'''\"\"\"\"\"''''   --µ")
_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?|ftp)://)?(?P<body>"
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail
    r"|(?:[A-Za-z0-9-]+\.)+(?:com|org|net|edu|gov|io|dev|co|uk|de|info|ai|app)\b(?:[/?#][^\s,;]*)?"
    r"|(?<=://)[^\s,;]+)"
)
_ADDRESS_SIGNS = {
    ".": "dot",
    "@": "at",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    ":": "colon",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "+": "plus",
    "%": "percent",
    "~": "tilde",
}
_PHRASE = re.compile(
    r"(?<![\w.])(" + "|".join(re.escape(p) for p in sorted(PHRASES, key=len, reverse=True)) + ")"
    r"(?!\w)(?P<end>\s*$|\s+(?=[A-Z]))?",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"\b([A-Za-z]{2,6})\.(?=(\s+)?(\S)?)")
_INITIAL = re.compile(r"\b([A-Z])\.(?=\s*[A-Z])")
_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}")
_FRACTIONS = {"½": "half", "¼": "quarter"}
_LONE_FRACTION = re.compile(r"(?<![\d\s])[½¼](?!\d)|^[½¼]|(?<=[^\d] )[½¼]")
_LETTER_PAIR = re.compile(r"\b([A-Z])&([A-Z])\b")
_CAPITALS = re.compile(r"\b[A-Z]{2,}(?=s?\b)")
_LETTER_A = re.compile(r"(?<=\b[b-z] )a\b|\ba(?= [b-hj-z]\b)")


def normaliser(name: str) -> Callable[[str], str]:
    """The normaliser a model's config asks for by `name`.

    Raises:
        UnavailableError: this program has no normaliser of that name.
    """
    if name == "english":
        return normalise_english
    raise UnavailableError(
        f"the model asks for the text normaliser {name!r}; only 'english' is known"
    )


def normalise_english(text: str) -> str:
    """Spell out everything in `text` that is not a plain word.

    >>> normalise_english("Dr. Núñez paid $1,250.50 on 3/14/2026.")[:34]
    'doctor nunez paid one thousand two'

    Raises:
        RecordError: a letter is of a script the voice cannot say, or nothing is left to say.
    """
    text = unicodedata.normalize("NFC", text).translate(_STRAIGHT)
    _refuse_foreign_letters(text)
    text = " ".join(text.split())
    shouting = _is_shouting(text)
    text = _ADDRESS.sub(lambda match: _spoken_address(match["body"], match["scheme"]), text)
    text = _PHRASE.sub(lambda m: PHRASES[m[1].lower()] + _kept_stop(m[1], m["end"]), text)
    text = _INITIAL.sub(r"\1", text)
    text = _DOTTED.sub(lambda match: spell(match[0]), text)
    text = _ABBREVIATION.sub(_abbreviation, text)
    text = _LONE_FRACTION.sub(lambda match: f"one {_FRACTIONS[match[0]]}", text)
    text = expand_numbers(text)
    text = _LETTER_PAIR.sub(lambda match: f"{spell(match[1])} and {spell(match[2])}", text)
    for symbol, words in SYMBOLS.items():
        text = text.replace(symbol, words)
    text = anyascii(text.replace('"', ""))
    if not shouting:
        text = _CAPITALS.sub(lambda match: _capitals(match[0]), text)
    text = _cleaned(text.lower())
    if not any(character.isalpha() for character in text):
        raise RecordError("the text has nothing that can be said")
    return text


def spell(letters: str) -> str:
    """Letters by their names; a lone `a` would be read as the article.

    >>> spell("USA")
    'u s ay'
    """
    return " ".join("ay" if c in "aA" else c.lower() for c in letters if c.isalpha())


def _refuse_foreign_letters(text: str) -> None:
    foreign = []
    for character in dict.fromkeys(text):
        if character in SYMBOLS or unicodedata.category(character)[0] not in "LN":
            continue
        name = unicodedata.name(character, "")
        if not (name.startswith(("LATIN", "FULLWIDTH LATIN", "DIGIT")) or character in "ªº"):
            foreign.append(character)
    if foreign:
        shown = " ".join(foreign[:8]) + (" …" if len(foreign) > 8 else "")
        raise RecordError(f"this voice speaks English and cannot say: {shown}")


def _is_shouting(text: str) -> bool:
    """Whether capitals carry no meaning because (nearly) all words have them."""
    words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 1]
    return len(words) >= 3 and sum(word.isupper() for word in words) > 0.6 * len(words)


def _spoken_address(body: str, scheme: str | None) -> str:
    """A URL or an e-mail address, sign by sign; a closing stop stays a stop.

    The scheme is left out, as people do.
    """
    del scheme
    kept = body.rstrip(".?!,")
    words = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^\w\s]|_", kept):
        if part.lower() == "www":
            words.append("w w w")
        elif part.isalpha():
            words.append(part.lower() if len(part) > 2 else spell(part))
        else:
            words.append(_ADDRESS_SIGNS.get(part, part))
    return " ".join(words) + body[len(kept) :]


def _kept_stop(phrase: str, end: str | None) -> str:
    if end is None:
        return ""
    stop = phrase.endswith(".") and (not end.strip() and "." in phrase) and phrase[-2:] == "c."
    return ("." if stop else "") + end


def _abbreviation(match: re.Match[str]) -> str:
    word, gap, following = match[1], match[2], match[3] or ""
    meaning = ABBREVIATIONS.get(word.lower())
    if meaning is None:
        return match[0]
    ends = not following
    if word == "St" and ends:
        return "street."
    if word == "St" and gap and not following.isupper():
        return "street"
    if word.lower() in AMBIGUOUS and not (
        (word[0].isupper() and following.isupper()) or following.isdigit()
    ):
        return match[0]
    return meaning + ("." if ends else "")


def _capitals(word: str) -> str:
    if word in SPELLED:
        return spell(word)
    if word in SHORT_WORDS or (len(word) > 3 and re.search("[AEIOUY]", word)):
        return word
    return spell(word)


def _cleaned(text: str) -> str:
    """Only speakable characters, one space between words, one stop where several meet."""
    text = "".join(c if c in SPEAKABLE else " " for c in text.replace("-", " "))
    text = re.sub(r"(?<![a-z])'|'(?![a-z])", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*([,.?!])[\s,.?!]*", _strongest_stop, text)
    text = _LETTER_A.sub("ay", text)
    return text.lstrip(",.?! ").rstrip(", ")


def _strongest_stop(match: re.Match[str]) -> str:
    stops = match[0]
    strongest = next((stop for stop in "?!." if stop in stops), ",")
    return f"{strongest} "
