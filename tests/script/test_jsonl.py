from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.script.jsonl import read_jsonl
from vvcli.script.record import MAX_SEED, Record

WHOLE = {
    "text": "Hello.",
    "id": "one",
    "voice": "Ada",
    "output": "a/one.wav",
    "seed": MAX_SEED,
    "cfg_scale": 2,
    "silence_after": 0.5,
}


def records(data: bytes, first_index: int = 0) -> list[Record]:
    return list(read_jsonl(io.BytesIO(data), "a.jsonl", first_index))


def error_of(line: str) -> str:
    (record,) = records(line.encode())
    assert record.text == ""
    assert record.error is not None
    assert "\n" not in record.error
    return record.error


def test_every_key_is_a_field() -> None:
    (record,) = records(json.dumps(WHOLE).encode(), 7)
    assert record == Record(
        7,
        "Hello.",
        "a.jsonl:1",
        voice="Ada",
        seed=MAX_SEED,
        cfg_scale=2.0,
        id="one",
        output="a/one.wav",
        silence_after=0.5,
    )


def test_null_is_absent_and_blank_lines_are_no_records() -> None:
    optional = dict.fromkeys(WHOLE.keys() - {"text"})
    line = json.dumps({"text": "Hi."} | optional).encode()
    data = b'\xef\xbb\xbf{"text": ""}\r\n\n \t\n' + line + b"\n"
    assert records(data, 2) == [Record(2, "", "a.jsonl:1"), Record(3, "Hi.", "a.jsonl:4")]


def test_line_breaks_in_the_text_are_spaces() -> None:
    (record,) = records(rb'{"text": " one\n\ntwo\r\n three\u2028four "}')
    assert record.text == "one two three four"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"text": "a", "txt": "b"}', 'unknown key "txt": the keys are text, id, voice, output'),
        ('{"text": "a", "' + "k" * 99 + '": 1}', 'unknown key "' + "k" * 40 + '..."'),
        ('{"text": "a", "seed": 1, "seed": 2}', 'the key "seed" is there twice'),
        ('{"id": "a"}', 'there is no "text"'),
        ('{"text": null}', '"text" is not a string'),
        ('{"text": 3}', '"text" is not a string'),
        ('{"text": "a", "id": ""}', '"id" is empty'),
        ('{"text": "a", "id": 7}', '"id" is not a string'),
        ('{"text": "a", "output": "a\\nb"}', '"output" has a line break, or space around it'),
        ('{"text": "a", "voice": ["Ada"]}', '"voice" is not a string'),
        ('{"text": "a", "seed": true}', f'"seed" is not a whole number from 0 to {MAX_SEED}'),
        ('{"text": "a", "seed": 1.0}', '"seed" is not a whole number'),
        ('{"text": "a", "seed": -1}', '"seed" is not a whole number'),
        (f'{{"text": "a", "seed": {MAX_SEED + 1}}}', '"seed" is not a whole number'),
        ('{"text": "a", "cfg_scale": "1"}', '"cfg_scale" is not a number from 0 to 100'),
        ('{"text": "a", "cfg_scale": 1e999}', '"cfg_scale" is not a number from 0 to 100'),
        ('{"text": "a", "cfg_scale": false}', '"cfg_scale" is not a number from 0 to 100'),
        ('{"text": "a", "silence_after": -0.1}', '"silence_after" is not a number from 0 to 3600'),
        ('{"text": "a", "cfg_scale": NaN}', "this is not JSON: NaN is no JSON number"),
        ('{"text": "a", "cfg_scale": -Infinity}', "this is not JSON: -Infinity is no JSON number"),
        ('{"text": "a\\u0000"}', '"text" is not text: character 2 (0x00) is a control character'),
        ('{"text": "a\\ud83d"}', '"text" is not text: character 2 (U+D83D) is half of a surrogate'),
        ('"Hello."', "this is not a JSON object"),
        ("Hello.", "this is not JSON: Expecting value at character 1"),
        ('{"text": "a"', "this is not JSON: Expecting ',' delimiter at character 13"),
        ('{"text": "a"} {"text": "b"}', "this is not JSON: Extra data at character 15"),
        ('{"text": ' + "[" * 100_000, "this is not a record: it is nested too deeply"),
        (
            '{"text": "a", "seed": ' + "9" * 5000 + "}",
            "this is not a record: a number in it is too",
        ),
    ],
)
def test_what_is_wrong_is_said(line: str, error: str) -> None:
    assert error_of(line).startswith(f"a.jsonl:1: {error}")


def test_a_bad_line_keeps_its_place_and_fails_alone() -> None:
    bad, worse, good = records(b'{"text": 1}\n\n{"text": "\xff"}\n{"text": "c"}\n')
    assert (bad.index, bad.source) == (0, "a.jsonl:1")
    assert (worse.index, worse.source) == (1, "a.jsonl:3")
    assert str(worse.error).startswith("a.jsonl:3: byte 11 (0xff) is not UTF-8")
    assert good == Record(2, "c", "a.jsonl:4")


KEYS = st.sampled_from([*WHOLE, "txt"]) | st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(KEYS, children, max_size=2),
    max_leaves=4,
)
PIECES = st.sampled_from([b'{"text":', b'"a"', b"}", b",", b'"seed":', b"1", b"\n", b"\xff", b"\\"])


@given(
    st.dictionaries(KEYS, VALUES, max_size=4).map(lambda value: json.dumps(value).encode())
    | st.lists(PIECES, max_size=10).map(b"".join)
    | st.binary(max_size=40)
)
def test_any_bytes_are_records_or_errors_with_their_line(data: bytes) -> None:
    found = records(data)
    assert [record.index for record in found] == list(range(len(found)))
    for record in found:
        if record.error is not None:
            assert record.text == ""
            assert re.match(r"a\.jsonl:\d+: ", record.error)
            assert "\n" not in record.error


@given(st.fixed_dictionaries({"text": st.text(st.characters(exclude_categories=["Cc", "Cs"]))}))
def test_texts_come_back_however_they_are_escaped(value: dict[str, Any]) -> None:
    for escaped in (True, False):
        (record,) = records(json.dumps(value, ensure_ascii=escaped).encode())
        assert record.error is None
        assert record.text.split() == value["text"].split()
