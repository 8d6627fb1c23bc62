"""What holds for any text: nothing is lost, nothing touches, stops stay, time is linear."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.frontend.cases import CLASSES, cases
from vvcli.errors import RecordError, UnavailableError
from vvcli.frontend import english
from vvcli.frontend.front_end import MAX_CLAUSE, FrontEnd, clauses
from vvcli.frontend.tokenize import tokenize

SPEAKABLE = frozenset("abcdefghijklmnopqrstuvwxyz',.?! ")
SIGNS = "#$%&()*+,-./:;<=>@[]^_`{|}~°£€½²√→•…—–\"'!?"
WRITTEN = [written for name in CLASSES for written, _ in cases(name)]

# What the tables know, which rules look for.
TABLES = Path(english.__file__).parent / "data"
KNOWN_CELLS = sorted(
    {
        cell
        for path in TABLES.glob("*.tsv")
        for line in path.read_text(encoding="utf-8").split("\n")
        if not line.startswith("# ")
        for cell in re.split(r"[\t ]", line)
        if cell
    }
)

any_text = st.text(max_size=200)
# Pieces of real cases, run together in ways that nobody thought of.
mixed = st.lists(
    st.one_of(
        st.sampled_from(WRITTEN),
        st.sampled_from(KNOWN_CELLS),
        st.sampled_from(KNOWN_CELLS).map(str.title),
        st.sampled_from(KNOWN_CELLS).map(str.upper),
        st.sampled_from([". ", ", ", " ", "5 ", " 5", "/", "-"]),
        st.sampled_from(SIGNS),
        st.integers(0, 10**6).map(str),
        st.sampled_from("éñŁßſαж中א"),
        st.just(" "),
    ),
    max_size=8,
).map("".join)


@settings(deadline=None)
@given(st.one_of(any_text, mixed), st.sampled_from(["en-US", "en-GB"]))
def test_any_text_gives_words_or_nothing_or_names_what_cannot_be_said(
    text: str, language: str
) -> None:
    try:
        spoken = FrontEnd(language).speak(text)
    except RecordError as error:
        named = str(error).partition("cannot say: ")[2]
        assert any(c.isalpha() and not unicodedata.name(c, "").startswith("LATIN") for c in named)
        return
    assert set(spoken) <= SPEAKABLE
    assert spoken == spoken.strip()
    assert "  " not in spoken
    assert not re.search(r" [,.?!]|[,.?!]{2}|^[,.?!]", spoken)


@settings(deadline=None)
@given(st.characters(blacklist_categories=["Cs"]))
def test_no_record_is_lost_for_a_character(character: str) -> None:
    reading = FrontEnd().read(f"one {character} two")
    words = reading.spoken.split()
    assert words[0].startswith("one")
    assert words[-1] == "two"
    for word in reading.unspeakable:
        assert any(c.isalpha() for c in word)


KNOWN = frozenset(
    [
        "ay",
        "p",
        "s",
        "tea",
        "usual",
        "paris",
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "seventeen",
        "twenty",
        "seventy",
        "hundred",
        "thousand",
        "million",
        "billion",
        "trillion",
        "percent",
        "dollar",
        "dollars",
        "euro",
        "euros",
        "and",
        "plus",
        "equals",
        "section",
        "sections",
    ]
)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["tea", "usual", "Paris", "7", "12", "%", "$", "&", "+", "=", "€", "§"]),
        max_size=12,
    ),
    st.sampled_from(["", " "]),
)
def test_words_never_touch(pieces: list[str], between: str) -> None:
    """Whatever stands between words and numbers, each is a word of its own."""
    pieces = [p for i, p in enumerate(pieces) if not (p.isalpha() and pieces[i - 1 : i] == [p])]
    written = between.join(f" {p}" if p.isalpha() else p for p in pieces)
    spoken = FrontEnd().speak(written)
    assert set(re.findall(r"[a-z']+", spoken)) <= KNOWN


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.sampled_from(["Rain", "fell", "softly", "again"]), min_size=1, max_size=6))
def test_words_keep_their_number_and_order(words: list[str]) -> None:
    for sign in ("-", "/", " & ", "_", " * ", "--", " | ", "…", "; "):
        spoken = re.findall("[a-z]+", FrontEnd().speak(sign.join(words)))
        assert [w for w in spoken if w in {"rain", "fell", "softly", "again"}] == [
            w.lower() for w in words
        ]


SENTENCES = [
    "He left",
    "It is 5 km away",
    "I paid $5",
    "She was born in 1990",
    "We met at 9:05",
    "No",
]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(SENTENCES), st.sampled_from(".?!")), min_size=1, max_size=6)
)
def test_a_stop_is_neither_invented_nor_lost(sentences: list[tuple[str, str]]) -> None:
    written = " ".join(sentence + stop for sentence, stop in sentences)
    spoken = FrontEnd().speak(written)
    assert re.findall("[.?!]", spoken) == [stop for _, stop in sentences]


@settings(deadline=None)
@given(mixed)
def test_a_text_without_stops_has_none(text: str) -> None:
    bare = re.sub(r"[.?!…。｡&‥⁇⁈⁉‼]", " ", unicodedata.normalize("NFKC", text))
    bare = re.sub(r"[.?!]", " ", bare)
    with suppress(RecordError):
        assert not re.search("[.?!]", FrontEnd().speak(bare))


@settings(deadline=None)
@given(st.text(max_size=300))
def test_tokens_joined_are_the_text(text: str) -> None:
    tokens = tokenize(text)
    assert "".join(token.text for token in tokens) == text
    assert [token.start for token in tokens[1:]] == [token.end for token in tokens[:-1]]


@settings(deadline=None)
@given(st.one_of(any_text, mixed))
def test_items_have_their_places_in_the_source(text: str) -> None:
    items = FrontEnd().read(text).items
    starts = [item.start for item in items]
    assert starts == sorted(starts)
    assert all(0 <= start <= len(text) for start in starts)
    if text.isascii() and "&" not in text:
        assert all(text[item.start :].startswith(item.text) for item in items)


@settings(deadline=None)
@given(st.text(alphabet="ab. \n", min_size=1, max_size=200), st.integers(1, 60))
def test_clauses_joined_are_the_text(text: str, times: int) -> None:
    pieces = list(clauses(text * times))
    assert "".join(pieces) == text * times
    assert all(0 < len(piece) <= MAX_CLAUSE for piece in pieces)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["7", "7 ", "a$", "1/", "-1", "1,", "5m", "A ", "Mr. ", "I.", "(", "x^", "9:", "a.b", "@#"],
)
def test_time_is_linear_in_rules_tried(unit: str) -> None:
    """So many rules a token, whatever the length; a pattern sees a bounded piece of text."""
    front_end = FrontEnd()
    for length in (100, 20_000):
        text = unit * (length // len(unit))
        before = front_end.rules.attempts
        front_end.speak(text)
        assert front_end.rules.attempts - before <= 60 * (1 + len(tokenize(text)))


@pytest.mark.slow
def test_thousands_of_digits_are_read_one_by_one() -> None:
    for around in ("{}", "{}th", "${}", "1/{}", "{}%", "3/14/{}", "May {}", "{}:05"):
        for run in ("7" * 5000, ",".join(["777"] * 1700)):
            assert FrontEnd().speak(around.format(run)).count("seven") == run.count("7")


def test_a_word_that_cannot_be_said_is_named() -> None:
    for text, named in [("Привет мир", "Привет, мир"), ("say 你好", "你好"), ("שלום", "שלום")]:
        with pytest.raises(RecordError, match="cannot say") as caught:
            FrontEnd().speak(text)
        assert named in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", " ", "* * *", "───", "—", "• • •", "***", "~~~", "\u200b", "🏻"]
)
def test_decoration_is_silent(text: str) -> None:
    assert FrontEnd().speak(text) == ""


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnavailableError, match="'tlh'"):
        FrontEnd("tlh")
