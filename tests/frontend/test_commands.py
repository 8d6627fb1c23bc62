"""Commands in text: exactly three of them; all else in double brackets is text."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.frontend.commands import MAX_PAUSE, Segment, parse_commands


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("plain", [Segment("plain")]),
        ("a [[pause 500ms]] b", [Segment("a", None, Fraction(1, 2)), Segment("b")]),
        ("a. [[pause 1.5s]] b", [Segment("a.", None, Fraction(3, 2)), Segment("b")]),
        ("[[pause 1s]]a", [Segment("", None, Fraction(1)), Segment("a")]),
        ("a[[pause 1s]]", [Segment("a", None, Fraction(1))]),
        ("a[[pause 1s]][[pause 250ms]]b", [Segment("a", None, Fraction(5, 4)), Segment("b")]),
        ("[[pause 1s]]", [Segment("", None, Fraction(1))]),
        ("[[voice miles]]Hi", [Segment("Hi", "miles")]),
        ("Hi [[voice miles]]ho[[voice clara]]", [Segment("Hi"), Segment("ho", "miles")]),
        (
            "a [[voice b]] c [[pause 1s]] d",
            [Segment("a"), Segment("c", "b", Fraction(1)), Segment("d", "b")],
        ),
        ("say [[spell ABC]].", [Segment("say A B C .")]),
        ("[[spell b2b]]", [Segment("B, 2, B")]),
        ("[[pause]] [[pause 5]] [[pause -1s]] [[Pause 1s]]", None),
        ("[[pause 1 s]] [[wiki link]] [[voice]] [[spell ]]x", None),
        ("[pause 1s] [[pause 1s] [[pause 1s ]]", None),
        ("", [Segment("")]),
        ("[[pause 99999s]]a", [Segment("", None, Fraction(MAX_PAUSE)), Segment("a")]),
    ],
)
def test_a_text_is_cut_at_its_commands(text: str, segments: list[Segment] | None) -> None:
    assert parse_commands(text) == (segments or [Segment(text)])


@pytest.mark.parametrize(("written", "samples"), [("500ms", 12_000), ("1.5s", 36_000), ("1ms", 24)])
def test_a_pause_is_exact_to_a_sample(written: str, samples: int) -> None:
    (segment,) = parse_commands(f"a[[pause {written}]]")
    assert segment.pause * 24_000 == samples


@given(st.lists(st.sampled_from(["xo ", "[[", "]]", "[[pause 1s]]", "[[voice b]]", " "])))
def test_no_word_is_lost_and_pauses_add_up(parts: list[str]) -> None:
    segments = parse_commands("".join(parts))
    assert sum(segment.text.count("xo") for segment in segments) == parts.count("xo ")
    assert sum(segment.pause for segment in segments) == parts.count("[[pause 1s]]")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("ABC", "ay b c"),
        ("1/2", "one, slash, two"),
        ("a-b", "ay, dash, b"),
        ("x@y.z", "x, at, y, dot, z"),
        ("C#", "c, hash"),
    ],
)
def test_the_front_end_reads_what_is_spelled_letter_by_letter(written: str, spoken: str) -> None:
    from vvcli.frontend.front_end import FrontEnd

    (segment,) = parse_commands(f"[[spell {written}]]")
    assert FrontEnd().speak(segment.text) == spoken


@pytest.mark.parametrize("kinds", [(digits, ascii_uppercase), (ascii_uppercase, digits)])
def test_no_letter_that_is_spelled_is_a_unit_or_an_article(kinds: tuple[str, str]) -> None:
    from vvcli.frontend.front_end import FrontEnd

    front_end = FrontEnd()
    names = {
        each: front_end.speak(f"{each}, {each}").partition(",")[0]
        for each in digits + ascii_uppercase
    }
    for first, last in product(*kinds):
        spoken = front_end.speak(parse_commands(f"[[spell {first}{last}]]")[0].text)
        assert spoken.replace(",", "") == f"{names[first]} {names[last]}"
