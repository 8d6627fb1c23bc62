from __future__ import annotations

import os
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.batch.fakes import (
    RATE,
    audio,
    files,
    fingerprint_of,
    layout,
    lines,
    make_runner,
    plan,
    run,
)
from vvcli.audio.pcm import S16LE
from vvcli.audio.writer import FileFormat
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import Manifest, read_entries
from vvcli.batch.resume import Existing, Resume
from vvcli.batch.staging import StagedFile
from vvcli.errors import OutputError
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status

NONE = np.zeros(0, dtype=np.float32)
SILENCE = bytes(2 * 2400)  # a tenth of a second


def samples(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        return file.readframes(file.getnframes())


def pcm(record: Record) -> bytes:
    return S16LE.encode(audio(record))


def test_a_file_a_record_and_an_entry_a_file(tmp_path: Path) -> None:
    records = lines("One.", "", "Two.")
    _, made = run(tmp_path, plan(tmp_path, records))
    assert set(files(tmp_path)) == {"book/00001.wav", "book/00003.wav"}
    assert samples(tmp_path / "book/00003.wav") == pcm(records[2])
    assert made[1] == read_entries(tmp_path)["book/00003.wav"]
    assert (made[1].text, made[1].index, made[1].voice, made[1].seed) == ("Two.", 2, "Ada", 0)
    assert made[1].samples == len(audio(records[2])) == round(made[1].duration * RATE)
    assert made[1].size == (tmp_path / "book/00003.wav").stat().st_size
    assert read_entries(tmp_path)[1].status is Outcome.SKIPPED


def test_a_record_that_fails_leaves_no_file_and_stops_nothing(tmp_path: Path) -> None:
    _, made = run(tmp_path, plan(tmp_path, lines("One.", "fail", "Three.")))
    assert [entry.status.value for entry in made] == ["ok", "failed", "ok"]
    assert (made[1].error, made[1].samples, made[1].sha256) == ("it failed", 0, None)
    assert set(files(tmp_path)) == {"book/00001.wav", "book/00003.wav"}


def test_a_joined_file_has_gaps_and_says_what_it_lacks(tmp_path: Path) -> None:
    records = lines("One.", "", "fail", "Four.", "cut", "")
    _, [entry] = run(tmp_path, plan(tmp_path, records, layout("{stem}", join=True)))
    one, four, cut = (pcm(records[i]) for i in (0, 3, 4))
    assert samples(tmp_path / "book.wav") == one + SILENCE + four + SILENCE + cut
    assert entry.status is Outcome.TRUNCATED
    assert entry.error == ("it failed; book.txt:5: the context is full")


def test_a_joined_file_of_failures_is_none(tmp_path: Path) -> None:
    jobs = plan(tmp_path, lines("fail", "", "fail"), layout("{stem}", join=True))
    _, [entry] = run(tmp_path, jobs)
    assert entry.status is Outcome.FAILED
    assert files(tmp_path) == {}


def test_silence_that_is_asked_for(tmp_path: Path) -> None:
    records = lines("One.", "Two.", silence_after=0.1)
    run(tmp_path, plan(tmp_path, records))
    assert samples(tmp_path / "book/00001.wav") == pcm(records[0]) + SILENCE
    run(tmp_path, plan(tmp_path, records, layout("{stem}", join=True)))
    one, two = map(pcm, records)
    assert samples(tmp_path / "book.wav") == one + SILENCE + two + SILENCE


def make(folder: Path, records: list[Record], chunks: list[Chunk]) -> list[ManifestEntry]:
    jobs = plan(folder, records)
    with Manifest(folder) as manifest:
        steps = Resume(manifest.entries, folder, fingerprint_of, Existing.ERROR).decide(jobs)
        runner = make_runner(manifest, folder)
        return [event for event in runner.make(steps, chunks) if isinstance(event, ManifestEntry)]


def test_the_parts_of_a_split_record_are_one_file(tmp_path: Path) -> None:
    record = Record(0, "One. Two.", "book.txt:1")
    parts = [Record(0, t, "book.txt:1", part=i, parts=2) for i, t in enumerate(("One.", "Two."))]
    chunks = [Chunk(part, audio(part), Status.OK) for part in parts]
    [entry] = make(tmp_path, [record], chunks)
    assert entry.status is Outcome.OK
    assert samples(tmp_path / "book/00001.wav") == pcm(parts[0]) + pcm(parts[1])


def test_a_context_full_before_a_word_is_a_failure(tmp_path: Path) -> None:
    [record] = lines("One.")
    [entry] = make(
        tmp_path, [record], [Chunk(record, NONE, Status.TRUNCATED, "the context is full")]
    )
    assert entry.status is Outcome.FAILED
    assert "context is full" in str(entry.error)


def test_speech_without_a_sample_is_an_empty_file(tmp_path: Path) -> None:
    [record] = lines("One.")
    [entry] = make(tmp_path, [record], [Chunk(record, NONE, Status.OK)])
    assert (entry.status, entry.samples) == (Outcome.OK, 0)
    assert samples(tmp_path / "book/00001.wav") == b""


# --- what stops a run


class Stop(BaseException):
    """As Terminated and KeyboardInterrupt, which come at any moment."""


STEPS = ["__init__", "seal", "publish"]

THREADS = [0, 3]  # that encode; with any, the files are FLAC


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", [True, False])
def test_stopped_at_each_step_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, before: bool, threads: int
) -> None:
    original = getattr(StagedFile, step)

    def stopping(self: StagedFile, *arguments: object) -> object:
        if before and "00002" in str(arguments or self.path):
            raise Stop
        result = original(self, *arguments)
        if not before and "00002" in str(self.path):
            raise Stop
        return result

    logged = step == "publish"
    check_stopped(tmp_path, monkeypatch, (StagedFile, step, stopping), threads, logged=logged)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("before", [True, False])
def test_stopped_at_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool, threads: int
) -> None:
    original = Manifest.append

    def stopping(self: Manifest, entry: ManifestEntry, *, sync: bool = True) -> None:
        if before and entry.index == 1:
            raise Stop
        original(self, entry, sync=sync)
        if entry.index == 1:
            raise Stop

    where = Manifest, "append", stopping
    check_stopped(tmp_path, monkeypatch, where, threads, logged=not before)


def check_stopped(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[type, str, object],
    threads: int,
    *,
    logged: bool,
) -> None:
    """A second run makes what is missing; not what is whole and has its entry, named or not."""
    records = lines("One.", "Two.", "Three.")
    file_format = FileFormat("flac" if threads else "wav", RATE)
    shape = replace(layout(), suffix=f".{file_format.name}")

    def make(folder: Path) -> list[ManifestEntry]:
        jobs = plan(folder, records, shape)
        return run(folder, jobs, file_format=file_format, threads=threads)[1]

    make(tmp_path / "whole")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(*where)
        with pytest.raises(Stop):
            make(out)
    found, part = files(out), f"book/00002{shape.suffix}"
    assert found.pop(f"{part}.part", b"") in (b"", files(tmp_path / "whole")[part])
    assert found.items() <= files(tmp_path / "whole").items()
    made = make(out)
    done = {f"book/{i + 1:05d}{shape.suffix}": i for i in range(3)}
    safe = {done[name] for name in found} | ({1} if logged else set())
    assert {entry.index for entry in made} == {0, 1, 2} - safe
    assert files(out) == files(tmp_path / "whole")


def test_a_full_disk_ends_the_run_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = lines(*"abcdefghij")
    run(tmp_path / "whole", plan(tmp_path / "whole", records))
    out, left = tmp_path / "out", 5000
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(28, os.strerror(28))
        size = min(left, len(data))
        left -= size
        return write(descriptor, bytes(data)[:size])

    for _ in range(20):
        before = files(out)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            try:
                run(out, plan(out, records))
            except OutputError as error:
                assert "No space left on device" in str(error)  # noqa: PT017
        assert files(out).items() >= before.items()
        assert not [name for name in files(out) if name.endswith(".part") and left]
        left = 5000  # some more, every time
    assert files(out) == files(tmp_path / "whole")
