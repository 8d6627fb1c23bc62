"""Words by part of speech, from WordNet's indexes and the list of American words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vvcli.voicelab.texts.sources import Sources

_NOT_VERBS = {"as", "its", "this", "thus", "less", "us", "is", "his", "yes"}
# Auxiliaries, subjects that hardly stand without a verb, and their contractions.
_SUBJECTS = {"i", "we", "they", "he", "she", "let", "please", "it's", "that's", "there's", "let's"}
_AUXILIARIES = {"am", "is", "are", "was", "were", "be", "been", "has", "have", "had", "do", "does"}
_MODALS = {"did", "can", "could", "shall", "should", "will", "would", "may", "might", "must"}
_UNKIND = re.compile(r"ethnic slur|(?:offensive|obscene|disparaging|vulgar) (?:term|name|word)")
_VOWELS = "aeiou"
# What WordNet does not list is told by its ending; the first that fits counts.
_ENDINGS = (
    ("ly", "adverb"),
    ("ing", "verbing"),
    ("ed", "verbed"),
    ("iest", "adjective"),
    ("ier", "adjective"),
    ("ness", "noun"),
    ("s", "nouns"),
)

Kinds = dict[str, list[str]]


@dataclass(frozen=True)
class Vocabulary:
    """Words of prose. Kinds: noun, nouns, verb, verbs, verbed, verbing, adjective, adverb."""

    known: frozenset[str]  # lower-case words that may stand in a line
    finite: frozenset[str]  # verb forms that can be a sentence's verb
    common: list[str]  # all lower-case words that should be heard
    names: list[str]  # capitalised
    kinds: Kinds  # of the common words
    everyday: Kinds  # of those that WordNet's sample texts use


def load_vocabulary(sources: Sources) -> Vocabulary:
    """Read the words of `sources`, without those that WordNet calls offensive."""
    folder = sources.debian / "usr/share/wordnet"
    lemmas = {kind: _lemmas(folder / f"index.{kind}") for kind in ("noun", "verb", "adj", "adv")}
    used = {kind: {w for w, tagged in found.items() if tagged} for kind, found in lemmas.items()}
    # A word that the sample texts have is mostly meant in another sense.
    unkind = _unkind(folder) - set().union(*used.values())
    listed = [w for w in sources.words if w.isascii() and w.isalpha() and w.lower() not in unkind]
    names = sorted({word for word in listed if word[0].isupper() and word[1:].islower()})
    common = {word for word in listed if word.islower() and len(word) > 1}
    irregular = _irregular(folder / "verb.exc")
    every = _kinds({kind: set(found) for kind, found in lemmas.items()}, irregular)
    inflected = set().union(*every.values())
    for word in common - inflected:
        ending = next((kind for end, kind in _ENDINGS if word.endswith(end)), "other")
        every.setdefault(ending, set()).add(word)
    pasts = {form for forms in irregular.values() for form in forms if not form.endswith("ing")}
    finite = (every["verbs"] | every["verbed"] | pasts) - _NOT_VERBS
    known = common | inflected | pasts | {name.lower() for name in names} | {"a", "i", "o"}
    return Vocabulary(
        known=frozenset(known - unkind),
        finite=frozenset({*_AUXILIARIES, *_MODALS, *_SUBJECTS, *finite}),
        common=sorted(common),
        names=names,
        kinds={kind: sorted(common & words) for kind, words in every.items()},
        everyday={kind: sorted(common & words) for kind, words in _kinds(used, irregular).items()},
    )


def _kinds(lemmas: dict[str, set[str]], irregular: dict[str, list[str]]) -> dict[str, set[str]]:
    forms = [_forms(verb, irregular.get(verb, ())) for verb in lemmas["verb"]]
    return {
        "noun": lemmas["noun"],
        "nouns": {_with_s(noun) for noun in lemmas["noun"]} - lemmas["noun"],
        "verb": lemmas["verb"],
        "verbs": {form[0] for form in forms},
        "verbed": {past for form in forms for past in form[1:-1]},
        "verbing": {form[-1] for form in forms},
        "adjective": lemmas["adj"],
        "adverb": {adverb for adverb in lemmas["adv"] if adverb.endswith("ly")},
    }


def _with_s(word: str) -> str:
    """The regular plural, or third person, of `word`.

    >>> [_with_s(word) for word in ("fox", "day", "city")]
    ['foxes', 'days', 'cities']
    """
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}s"


def _forms(verb: str, irregular: Iterable[str]) -> list[str]:
    """Third person, pasts, and the form in -ing, last."""
    stem = verb.removesuffix("e") if verb.endswith("e") and not verb.endswith("ee") else verb
    past = f"{verb[:-1]}ied" if verb.endswith("y") and verb[-2:-1] not in _VOWELS else f"{stem}ed"
    gerunds = [form for form in irregular if form.endswith("ing")]
    pasts = [form for form in irregular if not form.endswith("ing")]
    return [_with_s(verb), *(pasts or [past]), gerunds[0] if gerunds else f"{stem}ing"]


def _lemmas(path: Path) -> dict[str, bool]:
    """Plain words of an index, and whether WordNet's sample texts have them."""
    found = {}
    for line in path.read_text("latin-1").splitlines():
        lemma, *fields = line.split()
        if lemma.isascii() and lemma.isalpha() and lemma.islower() and len(lemma) > 1:
            senses = int(fields[1])
            found[lemma] = int(fields[-senses - 1]) > 0
    return found


def _irregular(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text("latin-1").splitlines():
        form, *lemmas = line.split()
        for lemma in lemmas:
            if form.isalpha():
                found.setdefault(lemma, []).append(form)
    return found


def _unkind(folder: Path) -> set[str]:
    """Lemmas one of whose senses is called offensive."""
    found: set[str] = set()
    for path in sorted(folder.glob("data.*")):
        for line in path.read_text("latin-1").splitlines():
            fields, _, gloss = line.partition("| ")
            if not line.startswith("  ") and _UNKIND.search(re.sub(r'"[^"]*"', "", gloss)):
                words = fields.split()
                names = words[4 : 4 + 2 * int(words[3], 16) : 2]
                found.update(name.lower() for name in names)
    return found
