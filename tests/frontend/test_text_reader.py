"""Commands come first, then the lexicon, then the model's own front end."""

from __future__ import annotations

from fractions import Fraction

import pytest

from vvcli.errors import RecordError
from vvcli.frontend.commands import Segment
from vvcli.frontend.front_end import FrontEnd
from vvcli.frontend.lexicon import Entry, Lexicon
from vvcli.frontend.text_reader import TextReader

LEXICON = Lexicon([Entry("nginx", "engine x"), Entry("pause", "paws")])


def test_a_model_without_a_front_end_gets_the_text_as_it_is() -> None:
    spoken = TextReader().read("Dr. Lee — 5 kg… 😀 Привет")
    assert str(spoken) == "Dr. Lee — 5 kg… 😀 Привет"


def test_the_lexicon_comes_before_the_front_end_and_after_the_commands() -> None:
    spoken = TextReader(FrontEnd(), LEXICON).read("nginx 5 [[pause 1s]] pause")
    assert [s.text for s in spoken.segments] == ["engine x five", "paws"]
    assert spoken.segments[0].pause == 1
    assert spoken.respelled == 2


def test_commands_can_be_text() -> None:
    spoken = TextReader(commands=False).read("a [[pause 1s]] b")
    assert str(spoken) == "a [[pause 1s]] b"
    assert not spoken.has_commands


@pytest.mark.parametrize("text", ["", "  ", "* * *", "───"])
def test_what_only_decorates_is_blank(text: str) -> None:
    assert TextReader(FrontEnd()).read(text).is_blank


@pytest.mark.parametrize("text", ["* * *", "---", "***", "═══", "• • •", " "])
def test_scene_breaks_are_blank_for_every_model(text: str) -> None:
    assert TextReader().read(text).is_blank
    assert TextReader().is_blank(text)


@pytest.mark.parametrize("text", ["a", "?", "5", "...and", "😀", "я"])
def test_what_a_model_may_say_is_not(text: str) -> None:
    assert not TextReader().is_blank(text)
    assert str(TextReader().read(text)) == text


def test_decoration_between_pauses_is_part_of_the_pause() -> None:
    spoken = TextReader(FrontEnd()).read("a [[pause 1s]] * * * [[pause 2s]] b")
    assert spoken.segments == (Segment("a", None, Fraction(3)), Segment("b"))
    assert not TextReader(FrontEnd()).read("[[pause 1s]]").is_blank


def test_it_is_shown_with_its_commands() -> None:
    spoken = TextReader(FrontEnd()).read("Hi. [[pause 500ms]] [[voice miles]] 5")
    assert str(spoken) == "hi. [[pause 0.5s]] [[voice miles]] five"


def test_words_that_cannot_be_said_are_an_error() -> None:
    with pytest.raises(RecordError, match="мир"):
        TextReader(FrontEnd()).read("[[pause 1s]] мир")
