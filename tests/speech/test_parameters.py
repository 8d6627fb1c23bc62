"""What `Synthesizer` is given is checked at once, in the words of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import TINY, InProcess
from vvcli import Record, Synthesizer

WRONG = [
    ("streams", "many", "'many' is not 'auto' or a whole number from 1 to 65536"),
    ("streams", 0, "0 is not 'auto' or a whole number from 1 to 65536"),
    ("streams", 1.5, "1.5 is not 'auto' or a whole number"),
    ("streams", True, "True is not 'auto' or a whole number"),
    ("steps", 0, "0 is not a whole number from 1 to 999"),
    ("steps", 1000, "1000 is not a whole number from 1 to 999"),
    ("steps", "5", "'5' is not a whole number"),
    ("cfg_scale", -1, "-1 is not a number from 0 to 100"),
    ("cfg_scale", float("nan"), "nan is not a number from 0 to 100"),
    ("seed", -1, "-1 is not a whole number from 0 to 18446744073709551615"),
    ("seed", 2**64, "18446744073709551616 is not a whole number"),
    ("max_ahead", -0.5, "-0.5 is not a number from 0 to 1000000000"),
    ("max_ahead", float("inf"), "inf is not a number from 0 to 1000000000"),
    ("dtype", "int8", "'int8' is not one of auto, float32, bfloat16, float16, float64"),
    ("sample_type", "int8", "'int8' is not one of float32, int16"),
    ("split", "sentence", "'sentence' is not one of True, False"),
    ("voice", "", "voice is empty"),
    ("device", "", "device is empty"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_parameter_is_a_value_error_before_anything_is_loaded(
    name: str, value: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=r"^") as error:
        Synthesizer("/nowhere", **{name: value})
    assert words in str(error.value)
    assert str(error.value).startswith(name)


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_the_command_line_says_the_same(
    vvcli: InProcess, name: str, value: Any, words: str
) -> None:
    if name in ("split", "sample_type", "voice", "device", "dtype") or value in (None, True, "5"):
        pytest.skip("the command line has other words for it")
    found = vvcli("speak", "-m", "/nowhere", f"--{name.replace('_', '-')}", str(value), "Hello.")
    assert found.status == 2
    shown, range_of = words.split(" is not ")
    assert f"'{shown.strip(chr(39))}' is not {range_of}" in found.error


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    voice = TINY / "voices" / "tiny-Ada_woman.pt"
    numbers: dict[str, Any] = {
        "steps": np.int64(2),
        "seed": np.uint8(1),
        "cfg_scale": np.float32(1),
    }
    return Synthesizer(TINY, voice, device="cpu", streams=1, **numbers)


@pytest.mark.parametrize(
    "text", ["Hello", b"Hello", Record(0, "Hello"), Path("hello.txt"), 5, None]
)
@pytest.mark.parametrize("method", ["speak", "stream"])
def test_one_text_is_no_list_of_lines(synthesizer: Synthesizer, method: str, text: Any) -> None:
    """A string is iterable: its letters would be spoken one by one."""
    with pytest.raises(TypeError, match=r"list|iterable"):
        getattr(synthesizer, method)(text)  # not only when it is iterated


def test_the_error_says_what_to_give(synthesizer: Synthesizer) -> None:
    with pytest.raises(TypeError, match="lines is one str: give a list, such as"):
        synthesizer.speak("Hello")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (Record(0, "Hello", cfg_scale=-1), "line 0: cfg_scale: -1 is not a number from 0 to 100"),
        (Record(0, "Hello", seed=-1), "line 0: seed: -1 is not a whole number"),
    ],
)
def test_a_record_that_asks_for_the_impossible(
    synthesizer: Synthesizer, line: Record, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        list(synthesizer.speak([line]))
    assert [len(each.samples) > 0 for each in synthesizer.speak(["Hello."])] == [True]
