from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vvcli.script.flow import MAX_FLOW
from vvcli.script.follow import Cutter, read_follow
from vvcli.script.record import Record

PAUSE = None  # in a list of blocks, a silence


def cut(blocks: Iterable[bytes | None], first_index: int = 0) -> list[Record]:
    cutter = Cutter("llm", first_index)
    found: list[Record] = []
    for block in blocks:
        found += cutter.pause() if block is PAUSE else cutter.add(block)
    return [*found, *cutter.end()]


def texts(*blocks: bytes | None) -> list[str]:
    return [record.text for record in cut(blocks)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("One. Two three.\nFour\n", ["One.", "Two three.", "Four"]),
        ("One.  \r\nTwo.\r\n", ["One.", "Two."]),
        (
            "Dr. Who met J. R. Brown. Good. 1. First. 2.",
            "Dr. Who met J. R. Brown.|Good.|1. First.|2.",
        ),
        ('"Why?" she asked. "So!" He left.', '"Why?" she asked.|"So!"|He left.'),
        ("你好。再见！「好。」好", "你好。|再见！|「好。」|好"),
        ("One\n\n \nTwo", ["One", "", "", "Two"]),
        ("\ufeffOne", ["One"]),
        ("", []),
        (" ", []),
    ],
)
def test_cuts(data: str, expected: str | list[str]) -> None:
    found = texts(data.encode())
    assert found == (expected.split("|") if isinstance(expected, str) else expected)
    assert (
        texts(*(data.encode()[place : place + 1] for place in range(len(data.encode())))) == found
    )


def test_a_sentence_is_there_once_white_space_follows() -> None:
    cutter = Cutter("llm", 0)
    assert list(cutter.add(b"He left.")) == []
    assert [record.text for record in cutter.add(b" ")] == ["He left."]
    assert list(cutter.add(b"Dr. ")) == []
    assert list(cutter.add(b'"Why?" ')) == []  # she asked
    assert [record.text for record in cutter.add(b"H")] == ['Dr. "Why?"']


def test_a_pause_takes_what_is_there_and_no_half_character() -> None:
    assert texts(b"Hello", PAUSE, b" there", PAUSE, PAUSE, b"\nNext", PAUSE, b"\n\n") == [
        "Hello",
        "there",
        "Next",
        "",
    ]
    euro = "€".encode()
    assert texts(b"5 " + euro[:1], PAUSE, euro[1:] + b" more") == ["5", "€ more"]
    assert texts(b"\xef", PAUSE, b"\xbb\xbfOne") == ["One"]


def test_indices_and_sources() -> None:
    assert cut([b"One. Two", PAUSE, b"\n\nThree"], 4) == [
        Record(4, "One.", "llm:1"),
        Record(5, "Two", "llm:1 after byte 4"),
        Record(6, "", "llm:2"),
        Record(7, "Three", "llm:3"),
    ]


def test_what_is_not_text_fails_alone() -> None:
    good, bad, last = cut([b"One. Tw\xffo. Three.\nFour."])
    assert (good.text, last.text, last.source) == ("One.", "Four.", "llm:2")
    error = "llm:1 after byte 4: byte 4 (0xff) is not UTF-8"
    assert str(bad.error).startswith(error)
    control, after = cut([b"a\x1b[0m.\nb"])
    assert str(control.error).startswith("llm:1: character 2 (0x1b) is a control character")
    assert after.text == "b"
    (half,) = cut([b"5 \xe2\x82"])
    assert str(half.error).startswith("llm:1: byte 3 (0xe2) is not UTF-8")


def test_an_endless_sentence_is_cut_at_a_space() -> None:
    found = texts(*[b"word word words " * 10] * 500)
    assert max(map(len, found)) <= MAX_FLOW
    assert " ".join(found).split() == ["word", "word", "words"] * 5000
    found = texts(b"x" * 10_000)
    assert "".join(found) == "x" * 10_000
    assert all(record.error for record in cut([b"\xff" * 1000] * 100))


WORDS = [
    b"One. ",
    b"Dr. ",
    b"Two",
    b'"Why?" ',
    b"he ",
    b"\n",
    b" ",
    "é".encode(),
    "你好。".encode(),
]
DATA = st.lists(st.sampled_from([*WORDS, b"\xef\xbb\xbf", b"\xff", b"\0", b"\r\n"])).map(b"".join)


@st.composite
def blocks(draw: st.DrawFn, data: st.SearchStrategy[bytes] = DATA) -> list[bytes]:
    whole = draw(data | st.binary(max_size=60))
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]


@pytest.mark.slow
@settings(max_examples=300)
@given(blocks())
@example([b"\xef", b"\xbb\xbf\xef", b"\xbb\xbf"])
@example([b"\n", b"\xef\xbb\xbf"])
def test_cuts_do_not_depend_on_how_bytes_arrive(parts: list[bytes]) -> None:
    assert cut(parts) == cut([b"".join(parts)])


@pytest.mark.slow
@settings(max_examples=300)
@given(blocks(), st.data())
def test_no_byte_is_lost(parts: list[bytes], data: st.DataObject) -> None:
    flow: list[bytes | None] = []
    for part in parts:
        flow += [part, *data.draw(st.sampled_from([[], [PAUSE], [PAUSE, PAUSE]]))]
    found = cut(flow)
    assert [record.index for record in found] == list(range(len(found)))
    for record in found:
        assert record.source.startswith("llm:")
        assert (record.error or record.source).startswith(record.source)
        assert record.error is None or record.text == ""
    if all(record.error is None for record in found):
        whole = b"".join(parts).decode().removeprefix("\ufeff")
        assert "".join("".join(record.text for record in found).split()) == "".join(whole.split())


def written(blocks: Iterable[bytes | threading.Event]) -> int:
    """A descriptor to which a thread writes blocks, or waits for what somebody else has to do."""
    reader, writer = os.pipe()

    def write() -> None:
        for block in blocks:
            if isinstance(block, bytes):
                os.write(writer, block)
            else:
                block.wait(60)
        os.close(writer)

    threading.Thread(target=write, daemon=True).start()
    return reader


@pytest.fixture
def flow() -> Iterator[list[int]]:
    descriptors: list[int] = []
    yield descriptors
    for descriptor in descriptors:
        os.close(descriptor)


def test_a_pipe_that_pauses(flow: list[int]) -> None:
    heard = threading.Event()
    flow.append(written([b"Hello", heard, b" there. Then", b"\n", b"end"]))
    found = []
    for record in read_follow(flow[0], "pipe", pause=0.1):
        found.append(record.text)
        heard.set()
    assert found == ["Hello", "there.", "Then", "end"]


def test_text_without_a_newline_is_spoken_while_the_pipe_is_open(flow: list[int]) -> None:
    reader, writer = os.pipe()
    flow += [reader, writer]
    records = read_follow(reader, "pipe", 3, pause=0.05)
    os.write(writer, b"Hello")
    start = time.monotonic()
    assert next(records) == Record(3, "Hello", "pipe:1")
    assert time.monotonic() - start > 0.04
    os.write(writer, b" there.\nOne. ")
    assert [next(records).text for _ in range(2)] == ["there.", "One."]


@pytest.mark.slow
def test_a_file_has_no_pauses(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("One. Two\n" * 20_000)
    with path.open("rb") as file:
        assert sum(1 for _ in read_follow(file.fileno(), "a.txt", pause=0)) == 40_000
