"""How text is read, class by class; each file under data/ also holds what only looks like it."""

from __future__ import annotations

import re

import pytest

from tests.frontend.cases import CLASSES, DATA, cases
from vvcli.frontend.front_end import FrontEnd

LANGUAGES = {"british": "en-GB"}


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
def test_every_case_is_read_as_it_says(name: str) -> None:
    front_end = FrontEnd(LANGUAGES.get(name, "en-US"))
    read = [(written, front_end.speak(written)) for written, _ in cases(name)]
    assert read == cases(name)


@pytest.mark.parametrize("name", CLASSES)
def test_there_are_forty_cases_of_a_class(name: str) -> None:
    assert len(cases(name)) >= 40
    assert len(dict(cases(name))) == len(cases(name))


@pytest.mark.slow
def test_what_is_spoken_is_spoken_again_the_same() -> None:
    front_end = FrontEnd()
    changed = []
    # A path has its "etc" read as it is; out of the path it is et cetera.
    for name in CLASSES:
        for written, spoken in cases(name):
            if "/etc/" not in written and front_end.speak(spoken) != spoken:
                changed.append((written, spoken, front_end.speak(spoken)))
    assert changed == []


# Two spellings of one abbreviation, which the case says once; a text is not shortened.
NOT_READ_SO = {"c. 1850 / ca. 1850"}


def same(spoken: str) -> str:
    """A reading without what does not matter: commas, hyphens, apostrophes."""
    return " ".join(re.sub("[,'-]", "", spoken.lower()).split())


def test_inputs_that_were_read_wrong_are_read_right() -> None:
    lines = (DATA.parent / "acceptable.tsv").read_text(encoding="utf-8").split("\n")[1:]
    wrong = []
    for _, written, readings in (line.split("\t") for line in lines if line):
        spoken = same(FrontEnd().speak(written))
        if spoken not in map(same, readings.split("|")):
            wrong.append(written)
    assert set(wrong) == NOT_READ_SO
