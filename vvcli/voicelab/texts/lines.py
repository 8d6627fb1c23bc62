"""The lines the teacher reads: prose of many kinds, made-up talk and figures, few lone words.

Prose keeps its capitals, commas and stops, in one line from one to three sentences that follow
each other. What it lacks is made up: questions, requests, dialogue, lists and numbers in words
come from a grammar, whose words are those that no line has yet until each of them was heard.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from vvcli.voicelab.settings import Texts
from vvcli.voicelab.texts import sources
from vvcli.voicelab.texts.made_up import MadeUp
from vvcli.voicelab.texts.sentences import clean, passages, whole, words_of
from vvcli.voicelab.texts.sources import Paragraphs, Sources
from vvcli.voicelab.texts.vocabulary import Vocabulary, load_vocabulary

# Words that are judged are among so many of the most frequent.
_COMMON = 3000
# Chances that a line has one, two or three sentences of a paragraph.
_CHANCES = (0.68, 0.22, 0.10)
_QUESTION = re.compile("(?:who|what|where|why|how|is|are|do|does|did|can) ", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """One source of prose and what its sentences need."""

    read: Callable[[Sources], Paragraphs]
    words: int  # at most so many, of lines drawn at random
    unknown: int = 1  # words of a line that may be in no word list, names apart
    verbs: bool = False  # whether a sentence must be seen to have one
    stops: bool = False  # whether stops and capitals are missing
    judged: bool = True  # whether held-out sentences may come from here


KINDS = (
    Kind(sources.wordnet, 260_000, verbs=True, stops=True),
    Kind(sources.gcide, 110_000, unknown=0, verbs=True, judged=False),
    Kind(sources.jargon, 90_000, unknown=2),
    Kind(sources.devil, 21_000),
    Kind(sources.bible, 60_000, unknown=0, judged=False),
    Kind(sources.handbook, 70_000, unknown=2),
    Kind(sources.fortunes, 150_000),
    Kind(sources.speeches, 160_000),
    Kind(sources.whale, 70_000, judged=False),
    Kind(sources.conversations, 25_000, stops=True),
)


def prepare(
    settings: Texts, places: Sources, kinds: Sequence[Kind] = KINDS
) -> dict[str, list[str]]:
    """Cased texts in random order: `lines` to learn from, and two kinds to be judged on.

    `held_out` are sentences that share none with `lines`; `words` are sentences that carry
    common words and names, three each.
    """
    rng = random.Random(settings.seed)  # noqa: S311
    vocabulary = load_vocabulary(places)
    drawn = {
        kind: list(_drawn(_prose(kind, places, vocabulary, settings, rng), kind.words, rng))
        for kind in kinds
    }
    prose = [line for kind in kinds for line in drawn[kind]]
    first_names = places.first_names()
    made_up = MadeUp(vocabulary, first_names, prose, rng)
    spoken = [*prose, *(made_up.line() for _ in range(settings.made_up))]
    spoken += made_up.until_all_heard(settings.made_up)
    alone = [made_up.words_alone() for _ in range(round(settings.alone * len(spoken)))]
    judged = [line for kind in kinds if kind.judged for line in drawn[kind] if _typical(line)]
    held_out = rng.sample(judged, min(settings.held_out, len(judged)))
    unseen = {sentence for line in held_out for sentence in _sentences(line)}
    kept = {
        line.lower(): line
        for line in [*spoken, *alone]
        if _fits(line, settings) and unseen.isdisjoint(_sentences(line))
    }
    heard = {word for line in kept for word in words_of(line)}
    missing = [word for word in vocabulary.common if word not in heard]
    lines = [*kept.values(), *made_up.mentions(missing)]
    rng.shuffle(lines)
    return {"lines": lines, "held_out": held_out, "words": _carriers(prose, vocabulary, rng)}


def _carriers(prose: Sequence[str], vocabulary: Vocabulary, rng: random.Random) -> list[str]:
    """Sentences with common words and names, all of them said often in `prose`."""
    counts = Counter(word for line in prose for word in words_of(line))
    ranked = [word for word, _ in counts.most_common() if len(word) > 3]
    listed = set(vocabulary.common)
    names = {name.lower() for name in vocabulary.names} - listed
    common = [word for word in ranked if word in listed][:_COMMON]
    named = [word.capitalize() for word in ranked if word in names][:_COMMON]
    chosen = rng.sample(common, min(500, len(common)))
    chosen += rng.sample(named, min(200, len(named)))
    rng.shuffle(chosen)
    groups = [chosen[i : i + 3] for i in range(0, len(chosen) - 2, 3)]
    return ["The words are {}, {}, and {}.".format(*group) for group in groups]


def _prose(
    kind: Kind, places: Sources, vocabulary: Vocabulary, settings: Texts, rng: random.Random
) -> Iterator[str]:
    draws = iter(rng.random, None)
    bounds = (settings.max_words, settings.longest)
    for paragraph in kind.read(places):
        run: list[str] = []
        for sentence in [*paragraph, ""]:
            good = clean(_stopped(sentence) if kind.stops else sentence) if sentence else None
            if good and _readable(good, kind, vocabulary):
                run.append(good)
                continue
            yield from passages(run, _CHANCES, bounds, draws)
            run = []


def _stopped(sentence: str) -> str:
    if sentence[-1] in ".?!":
        return sentence
    return sentence + ("?" if _QUESTION.match(sentence) else ".")


def _readable(line: str, kind: Kind, vocabulary: Vocabulary) -> bool:
    unknown = [w for w in words_of(line) if w.removesuffix("'s") not in vocabulary.known]
    unknown = [word for word in unknown if "'" not in word]
    if len(unknown) > kind.unknown or len(unknown) > len(line.split()) / 6:
        return False
    return whole(line, vocabulary.finite if kind.verbs else None)


def _drawn(lines: Iterable[str], words: int, rng: random.Random) -> Iterator[str]:
    """Different `lines` in random order until they have so many words."""
    unique = list(dict.fromkeys(lines))
    for line in rng.sample(unique, len(unique)):
        words -= len(line.split())
        if words < 0:
            return
        yield line


def _fits(line: str, settings: Texts) -> bool:
    return len(line) <= settings.longest and len(line.split()) <= settings.max_words


def _sentences(line: str) -> list[str]:
    parts = line.lower().replace("?", ".").replace("!", ".").split(".")
    return [part.strip() for part in parts if part.strip()]


def _typical(line: str) -> bool:
    """Whether a line is like those that a voice is judged on."""
    return 5 <= len(line.split()) <= 24 and line[-1] in ".?!"
