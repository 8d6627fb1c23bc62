"""Lines for the teacher: normalised, distinct, without what is held out."""

from __future__ import annotations

from pathlib import Path

import pytest

from vvcli.voicelab.recogniser import repeats, word_errors
from vvcli.voicelab.settings import ALPHABET, Texts
from vvcli.voicelab.texts import glosses, prepare

GLOSS = "00001 00 n 01 word 0 000 | a thing that is said; {}  \n"
SENTENCES = [f'"she said word number {i} to all of them"' for i in range(30)]


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path, Path]:
    wordnet, fortunes, words = tmp_path / "wordnet", tmp_path / "fortunes", tmp_path / "words"
    wordnet.mkdir()
    licence = "  1 This software is provided as is\n"
    (wordnet / "data.noun").write_text(licence + "".join(map(GLOSS.format, SENTENCES)))
    fortunes.mkdir()
    (fortunes / "wisdom").write_text("Who knows?\n%\nNothing is\nlost.\n\t\t-- Someone\n%\n")
    (fortunes / "wisdom.dat").write_text("not text")
    words.write_text("apple\napple's\nBerlin\nzebra\nécole\nrun\n")
    return wordnet, fortunes, words


def small() -> Texts:
    return Texts(word_lists=5, numbers=20, short=6, paragraphs=4, held_out=5)


def test_glosses_are_examples_and_definitions(sources: tuple[Path, Path, Path]) -> None:
    examples, definitions = glosses(sources[0])
    assert len(examples) == 30
    assert definitions == ["a thing that is said"]


def test_held_out_sentences_are_in_no_line(sources: tuple[Path, Path, Path]) -> None:
    lines, held_out = prepare(small(), sources)
    assert len(held_out) == 5
    assert not [s for s in held_out for line in lines if s in line]


def test_lines_are_distinct_and_speakable(sources: tuple[Path, Path, Path]) -> None:
    lines, _ = prepare(small(), sources)
    assert len(set(lines)) == len(lines)
    assert set("".join(lines)) <= set(ALPHABET) - {"\n"}
    assert "nothing is lost." in lines


def test_the_same_seed_gives_the_same_lines(sources: tuple[Path, Path, Path]) -> None:
    assert prepare(small(), sources) == prepare(small(), sources)


@pytest.mark.parametrize(
    ("text", "heard", "errors"),
    [("a b c", "a b c", 0), ("a b c", "", 3), ("a b", "a x b", 1), ("It's so.", "it's so", 0)],
)
def test_word_errors_are_counted(text: str, heard: str, errors: int) -> None:
    assert word_errors(text, heard)[0] == errors


def test_repeats_are_those_the_text_has_not() -> None:
    assert repeats("one two", "one one two")
    assert not repeats("that that is", "that that is")
