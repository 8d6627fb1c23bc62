"""English for the embedded voice: what is written, and what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.errors import RecordError, UnavailableError
from vvcli.script.normalise import SPEAKABLE, normalise_english, normaliser

EXAMPLES = {
    # money, dates and times
    "$1,250.50 on 3/14/2026 at 9:05 pm": "one thousand two hundred fifty dollars and fifty cents "
    "on march fourteenth, twenty twenty six at nine oh five p m",
    "$0.99, $1, $1.01": "ninety nine cents, one dollar, one dollar and one cent",
    "It costs $3.5 million or €5k": "it costs three point five million dollars "
    "or five thousand euros",
    "£20 and ¥500": "twenty pounds and five hundred yen",
    "2024-02-29": "february twenty ninth, twenty twenty four",
    "May 5, 2024": "may fifth, twenty twenty four",
    "on the 5th of May 2024": "on the fifth of may twenty twenty four",
    "14/3/2026": "march fourteenth, twenty twenty six",
    "Jan. 5 is early.": "january fifth is early.",
    "21:30": "twenty one thirty",
    "9:00": "nine o'clock",
    "10:30pm": "ten thirty p m",
    "at 7 a.m.": "at seven ay m",
    "24/7": "twenty four seven",
    # numbers
    "The 21st, 3rd and 112th": "the twenty first, third and one hundred twelfth",
    "1,000th": "one thousandth",
    "1,234,567.89": "one million two hundred thirty four thousand five hundred sixty seven "
    "point eight nine",
    "007": "zero zero seven",
    "-4°C, -$5": "minus four degrees celsius, minus five dollars",
    "-3 and .5": "minus three and zero point five",
    "3/4 of 10-20": "three quarters of ten to twenty",
    "½ cup, 2½ cups": "one half cup, two and a half cups",
    "50%": "fifty percent",
    "in 1905, 2000, 2004, 2026": "in nineteen oh five, two thousand, two thousand four, "
    "twenty twenty six",
    "the 1990s and the '80s": "the nineteen nineties and the eighties",
    "1999-2003": "nineteen ninety nine to two thousand three",
    "v1.2.3": "v one point two point three",
    "Call 555-1234.": "call five five five, one two three four.",
    "(212) 555-0199": "two one two, five five five, zero one nine nine",
    "4x4": "four by four",
    # units
    "5 km, 10kg, 60 mph and 20°C": "five kilometers, ten kilograms, sixty miles per hour "
    "and twenty degrees celsius",
    "1 ft, 6 ft": "one foot, six feet",
    "8 GB at 3.2 GHz": "eight gigabytes at three point two gigahertz",
    # abbreviations
    "Mr. Smith vs. Dr. Jones, etc.": "mister smith versus doctor jones, et cetera.",
    "St. John lives on Main St. in Paris.": "saint john lives on main street in paris.",
    "e.g. this, i.e. that": "for example this, that is that",
    "No. 5": "number five",
    "The boss said no. Then he left.": "the boss said no. then he left.",
    "Ph.D. students": "p h d students",
    "the U.S. won": "the u s won",
    "J. R. Smith": "j r smith",
    # letters and capitals
    "The FBI and NASA met in the USA.": "the f b i and nasa met in the u s ay.",
    "THIS IS ALL CAPS, YOU KNOW!": "this is all caps, you know!",
    "It is NOT": "it is not",
    "H2O": "h two o",
    # addresses
    "See https://www.example.com/docs?x=1": "see w w w dot example dot com slash docs "
    "question mark x equals one",
    "Mail joe.smith@mail.org.": "mail joe dot smith at mail dot org.",
    "vvcli.io": "vvcli dot i o",
    # quotes, accents, symbols
    '"Quoted," he said – ‘hi’ — really…': "quoted, he said, hi, really.",
    "Zoë Núñez ate crème brûlée": "zoe nunez ate creme brulee",
    "Łódź, Ærø, Straße": "lodz, aero, strasse",
    "rock 'n' roll, don't, the dogs' bowls": "rock n roll, don't, the dogs bowls",
    "Q&A, C++": "q and ay, c plus plus",
    "x² + y² = z²": "x squared plus y squared equals z squared",
    "well-known (very)": "well known, very",
    "What?! No...": "what? no.",
    "one\n two\t three": "one two three",
}


@pytest.mark.parametrize(("written", "said"), EXAMPLES.items(), ids=list(EXAMPLES))
def test_it_says_what_people_say(written: str, said: str) -> None:
    assert normalise_english(written) == said


@pytest.mark.parametrize("written", EXAMPLES)
def test_what_is_said_is_said_again_the_same(written: str) -> None:
    said = normalise_english(written)
    assert normalise_english(said) == said


@given(st.text(alphabet=st.characters(codec="latin-1"), min_size=1))
def test_only_speakable_characters_come_out(text: str) -> None:
    try:
        said = normalise_english(text)
    except RecordError:
        return
    assert set(said) <= SPEAKABLE
    assert said == said.strip()
    assert "  " not in said


@pytest.mark.parametrize(
    ("text", "named"),
    [("Привет", "П р и в е т"), ("say 你好", "你 好"), ("שלום", "ש"), ("α and β", "α β")],
)
def test_a_foreign_script_is_an_error_that_names_the_letters(text: str, named: str) -> None:
    with pytest.raises(RecordError, match="cannot say") as caught:
        normalise_english(text)
    assert named in str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "— —"])
def test_a_text_without_words_is_an_error(text: str) -> None:
    with pytest.raises(RecordError, match="nothing"):
        normalise_english(text)


def test_an_unknown_normaliser_is_refused_by_name() -> None:
    assert normaliser("english") is normalise_english
    with pytest.raises(UnavailableError, match="klingon"):
        normaliser("klingon")


@pytest.mark.parametrize(
    "around", ["{}", "{}th", "${}", "1/{}", "{}%", "3/14/{}", "May {}", "{}:05"]
)
def test_thousands_of_digits_are_read_one_by_one(around: str) -> None:
    for run in ("7" * 5000, ",".join(["777"] * 1700)):
        assert normalise_english(around.format(run)).count("seven") == run.count("7")
