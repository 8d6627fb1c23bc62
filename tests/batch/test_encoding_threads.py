"""Encoded files are the same, in the same order, however many threads encode them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.threads import encoding
from tests.batch.fakes import RATE, audio, files, layout, lines, make_runner, plan
from vvcli.audio import encoder_pool
from vvcli.audio.writer import FileFormat
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.manifest import Manifest, read_entries
from vvcli.batch.plan import Job
from vvcli.batch.resume import Decision, JobStep
from vvcli.batch.runner import Events
from vvcli.batch.staging import StagedFile
from vvcli.errors import OutputError
from vvcli.speech.values import Chunk, Status

pytest.importorskip("soundfile")

SUFFIXES = {"flac": ".flac", "opus": ".opus", "mp3": ".mp3", "wav": ".wav"}
NONE = np.zeros(0, np.float32)

FORMATS = st.builds(
    FileFormat,
    st.sampled_from(["flac", "opus", "mp3"]),
    st.sampled_from([RATE, 48000]),
    st.sampled_from([None, None, -20.0]),
)
TEXTS = st.lists(
    st.sampled_from(["Yes.", "And so on.", "", "it fails", "it is cut"]), min_size=1, max_size=6
)


def chunks_of(jobs: list[Job], sizes: list[int], *, pauses: bool = False) -> Iterator[Chunk | None]:
    """Each record's audio in pieces of `sizes`, again and again; some fail, or are cut short."""
    number = 0
    for job in jobs:
        for record in job.records:
            if pauses:
                yield None
            if record.is_blank:
                yield Chunk(record, NONE, Status.BLANK)
                continue
            left = np.tile(audio(record), 40)
            while len(left):
                size = sizes[number % len(sizes)]
                number += 1
                yield Chunk(record, left[:size])
                left = left[size:]
            if "fail" in record.text:
                yield Chunk(record, NONE, Status.FAILED, "it failed")
            elif "cut" in record.text:
                yield Chunk(record, NONE, Status.TRUNCATED, "the context is full")
            else:
                yield Chunk(record, NONE, Status.OK)


def jobs_of(folder: Path, texts: list[str], file_format: FileFormat, *, join: bool) -> list[Job]:
    """A file a record, or one for all."""
    name = "{stem}" if join else "{stem}/{n:05d}"
    shape = replace(layout(name, join=join), suffix=SUFFIXES[file_format.name])
    return [job for job in plan(folder, lines(*texts), shape) if job.path is not None]


def make(
    manifest: Manifest,
    folder: Path,
    jobs: list[Job],
    file_format: FileFormat,
    chunks: Iterator[Chunk | None],
    threads: int,
) -> Events:
    steps = [JobStep(job, Decision.MAKE) for job in jobs]
    return make_runner(manifest, folder, file_format).make(steps, chunks, threads)


def whole(
    folder: Path,
    texts: list[str],
    file_format: FileFormat,
    sizes: list[int],
    threads: int,
    *,
    join: bool = False,
    pauses: bool = False,
) -> tuple[list[Chunk | ManifestEntry], dict[str, bytes], bytes]:
    """Events, files and manifest of a run."""
    jobs = jobs_of(folder, texts, file_format, join=join)
    with Manifest(folder) as manifest:
        chunks = chunks_of(jobs, sizes, pauses=pauses)
        events = [*make(manifest, folder, jobs, file_format, chunks, threads)]
    found = {name: without_serial(data) for name, data in files(folder).items()}
    log = (folder / "manifest.jsonl").read_bytes()
    for name in found:
        if name.endswith(".opus"):
            log = log.replace(str(read_entries(folder)[name].sha256).encode(), b"")
    return events, found, log


def without_serial(data: bytes) -> bytes:
    """An Ogg stream without the number it has by chance, nor the checksums over it."""
    pages, start = bytearray(data), 0
    while data[start : start + 4] == b"OggS":
        pages[start + 14 : start + 18] = pages[start + 22 : start + 26] = bytes(4)
        (segments,) = struct.unpack_from("B", data, start + 26)
        start += 27 + segments + sum(data[start + 27 : start + 27 + segments])
    return bytes(pages)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    FORMATS,
    TEXTS,
    st.lists(st.integers(1, 30_000), min_size=1, max_size=3),
    st.integers(2, 5),
    st.sampled_from([1, 3000, 1 << 20]),
    st.booleans(),
    st.booleans(),
)
def test_threads_change_neither_files_nor_manifest(
    file_format: FileFormat,
    texts: list[str],
    sizes: list[int],
    threads: int,
    waiting: int,
    join: bool,
    pauses: bool,
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder_pool, "WAITING_PER_THREAD", waiting)
        one, many = Path(folder) / "one", Path(folder) / "many"
        alone = whole(one, texts, file_format, sizes, 0, join=join)
        other = whole(many, texts, file_format, sizes, threads, join=join, pauses=pauses)
    assert other[1:] == alone[1:]
    check_events(alone[0], other[0])
    assert encoding() == []


def check_events(alone: list[Chunk | ManifestEntry], other: list[Chunk | ManifestEntry]) -> None:
    """Chunks and entries are in order, and an entry of a file that lacks something is in place."""
    for kind in (Chunk, ManifestEntry):
        indices = [
            [event.record.index if isinstance(event, Chunk) else event.index for event in events]
            for events in (
                [event for event in alone if isinstance(event, kind)],
                [event for event in other if isinstance(event, kind)],
            )
        ]
        assert indices[0] == indices[1]
    ended: set[int] = set()
    for number, event in enumerate(other):
        if isinstance(event, Chunk):
            ended |= {event.record.index} if event.status is not None else set()
        else:
            assert event.index in ended
            if event.error is not None:
                assert number == alone.index(replace(event, sha256=sha_of(alone, event)))


def sha_of(events: list[Chunk | ManifestEntry], entry: ManifestEntry) -> str | None:
    """Of the same file in another run: of Opus, it differs."""
    return next(
        each.sha256
        for each in events
        if isinstance(each, ManifestEntry) and each.index == entry.index
    )


FLAC = FileFormat("flac", RATE)


@pytest.mark.parametrize(("name", "threads"), [("wav", 4), ("flac", 1), ("flac", 0)])
def test_no_thread_is_started_where_none_would_help(
    tmp_path: Path, name: str, threads: int
) -> None:
    assert not encoding_during(tmp_path, FileFormat(name, RATE), threads)


def test_threads_end_with_the_run(tmp_path: Path) -> None:
    assert encoding_during(tmp_path, FLAC, 3) <= 3
    assert encoding_during(tmp_path, FLAC, 3)
    assert encoding() == []


def encoding_during(folder: Path, file_format: FileFormat, threads: int) -> int:
    """The most threads of a run that encode."""
    jobs = jobs_of(folder, ["One.", "Two.", "Three.", "Four."], file_format, join=False)
    with Manifest(folder) as manifest:
        events = make(manifest, folder, jobs, file_format, chunks_of(jobs, [500]), threads)
        return max(len(encoding()) for _ in events)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(2, 4), st.booleans())
def test_a_run_that_is_closed_leaves_neither_thread_nor_part(
    after: int, threads: int, fails: bool
) -> None:
    texts = ["One.", "Two.", "it fails", "Four.", "it is cut", "Six.", "Seven."]

    def chunks(jobs: list[Job]) -> Iterator[Chunk | None]:
        for number, chunk in enumerate(chunks_of(jobs, [9000])):
            if fails and number == after:
                raise KeyboardInterrupt
            yield chunk

    with TemporaryDirectory() as name:
        folder = Path(name)
        jobs = jobs_of(folder, texts, FLAC, join=False)
        with Manifest(folder) as manifest:
            events = make(manifest, folder, jobs, FLAC, chunks(jobs), threads)
            try:
                for number, _ in enumerate(events):
                    if number == after and not fails:
                        break
            except KeyboardInterrupt:
                pass
            events.close()
        assert encoding() == []
        made = {key for key, entry in read_entries(folder).items() if entry.has_file}
        assert set(files(folder)) == made


@pytest.mark.parametrize("threads", [0, 3])
@pytest.mark.parametrize("place", range(5))
def test_a_file_that_cannot_be_made_ends_the_run_behind_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int, threads: int
) -> None:
    seal = StagedFile.seal

    def failing(self: StagedFile) -> tuple[int, str]:
        if self.path.name == f"{place + 1:05d}.flac":
            raise OutputError("the disk is lost")
        return seal(self)

    monkeypatch.setattr(StagedFile, "seal", failing)
    jobs = jobs_of(tmp_path, ["a", "b", "c", "d", "e"], FLAC, join=False)
    with Manifest(tmp_path) as manifest:
        events = make(manifest, tmp_path, jobs, FLAC, chunks_of(jobs, [5000]), threads)
        with pytest.raises(OutputError, match="the disk is lost"):
            list(events)
    assert [*read_entries(tmp_path)] == [job.path for job in jobs[:place]]
    assert [*files(tmp_path)] == [job.path for job in jobs[:place]]
    assert encoding() == []


def test_a_full_disk_ends_a_file_that_is_still_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, os.strerror(28))

    [job] = jobs_of(tmp_path, ["One."], FLAC, join=False)

    def endless() -> Iterator[Chunk]:
        while True:
            yield Chunk(job.records[0], np.zeros(30_000, np.float32))

    with Manifest(tmp_path) as manifest:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OutputError, match="No space left on device"):
            for _ in make(manifest, tmp_path, [job], FLAC, endless(), 2):
                pass
    assert files(tmp_path) == {}
    assert encoding() == []
