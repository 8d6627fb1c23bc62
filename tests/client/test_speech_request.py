from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.client.respelling import respell_segments
from vvcli.client.speech_request import SpeechSettings, request_body
from vvcli.errors import RecordError
from vvcli.frontend.commands import parse_commands
from vvcli.frontend.lexicon import Entry, Lexicon
from vvcli.script.record import Record

LEXICON = Lexicon([Entry("nginx", "engine x"), Entry("a b", "letters"), Entry("B", "bee")])


def body(record: Record, **settings: Any) -> dict[str, Any]:
    data, _ = request_body(record, SpeechSettings(**settings), is_float=False)
    found: dict[str, Any] = json.loads(data)
    return found


def test_noise_is_that_of_the_record_in_the_run() -> None:
    assert body(Record(7, "x"), seed=3).items() >= {"seed": 3, "record_index": 7}.items()
    own = body(Record(7, "x", seed=5), seed=3)
    assert own["seed"] == 5
    assert "record_index" not in own


def test_a_record_goes_before_the_run() -> None:
    run = {"voice": "Ada", "cfg_scale": 2.0, "language": "en-GB", "speed": 1.5}
    assert body(Record(0, "x"), **run).items() >= run.items()
    own = body(Record(0, "x", voice="Ben", cfg_scale=0.0, speed=0.75), **run)
    assert (own["voice"], own["cfg_scale"], own["speed"]) == ("Ben", 0.0, 0.75)
    assert body(Record(0, "x"))["speed"] == 1.0  # whatever the server's own is
    assert not {"voice", "cfg_scale", "language"} & body(Record(0, "x")).keys()


def test_halves_of_surrogate_pairs_are_sent() -> None:
    assert body(Record(0, "a\ud800b"))["input"] == "a\ud800b"
    data, _ = request_body(Record(0, "é" * 1000), SpeechSettings(), is_float=True)
    assert len(data) < 2300  # not escaped: a text of a megabyte fits


def test_what_a_lexicon_puts_in_is_no_command() -> None:
    lexicon = Lexicon([Entry("stop", "[[pause 5s]]")])
    sent = body(Record(0, "We stop here."), lexicon=lexicon)
    assert (sent["input"], sent["commands"]) == ("We [[pause 5s]] here.", False)
    with pytest.raises(RecordError, match="in:1: a respelling is a command"):
        body(Record(0, "We stop [[pause 1s]] here.", "in:1"), lexicon=lexicon)


def test_commands_may_be_text() -> None:
    sent = body(Record(0, "[[pause 1s]] nginx"), lexicon=LEXICON, commands=False)
    assert (sent["input"], sent["commands"]) == ("[[pause 1s]] engine x", False)


pauses = st.builds(
    "[[pause {}{}]]".format,
    st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,9})?", fullmatch=True),
    st.sampled_from(["ms", "s"]),
)
words = st.sampled_from(
    [
        *("nginx", "a b", "B", " ", "\n", "[[", "]]", "[", "x]", "hello", ".", "\u3000"),
        *("[[voice Ben]]", "[[voice  ]]", "[[spell b2b]]", "[[spell nginx]]", "[[pause 1h]]"),
    ]
)


@pytest.mark.slow
@given(st.lists(pauses | words, max_size=12).map("".join))
def test_respelled_text_has_the_segments_of_the_text(text: str) -> None:
    expected = [
        replace(segment, text=LEXICON.apply(segment.text)[0]) for segment in parse_commands(text)
    ]
    said, count = respell_segments(Record(0, text), LEXICON)
    assert parse_commands(said) == expected
    assert count == sum(LEXICON.apply(segment.text)[1] for segment in parse_commands(text))
