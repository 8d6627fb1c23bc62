from __future__ import annotations

import pytest

from vvcli.script.record import Record


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u00a0\u2003"])
def test_white_space_is_blank(text: str) -> None:
    assert Record(0, text).is_blank
    assert not Record(0, text + ".").is_blank
    assert not Record(0, text, error="bad").is_blank
