from __future__ import annotations

import pytest

from vvcli.bench.random_model import RandomTokenizer
from vvcli.bench.texts import random_texts
from vvcli.frontend.front_end import FrontEnd


@pytest.mark.parametrize("characters", [(4, 40), (100, 500), (7, 7)])
def test_lengths_are_spread_over_the_range(characters: tuple[int, int]) -> None:
    shortest, longest = characters
    texts = random_texts(200, characters, seed=3)
    assert texts == random_texts(200, characters, seed=3)
    assert texts != random_texts(200, characters, seed=4)
    lengths = sorted(map(len, texts))
    assert shortest <= lengths[0] <= shortest + 3
    assert longest - 3 <= lengths[-1] <= longest
    assert sum(lengths) / 200 == pytest.approx((shortest + longest) / 2, abs=0.5)


def test_a_text_is_one_line_as_the_line_reader_sees_it() -> None:
    for text in random_texts(300, (4, 60), seed=0):
        assert text == text.strip()
        assert len(text.splitlines()) == 1
        assert FrontEnd().speak(text)


def test_a_token_is_four_characters() -> None:
    tokenizer = RandomTokenizer(600)
    assert len(tokenizer.encode("a" * 99)) == 25  # a newline comes after the text
    assert len(tokenizer.encode("a" * 100)) == 26
    assert set(tokenizer.encode("The weather in the mountains changes quickly.")) <= set(range(600))
