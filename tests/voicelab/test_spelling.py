"""What each character sounds like is found without being told."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.voicelab.spelling import MAX_CHUNK, Spelling, spelled

# Letters that sound like themselves, "sh" that is one sound, "x" that is two, a silent "e".
SOUNDS = {"sh": "S", "x": "ks", "e": ""}
RNG = random.Random(1)  # noqa: S311
PARTS = ("b", "d", "m", "t", "p", "a", "i", "o", "sh", "x", "e")
WORDS = ["".join(RNG.choice(PARTS) for _ in range(RNG.randint(2, 5))) for _ in range(300)]


def pronounced(word: str) -> str:
    for letters, sound in SOUNDS.items():
        word = word.replace(letters, sound)
    return word


def of(texts: list[str]) -> np.ndarray:
    spoken = [" ".join(map(pronounced, text.split(" "))).encode() for text in texts]
    ids = np.frombuffer(b"".join(spoken), np.uint8)
    return spelled(texts, ids, np.array([len(s) for s in spoken]), ord(" "))


def test_two_letters_for_one_sound_and_one_for_two() -> None:
    found = of([" ".join(WORDS), "tax shop"])[-len("tax shop") :]
    chunks = ["".join(chr(code) for code in row if code > 0) for row in found.tolist()]
    assert "".join(chunks) == "taksSop"
    assert chunks[2:4] == ["ks", ""]
    assert {chunks[4], chunks[5]} == {"S", ""}


@given(st.text("abc", min_size=1, max_size=12), st.binary(max_size=30))
def test_an_alignment_has_every_sound_once_and_in_order(word: str, sounds: bytes) -> None:
    chunks = Spelling([]).align(word, tuple(sounds))
    if len(sounds) > MAX_CHUNK * len(word):
        assert chunks is None
    else:
        assert chunks is not None
        assert len(chunks) == len(word)
        assert [sound for chunk in chunks for sound in chunk] == list(sounds)


@pytest.mark.parametrize("phonemes", ["one", "much too long for it two"])
def test_what_cannot_be_aligned_is_unknown(phonemes: str) -> None:
    ids = np.frombuffer(phonemes.encode(), np.uint8)
    found = spelled(["i two"], ids, np.array([len(ids)]), ord(" "))
    assert (found == -1).all()
    assert found.shape == (5, MAX_CHUNK)
