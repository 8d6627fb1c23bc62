"""How text is read, class by class; each file under data/ also holds what only looks like it."""

from __future__ import annotations

import pytest

from tests.frontend.cases import CLASSES, cases
from vvcli.frontend.front_end import FrontEnd

LANGUAGES = {"british": "en-GB"}


@pytest.mark.parametrize("name", CLASSES)
def test_every_case_is_read_as_it_says(name: str) -> None:
    front_end = FrontEnd(LANGUAGES.get(name, "en-US"))
    read = [(written, front_end.speak(written)) for written, _ in cases(name)]
    assert read == cases(name)


@pytest.mark.parametrize("name", CLASSES)
def test_there_are_forty_cases_of_a_class(name: str) -> None:
    assert len(cases(name)) >= 40
    assert len(dict(cases(name))) == len(cases(name))


def test_what_is_spoken_is_spoken_again_the_same() -> None:
    front_end = FrontEnd()
    changed = []
    # A path has its "etc" read as it is; out of the path it is et cetera.
    for name in CLASSES:
        for written, spoken in cases(name):
            if "/etc/" not in written and front_end.speak(spoken) != spoken:
                changed.append((written, spoken, front_end.speak(spoken)))
    assert changed == []
