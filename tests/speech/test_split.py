from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vvcli.engine.stream import NoiseSource
from vvcli.script.record import Record
from vvcli.speech.split import CHARACTERS_PER_TOKEN, MIN_REACH, split_record


def words(text: str) -> int:
    return len(text.split())


def texts(text: str, max_tokens: int) -> list[str]:
    return [part.text for part in split_record(Record(0, text), words, max_tokens)]


def test_sentences_stay_together_as_far_as_they_fit() -> None:
    text = " One two three. Dr. Bo came. He left.  Then all was well. "
    assert texts(text, 6) == ["One two three. Dr. Bo came.", "He left.  Then all was well."]
    assert texts(text, 5) == ["One two three.", "Dr. Bo came. He left.", "Then all was well."]


def test_a_long_sentence_is_cut_at_clauses_and_its_rest_joined_by_the_next() -> None:
    text = "Start. When the rain, which was cold, had gone – at last, he left. Off!"
    assert texts(text, 5) == [
        "Start.",
        "When the rain,",
        "which was cold,",
        "had gone – at last,",
        "he left. Off!",
    ]


def test_a_long_clause_is_cut_at_spaces_and_a_long_word_anywhere() -> None:
    assert texts("one two three four five, six", 2) == ["one two", "three four", "five, six"]
    parts = split_record(Record(0, "abcdefg hi"), len, 3)
    assert [part.text for part in parts] == ["abc", "def", "g", "hi"]


def test_one_character_is_never_too_long() -> None:
    parts = split_record(Record(0, "a 😀b"), lambda text: len(text.encode()), 1)
    assert [part.text for part in parts] == ["a", "😀", "b"]


def test_a_part_keeps_what_the_record_asks_for() -> None:
    record = Record(7, "One. Two. Three.", "a:1", "Ada", 3, 1.5, None, "x", "x.wav", 0.7)
    first, second, third = split_record(record, words, 1)
    assert first == Record(7, "One.", "a:1", "Ada", 3, 1.5, None, "x", "x.wav", 0.0, 0, 3)
    assert second == Record(7, "Two.", "a:1", "Ada", 3, 1.5, None, "x", "x.wav", 0.0, 1, 3)
    assert third == Record(7, "Three.", "a:1", "Ada", 3, 1.5, None, "x", "x.wav", 0.7, 2, 3)


@pytest.mark.parametrize(
    "record", [Record(3, "One. Two."), Record(3, " "), Record(3, "", error="bad")]
)
def test_what_fits_is_the_record_itself(record: Record) -> None:
    assert split_record(record, words, 2) == [record]


def test_a_part_has_room_for_a_token() -> None:
    with pytest.raises(ValueError, match="a part cannot have 0 tokens"):
        split_record(Record(0, "One."), words, 0)


def test_parts_and_records_draw_different_noise() -> None:
    drawn = {
        NoiseSource(0, index + (part << 32), 2).draw().tobytes()
        for index in range(5)
        for part in range(5)
    }
    assert len(drawn) == 25


PIECES = st.sampled_from(
    [
        "One two. ",
        "Dr. Who, ",
        "three ",
        "– ",
        "😀",
        "fortytwo",
        "你好。",
        '"Why?" ',
        "\u00a0",
        "\n",
    ]
)
TEXTS = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40)
COUNTS = st.sampled_from([words, len, lambda text: len(text.encode()) // 3 + 1])


@pytest.mark.slow
@settings(max_examples=300)
@given(TEXTS, COUNTS, st.integers(1, 12))
def test_parts_are_the_text_in_order_and_fit(text: str, count: object, max_tokens: int) -> None:
    assert callable(count)
    parts = split_record(Record(5, text), count, max_tokens)
    assert "".join("".join(part.text for part in parts).split()) == "".join(text.split())
    assert all(
        count(part.text) <= max_tokens or len(part.text) == 1 for part in parts
    ) or parts == [Record(5, text)]
    assert [part.part for part in parts] == list(range(len(parts)))
    assert {part.parts for part in parts} == {len(parts)}
    if len(parts) > 1:
        assert all(part.text == part.text.strip() != "" for part in parts)


@settings(max_examples=100)
@given(TEXTS, st.integers(1, 8))
@example(".:\r0", 1)
def test_words_stay_whole_where_each_fits(text: str, max_tokens: int) -> None:
    spoken = " ".join(part.text for part in split_record(Record(0, text), words, max_tokens))
    if "你好。" not in text:  # where a sentence ends without a space
        assert spoken.split() == text.split()


LONG = {
    "letters": "x",
    "digits": "7",
    "words": "word ",
    "sentences": "One two three four. ",
    "clauses": "yes, ",
    "a sentence and a word": "No. " + "x" * 997,
    "a clause and a word": "No, " + "x" * 197 + " ",
    "spaces": "a" + " " * 500,
    "Chinese": "你好。",
    "stops": ".",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("max_tokens", [8, 300])
def test_what_is_counted_grows_with_the_text_and_not_with_its_square(
    name: str, max_tokens: int
) -> None:
    def work(length: int) -> tuple[int, int]:
        """Characters counted, and the longest text that was."""
        text = (LONG[name] * (length // len(LONG[name]) + 1))[:length].strip()
        counted: list[int] = []

        def count(part: str) -> int:
            counted.append(len(part))
            return len(part)

        parts = split_record(Record(0, text), count, max_tokens)
        assert "".join("".join(part.text for part in parts).split()) == "".join(text.split())
        return sum(counted), max(counted)

    (short, _), (long, longest) = work(10_000), work(80_000)
    assert long <= 8 * 1.5 * short
    assert long <= 80_000 * 40
    assert longest <= max(MIN_REACH, CHARACTERS_PER_TOKEN * max_tokens)


def test_text_of_few_tokens_is_cut_where_it_is_long_all_the_same() -> None:
    text = "x" * 10_000
    assert split_record(Record(0, text[:MIN_REACH]), lambda _: 1, 1) == [
        Record(0, text[:MIN_REACH])
    ]
    parts = split_record(Record(0, text), lambda _: 1, 1)
    assert "".join(part.text for part in parts) == text
    assert all(len(part.text) <= MIN_REACH for part in parts)
