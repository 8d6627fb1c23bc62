"""Shares: every file is in one of them, and whoever runs reads what all of them have done."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.fakes import lines, plan
from tests.batch.test_manifest import ENTRY
from vvcli.audio.part_file import PartFile
from vvcli.audio.part_name import part_name, split_part_name
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import FILE_NAME, Manifest, read_entries
from vvcli.batch.recover import Leftovers
from vvcli.batch.shards import MAX_SHARDS, Shard, shard_of_manifest
from vvcli.batch.staging import measure_file
from vvcli.errors import UsageError

COUNTS = st.integers(1, 1000)
KEYS = st.one_of(st.integers(0), st.text(st.characters(exclude_categories=["Cs"])))
# As file names that are not UTF-8 come from the system.
NAMES = KEYS | st.binary(min_size=1).map(lambda name: name.decode("utf-8", "surrogateescape"))

ONE, TWO = Shard(1, 2), Shard(2, 2)


@given(NAMES, COUNTS)
def test_every_file_is_in_one_share(key: str | int, count: int) -> None:
    shards = [Shard(number, count) for number in range(1, count + 1)]
    assert sum(shard.holds(key) for shard in shards) == 1


@given(COUNTS, st.data())
def test_a_shard_is_what_its_names_say(count: int, data: st.DataObject) -> None:
    shard = Shard(data.draw(st.integers(1, count)), count)
    assert Shard.parse(str(shard)) == Shard.parse(f"00{shard.number}/0{count}") == shard
    assert shard_of_manifest(shard.manifest) == shard
    assert split_part_name(part_name("a b.wav", shard.tag)) == ("a b.wav", shard.tag)
    assert len(shard.tag) <= len(shard.longest_tag)


def test_shares_are_about_equal_and_stay() -> None:
    names = [f"book/{n:05d}.wav" for n in range(4000)]
    sizes = [sum(map(Shard(n, 8).holds, names)) for n in range(1, 9)]
    assert all(400 < size < 600 for size in sizes)
    # Jobs of one run may be of different versions: the hash is never to change.
    assert [n for n in range(1, 9) if Shard(n, 8).holds("book/00001.wav")] == [KNOWN]


KNOWN = 2


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "3",
            "3/",
            "/3",
            "0/3",
            "4/3",
            "-1/3",
            "1/0",
            "1/2/3",
            "a/b",
            "1 /2",
            "1.0/2",
            "1/2\n",
        ),
        *("¹/2", "１/2", f"1/{MAX_SHARDS + 1}", "1/99999999999999999999"),
    ],
)
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="is not a share: it is I/N with N from 1 to 1000000"):
        Shard.parse(text)


def test_manifests_of_others_have_other_names() -> None:
    for name in (FILE_NAME, "manifest.0-3.jsonl", "manifest.4-3.jsonl", "manifest.1-2.jsonl.lock"):
        assert shard_of_manifest(name) is None


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(["", "3-16", "a0-1-2"]))
def test_a_part_is_found_again(name: str, tag: str) -> None:
    assert split_part_name(part_name(f"{name}.wav", tag)) == (f"{name}.wav", tag)
    assert split_part_name(name + ".wav") is None


def of(shard: Shard, **changes: object) -> ManifestEntry:
    """An entry for the first file that is the shard's."""
    names = (f"{n}.wav" for n in range(100))
    path = next(name for name in names if shard.holds(name))
    return replace(ENTRY, audio_filepath=path, **changes)  # type: ignore[arg-type]


def test_all_manifests_are_read_and_only_the_own_is_written(tmp_path: Path) -> None:
    one, two = of(ONE), of(TWO)
    with Manifest(tmp_path, ONE) as first, Manifest(tmp_path, TWO) as second:
        first.append(one)
        second.append(two)
    assert {path.name for path in tmp_path.iterdir()} == {ONE.manifest, TWO.manifest}
    assert read_entries(tmp_path) == {one.key: one, two.key: two}
    assert read_entries(tmp_path, ONE) == {one.key: one}
    with Manifest(tmp_path) as whole:
        assert whole.entries == {one.key: one, two.key: two}
    with Manifest(tmp_path, Shard(2, 3)) as other:
        assert other.entries == {e.key: e for e in (one, two) if Shard(2, 3).holds(e.key)}


def test_an_entry_that_replaces_another_manifests_counts(tmp_path: Path) -> None:
    """Back and forth between shares, the whole and other shares."""
    for number in range(6):
        shard = (ONE, None, Shard(1, 1))[number % 3]
        entry = of(ONE, seed=number)
        with Manifest(tmp_path, shard) as manifest:
            manifest.append(replace(entry, seed=1000))
            manifest.append(entry)
        found = read_entries(tmp_path)[entry.key]
        assert found.seed == number
        assert read_entries(tmp_path).made[str(entry.key)] == found


def test_without_shares_a_line_is_as_before(tmp_path: Path) -> None:
    for _ in range(2):
        with Manifest(tmp_path) as manifest:
            manifest.append(ENTRY)
    assert all("revision" not in json.loads(each) for each in (tmp_path / FILE_NAME).open())


def test_an_unfinished_line_of_another_is_left_alone(tmp_path: Path) -> None:
    one, two = of(ONE), of(TWO)
    with Manifest(tmp_path, ONE) as first:
        first.append(one)
    path = tmp_path / ONE.manifest
    torn = path.read_bytes() + two.encode()[:50]
    path.write_bytes(torn)
    with Manifest(tmp_path, TWO) as second:
        assert second.entries == {}
    with Manifest(tmp_path) as whole:
        assert whole.entries == {one.key: one}
    assert path.read_bytes() == torn
    with Manifest(tmp_path, ONE) as first:
        assert first.entries == {one.key: one}
    assert path.read_bytes() == one.encode()


def test_a_file_of_that_name_that_is_no_manifest_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ONE.manifest).write_text("notes\n")
    for shard in (None, ONE, TWO):
        with pytest.raises(UsageError, match=r"manifest\.1-2\.jsonl is not a manifest of vvcli"):
            Manifest(tmp_path, shard)


@pytest.mark.parametrize("running", [None, ONE, Shard(1, 3)])
def test_who_runs_beside_whom(tmp_path: Path, running: Shard | None) -> None:
    with Manifest(tmp_path, running):
        for shard in (None, ONE, TWO, Shard(1, 3), Shard(3, 3)):
            beside = running is not None and shard is not None and shard.count == running.count
            if beside and shard != running:
                Manifest(tmp_path, shard).close()
            else:
                with pytest.raises(UsageError, match="another vvcli is writing to"):
                    Manifest(tmp_path, shard)
    for shard in (None, ONE, TWO, Shard(1, 3)):
        Manifest(tmp_path, shard).close()


def leave_part(out: Path, name: str, tag: str, content: bytes) -> tuple[int, str]:
    part = PartFile(out / name, tag=tag)
    (out / part_name(name, tag)).write_bytes(content)
    measured = measure_file(part.descriptor)
    part.keep()
    return measured


@pytest.mark.parametrize("runner", [None, ONE, Shard(1, 1)])
def test_what_a_killed_shard_left_is_finished_by_anyone(
    tmp_path: Path, runner: Shard | None
) -> None:
    entry = of(ONE)
    name = str(entry.audio_filepath)
    size, digest = leave_part(tmp_path, name, ONE.tag, b"whole")
    with Manifest(tmp_path, ONE) as manifest:
        manifest.append(replace(entry, size=size, sha256=digest))
    leave_part(tmp_path, name, "", b"not")
    with Manifest(tmp_path, runner) as manifest:
        folder = OutputFolder(tmp_path, "" if runner is None else runner.tag)
        Leftovers(folder).recover(manifest.entries)
    assert (tmp_path / name).read_bytes() == b"whole"
    assert not list(tmp_path.glob("*.part"))


def test_parts_that_are_being_written_by_others_stay(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path, TWO.tag)
    part = PartFile(tmp_path / "a.wav", tag=ONE.tag)
    leave_part(tmp_path, "a.wav", "7-8", b"left")
    leave_part(tmp_path, "b.wav", ONE.tag, b"an input")
    leftovers = Leftovers(folder, {"b.wav.1-2.part"})
    leftovers.recover({"a.wav": replace(ENTRY, audio_filepath="a.wav")})  # type: ignore[arg-type]
    leftovers.remove("a.wav")
    leftovers.remove("b.wav")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a.wav.1-2.part", "b.wav.1-2.part"}
    part.publish()
    assert (tmp_path / "a.wav").exists()


def test_a_name_that_fits_one_share_fits_all(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path, Shard(1, 100).tag, Shard(1, 100).longest_tag)
    longest = 255 - len(".100-100.part")
    assert folder.place("a" * longest)
    with pytest.raises(UsageError, match="too long"):
        folder.place("a" * (longest + 1))


def test_blank_records_are_in_one_share(tmp_path: Path) -> None:
    jobs = plan(tmp_path, lines("One.", "", "Two.", " "))
    assert [job.path is None for job in jobs] == [False, True, False, True]
    assert sorted(job.index for n in (1, 2) for job in jobs if Shard(n, 2).holds(job.key)) == [
        *range(4)
    ]
    assert ENTRY.status is Outcome.OK
