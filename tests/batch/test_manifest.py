from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.batch.manifest import FILE_NAME, Entry, Manifest, Outcome, read_entries
from vvcli.errors import OutputError, UsageError

ENTRY = Entry(
    audio_filepath="book/00001.wav",
    duration=0.5,
    text="Grüße,\u2028“you”",
    id=None,
    index=0,
    voice="Ada",
    seed=7,
    status=Outcome.OK,
    error=None,
    frames=12000,
    size=24044,
    sha256="ab" * 32,
    fingerprint="cd" * 16,
)
OTHER = replace(ENTRY, audio_filepath="book/00002.wav", index=1)
NEWER = replace(ENTRY, status=Outcome.FAILED, error="it failed")


def append(folder: Path, *entries: Entry) -> None:
    with Manifest(folder) as manifest:
        for entry in entries:
            manifest.append(entry)


def test_the_last_entry_of_a_file_counts(tmp_path: Path) -> None:
    append(tmp_path / "new/folder", ENTRY, OTHER)
    append(tmp_path / "new/folder", NEWER)
    assert read_entries(tmp_path / "new/folder") == {
        "book/00001.wav": NEWER,
        "book/00002.wav": OTHER,
    }


def test_a_line_is_what_the_manual_says(tmp_path: Path) -> None:
    append(tmp_path, ENTRY)
    [line] = (tmp_path / FILE_NAME).read_bytes().splitlines(keepends=True)
    assert line.endswith(b"\n")
    assert "Grüße".encode() in line
    assert list(json.loads(line)) == [
        *("audio_filepath", "duration", "text", "id", "index", "voice", "seed", "status"),
        *("error", "frames", "size", "sha256", "fingerprint"),
    ]


def test_entries_without_a_file_go_by_index(tmp_path: Path) -> None:
    blank = replace(ENTRY, audio_filepath=None, status=Outcome.SKIPPED, index=5)
    append(tmp_path, blank, replace(blank, index=6), blank)
    assert set(read_entries(tmp_path)) == {5, 6}


def test_cut_at_every_byte(tmp_path: Path) -> None:
    whole = ENTRY.encode() + OTHER.encode() + NEWER.encode()
    ends = [0]
    for entry in (ENTRY, OTHER, NEWER):
        ends.append(ends[-1] + len(entry.encode()))
    path = tmp_path / FILE_NAME
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        append(tmp_path, OTHER)
        # A line that lacks only its line break is whole.
        kept = max(end for end in ends if end <= cut + 1)
        assert path.read_bytes() == whole[:kept] + OTHER.encode()


@given(st.binary(max_size=60))
def test_any_tail_is_cut_off(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    folder = tmp_path_factory.mktemp("out")
    (folder / FILE_NAME).write_bytes(ENTRY.encode() + tail)
    append(folder, OTHER)
    content = (folder / FILE_NAME).read_bytes()
    assert content.startswith(ENTRY.encode())
    assert content.endswith(b"\n" + OTHER.encode())
    assert read_entries(folder) == {ENTRY.key: ENTRY, OTHER.key: OTHER}


def test_a_torn_line_longer_than_a_block(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    torn = replace(OTHER, text="x" * 200_000).encode()[:-2]
    for before in (b"", ENTRY.encode()):
        path.write_bytes(before + torn)
        append(tmp_path, NEWER)
        assert path.read_bytes() == before + NEWER.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(list(json.loads(ENTRY.encode()))), JSON)
def test_any_value_is_an_entry_or_is_not(key: str, value: object) -> None:
    values = json.loads(ENTRY.encode()) | {key: value}
    entry = Entry.decode(json.dumps(values).encode())
    if entry is not None:
        assert Entry.decode(entry.encode()) == entry or value != value or key == "duration"


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"null", b"\x00\x00", b"[" * 99999, b'{"a":1'])
def test_lines_that_are_no_entries(tmp_path: Path, line: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(line + b"\n" + ENTRY.encode())
    assert read_entries(tmp_path) == {ENTRY.key: ENTRY}


def test_keys_of_later_versions_are_no_harm() -> None:
    values = json.loads(ENTRY.encode()) | {"speaker": "?"}
    assert Entry.decode(json.dumps(values).encode()) == ENTRY


def test_a_file_name_that_is_not_utf8() -> None:
    entry = replace(ENTRY, audio_filepath="b\udcfcch.wav")
    assert Entry.decode(entry.encode()) == entry
    assert entry.encode().decode("ascii")


def test_two_runs_do_not_mix(tmp_path: Path) -> None:
    with Manifest(tmp_path), pytest.raises(UsageError, match="another vvcli is writing"):
        Manifest(tmp_path)
    with Manifest(tmp_path):
        pass


def test_no_manifest_is_an_empty_one(tmp_path: Path) -> None:
    assert read_entries(tmp_path / "nowhere") == {}


def test_a_manifest_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        read_entries(tmp_path)
    with pytest.raises(OutputError, match="Is a directory"):
        Manifest(tmp_path)
    with pytest.raises(OutputError, match="cannot write to /proc/nowhere"):
        Manifest(Path("/proc/nowhere"))
