"""Pictographs by their names: once where several are alike, not at all beside their own name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import mapping
from vvcli.frontend.tokenize import Token

_TONES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]")


@dataclass(frozen=True)
class Emoji:
    """A pictograph; `name` is "" where it only decorates."""

    name: str

    def words(self, british: bool) -> str:
        """Its name."""
        return self.name


def emoji(token: Token, clause: Clause) -> Emoji:
    """What a pictograph means here."""
    names = _names(token.text)
    if not names:
        return Emoji("")
    i = clause.index[token.start]
    if i and clause.tokens[i - 1].text == token.text:
        return Emoji("")  # said with the first of them
    alike = 1
    while i + alike < len(clause.tokens) and clause.tokens[i + alike].text == token.text:
        alike += 1
    if names[0] == "star" and alike > 1:
        return Emoji(f"{cardinal(alike)} stars")
    if names[0] == "star" and clause.before(token.start)[-1:].isdigit():
        return Emoji("star" if clause.before(token.start) == "1" else "stars")
    beside = {clause.before(token.start).lower(), clause.after(token.end).lower()}
    if names[0].endswith(" flag") and "flag" in beside:
        return Emoji(names[0].removesuffix(" flag"))
    return Emoji("" if beside & set(names) else names[0])


@lru_cache(4096)
def _names(text: str) -> tuple[str, ...]:
    """What Unicode calls it, then its other names."""
    sign = mapping("english/signs").get(_TONES.sub("", text))
    if sign is not None:
        return (sign.strip(),) if sign.strip() else ()
    from emoji import EMOJI_DATA  # 70 ms, and few texts have pictographs

    bare = _TONES.sub("", text)
    if not bare:
        return ()  # a tone of skin without a hand
    found = EMOJI_DATA.get(bare) or EMOJI_DATA.get(text) or EMOJI_DATA.get(bare + "\ufe0f")
    if found is None:
        return _keycap(text)
    names = [found["en"], *found.get("alias", [])]
    said = [" ".join(re.sub(r"[^a-z0-9]+", " ", _plain(name)).split()) for name in names]
    if said[0].startswith("keycap "):
        number = said[0].removeprefix("keycap ")
        return (cardinal(int(number)),) if number.isdigit() else _keycap(text)
    if said[0].startswith("family"):
        said = ["family"]
    if "\U0001f1e6" <= text[0] <= "\U0001f1ff":
        return (f"{said[0]} flag", f"{said[0]}")
    return tuple(_spelled(name) for name in said)


def _plain(name: str) -> str:
    from anyascii import anyascii

    return anyascii(name).lower().replace("’", "").replace("'", "")


def _spelled(name: str) -> str:
    """A name with its digits and single letters as words."""
    from vvcli.frontend.english.number_words import digits, letters

    return " ".join(
        digits(word) if word.isdigit() else letters(word) if len(word) == 1 else word
        for word in name.split()
        if word.isascii() and (word.isalpha() or word.isdigit())
    )


def _keycap(text: str) -> tuple[str, ...]:
    first = text[0]
    if first.isdigit() and first.isascii():
        return (cardinal(int(first)),)
    return {"#": ("hash",), "*": ("star",)}.get(first, ())


RULES: list[Rule] = []
