from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import FILE_NAME, Manifest, read_entries
from vvcli.errors import OutputError, UsageError

DATA = Path(__file__).parents[1] / "data"

ENTRY = ManifestEntry(
    audio_filepath="book/00001.wav",
    duration=0.5,
    text="Grüße,\u2028“you”",
    id=None,
    index=0,
    voice="Ada",
    seed=7,
    status=Outcome.OK,
    error=None,
    samples=12000,
    size=24044,
    sha256="ab" * 32,
    fingerprint="cd" * 16,
)
OTHER = replace(ENTRY, audio_filepath="book/00002.wav", index=1)
NEWER = replace(ENTRY, status=Outcome.FAILED, error="it failed")


def append(folder: Path, *entries: ManifestEntry) -> None:
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
        *("error", "samples", "size", "sha256", "fingerprint"),
    ]


def test_entries_without_a_file_go_by_index(tmp_path: Path) -> None:
    blank = replace(ENTRY, audio_filepath=None, status=Outcome.SKIPPED, index=5)
    append(tmp_path, blank, replace(blank, index=6), blank)
    assert set(read_entries(tmp_path)) == {5, 6}


@pytest.mark.slow
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
def test_a_tail_is_the_start_of_an_entry_or_stays(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    folder = tmp_path_factory.mktemp("out")
    path = folder / FILE_NAME
    path.write_bytes(ENTRY.encode() + tail)
    try:
        append(folder, OTHER)
    except UsageError:
        assert path.read_bytes() == ENTRY.encode() + tail
    else:
        assert ENTRY.encode().startswith(tail.rstrip(b"\0"))
        assert path.read_bytes() == ENTRY.encode() + OTHER.encode()


@given(st.integers(0, len(ENTRY.encode())), st.integers(0, 9000))
def test_a_power_cut_leaves_the_start_of_an_entry_and_nul_bytes(
    tmp_path_factory: pytest.TempPathFactory, cut: int, zeros: int
) -> None:
    folder = tmp_path_factory.mktemp("out")
    path = folder / FILE_NAME
    path.write_bytes(OTHER.encode() + ENTRY.encode()[:cut] + bytes(zeros))
    append(folder, NEWER)
    whole = ENTRY.encode() if cut >= len(ENTRY.encode()) - 1 else b""
    assert path.read_bytes() == OTHER.encode() + whole + NEWER.encode()


NEMO = b'{"audio_filepath": "a.wav", "duration": 1.5, "text": "Hello."}'


@pytest.mark.parametrize("before", [b"", ENTRY.encode()])
@pytest.mark.parametrize(
    "content",
    [
        *(NEMO, NEMO + b"\n", b"precious", b"precious\n", b"\n", b"{}", b"{}\n", b"[]\n", b"7"),
        *(b'{"text": "Hello."}\n', b'{"text": "Hel', b"\x00\x00\n", b"[" * 99999 + b"\n"),
        *(b"\xff\xfe\n", b'{"audio_filepath": "x"}', ENTRY.encode().replace(b'"ok"', b'"odd"')),
    ],
)
def test_a_file_of_somebody_else_is_not_touched(
    tmp_path: Path, before: bytes, content: bytes
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(before + content)
    line = 2 if before else 1
    words = rf"manifest\.jsonl is not a manifest .* line {line} is no entry of a manifest$"
    with pytest.raises(UsageError, match=words):
        read_entries(tmp_path)
    with pytest.raises(UsageError, match=words):
        Manifest(tmp_path)
    assert path.read_bytes() == before + content


@pytest.mark.parametrize("kind", ["link", "dangling link", "link to /dev/zero", "fifo", "folder"])
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    out, path = tmp_path / "out", tmp_path / "out" / FILE_NAME
    out.mkdir()
    (tmp_path / "precious").write_bytes(ENTRY.encode() + b"precious")
    match kind:
        case "link":
            path.symlink_to("../precious")
        case "dangling link":
            path.symlink_to("../gone")
        case "link to /dev/zero":
            path.symlink_to("/dev/zero")
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
    for use in (read_entries, Manifest):
        with pytest.raises(UsageError, match=r"not a manifest of vvcli but a (link|named|folder)"):
            use(out)
    assert (tmp_path / "precious").read_bytes() == ENTRY.encode() + b"precious"
    assert [path.name for path in tmp_path.iterdir()] in (
        ["out", "precious"],
        ["precious", "out"],
    )


def test_manifests_of_0_1_are_read() -> None:
    entries = read_entries(DATA / "batch-0.1")
    assert [entry.status.value for entry in entries.values()] == [
        *("skipped", "ok", "failed", "ok", "ok", "failed")
    ]
    assert entries["a/00004.wav"].text == "Grüße."
    assert all(entry.samples == round(entry.duration * 24_000) for entry in entries.values())
    assert any(entry.samples for entry in entries.values())


def test_frames_is_what_0_1_called_samples() -> None:
    values = json.loads(ENTRY.encode())
    values["frames"] = values.pop("samples")
    assert ManifestEntry.decode(json.dumps(values).encode()) == ENTRY


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
    entry = ManifestEntry.decode(json.dumps(values).encode())
    if entry is not None:
        assert ManifestEntry.decode(entry.encode()) == entry or value != value or key == "duration"


def test_keys_of_later_versions_are_no_harm() -> None:
    values = json.loads(ENTRY.encode()) | {"speaker": "?"}
    assert ManifestEntry.decode(json.dumps(values).encode()) == ENTRY


def test_a_file_name_that_is_not_utf8() -> None:
    entry = replace(ENTRY, audio_filepath="b\udcfcch.wav")
    assert ManifestEntry.decode(entry.encode()) == entry
    assert entry.encode().decode("ascii")


def test_two_runs_do_not_mix(tmp_path: Path) -> None:
    with Manifest(tmp_path), pytest.raises(UsageError, match="another vvcli is writing"):
        Manifest(tmp_path)
    with Manifest(tmp_path):
        pass


def test_no_manifest_is_an_empty_one(tmp_path: Path) -> None:
    assert read_entries(tmp_path / "nowhere") == {}


def test_a_manifest_that_cannot_be_used() -> None:
    with pytest.raises(OutputError, match="cannot write to /proc/nowhere"):
        Manifest(Path("/proc/nowhere"))
