"""The lines the teacher reads: WordNet, fortunes, word lists, and made-up numbers and names.

All of them go through the normaliser that `speak` uses for the embedded model, so teacher and
student see the same words. WordNet's example sentences sound like speech; its definitions bring
rare words in context; the word list makes sure that every common word is heard at all.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vvcli.errors import RecordError
from vvcli.frontend.front_end import FrontEnd
from vvcli.voicelab.prompts import made_up_lines
from vvcli.voicelab.settings import Texts

WORDNET = Path("/usr/share/wordnet")  # Debian package wordnet-base
FORTUNES = Path("/usr/share/games/fortunes")  # fortunes, fortunes-min
WORDS = Path("/usr/share/dict/american-english")  # wamerican


def prepare(
    settings: Texts, sources: tuple[Path, Path, Path] = (WORDNET, FORTUNES, WORDS)
) -> tuple[list[str], list[str]]:
    """Training lines and held-out sentences, normalised, without duplicates, in random order."""
    wordnet, fortunes, words = sources
    rng = random.Random(settings.seed)  # noqa: S311
    examples, definitions = glosses(wordnet)
    held_out = _held_out(_normalised(examples, settings.longest), settings.held_out, rng)
    unseen = set(held_out)
    examples = [e for e in examples if not unseen.intersection(_normalised([e], settings.longest))]
    vocabulary = [w for w in words.read_text("utf-8").split() if not w.endswith("'s")]
    kinds = [
        _stopped(_some(examples, settings.examples, rng), rng),
        _stopped(_some(definitions, settings.definitions, rng), rng),
        _word_lists(vocabulary, settings.word_lists, rng),
        _some(_fortunes(fortunes), settings.fortunes, rng),
        made_up_lines(vocabulary, settings.numbers, rng),
        _short_lines(examples, vocabulary, settings.short, rng),
        _paragraphs(examples, settings.paragraphs, settings.longest, rng),
    ]
    lines = [
        line
        for kind in kinds
        for line in _normalised(kind, settings.longest)
        if line.rstrip(".") not in unseen
    ]
    lines = list(dict.fromkeys(lines))
    rng.shuffle(lines)
    return lines, held_out


def glosses(wordnet: Path) -> tuple[list[str], list[str]]:
    """All example sentences and all definitions of WordNet's `data.*` files."""
    examples: list[str] = []
    definitions: list[str] = []
    for path in sorted(wordnet.glob("data.*")):
        for line in path.read_text("latin-1").splitlines():
            if line.startswith("  "):  # the licence
                continue
            gloss = line.partition("| ")[2].strip()
            examples += re.findall(r'"([^"]{3,})"', gloss)
            plain = re.sub(r'"[^"]*"', "", gloss)
            definitions += [d.strip(" ;") for d in plain.split(";") if len(d.strip(" ;-")) > 12]
    return _unique(examples), _unique(definitions)


def _fortunes(folder: Path) -> list[str]:
    paragraphs: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.suffix or path.name in ("art", "ascii-art", "translate-me"):
            continue
        for fortune in path.read_text("utf-8", errors="ignore").split("\n%\n"):
            text = " ".join(fortune.split("\n\t\t--")[0].split())
            if not re.search(r"[_|\\<>*^=]{2}", text):
                paragraphs += [text] if len(text) < 300 else re.split(r"(?<=[.?!]) +", text)
    return _unique(paragraphs)


def _word_lists(words: list[str], count: int, rng: random.Random) -> Iterator[str]:
    bag: list[str] = []
    for _ in range(count):
        size = rng.randint(4, 9)
        while len(bag) < size:
            bag += rng.sample(words, len(words))
        chosen, bag = bag[:size], bag[size:]
        yield (", " if rng.random() < 0.4 else " ").join(chosen) + rng.choice([".", "", "?"])


def _short_lines(
    examples: list[str], words: list[str], count: int, rng: random.Random
) -> Iterator[str]:
    for i in range(count):
        if i % 2:
            yield rng.choice(words) + rng.choice(["", ".", "!", "?"])
        else:
            some = rng.choice(examples).split()
            start = rng.randrange(len(some))
            yield " ".join(some[start : start + rng.randint(1, 3)]) + rng.choice(["", "."])


def _paragraphs(examples: list[str], count: int, longest: int, rng: random.Random) -> Iterator[str]:
    for _ in range(count):
        length = rng.randint(60, longest - 40)
        parts: list[str] = []
        while sum(len(part) for part in parts) < length:
            parts.append(rng.choice(examples).rstrip(".") + rng.choice([". ", ". ", ", ", "? "]))
        yield "".join(parts).strip(" ,")


def _stopped(lines: Iterable[str], rng: random.Random) -> Iterator[str]:
    """Half of `lines` with a full stop: WordNet writes none, people do."""
    for line in lines:
        yield line if line[-1] in ".?!" or rng.random() < 0.5 else f"{line}."


def _held_out(sentences: Iterable[str], count: int, rng: random.Random) -> list[str]:
    """Sentences of five to twenty words that look like whole ones."""
    whole = [s for s in sentences if 5 <= len(s.split()) <= 20]
    return _some(whole, count, rng)


def _normalised(lines: Iterable[str], longest: int) -> Iterator[str]:
    front_end = FrontEnd()
    for line in lines:
        try:
            text = front_end.speak(line)
        except RecordError:
            continue
        if text and len(text) <= longest and max(len(word) for word in text.split()) < 30:
            yield text


def _some(lines: list[str], count: int, rng: random.Random) -> list[str]:
    return rng.sample(lines, min(count, len(lines)))


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
