"""A synthesizer without a model: what it says depends on text and index alone, as noise does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vvcli.audio.writer import FileFormat
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.fingerprint import RunSettings, fingerprint
from vvcli.batch.inputs import Input
from vvcli.batch.manifest import Manifest
from vvcli.batch.naming import NameTemplate
from vvcli.batch.plan import Job, Layout, Plan
from vvcli.batch.record_list import RecordList
from vvcli.batch.recover import Leftovers
from vvcli.batch.resume import Decision, Existing, JobStep, Resume
from vvcli.batch.runner import Runner
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status

RATE = 24000
NONE = np.zeros(0, dtype=np.float32)

# `-m tests.batch.process`, in any folder.
PROGRAM = f"""
import runpy, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
runpy.run_module("tests.batch.process", run_name="__main__")
"""


def audio(record: Record) -> NDArray[np.float32]:
    digest = hashlib.sha256(f"{record.index} {record.part} {record.text}".encode()).digest()
    values = np.frombuffer(digest * (1 + digest[0] % 40), np.uint8)
    return ((values.astype(np.float32) - 128) / 256).astype(np.float32)


def speak(records: Iterable[Record]) -> Iterator[Chunk]:
    """Records whose text has "fail" or "cut" in it fail or are truncated."""
    for record in records:
        if record.is_blank:
            yield Chunk(record, NONE, Status.BLANK)
        elif record.error or "fail" in record.text:
            yield Chunk(record, NONE, Status.FAILED, record.error or "it failed")
        else:
            samples = audio(record)
            yield Chunk(record, samples[:100])
            cut = "cut" in record.text
            if cut:
                error = f"{record.source}: the context is full"
                yield Chunk(record, samples[100:], Status.TRUNCATED, error)
            else:
                yield Chunk(record, samples[100:], Status.OK)


def lines(*texts: str, first: int = 0, **fields: object) -> list[Record]:
    return [
        Record(first + i, text, f"book.txt:{i + 1}", **fields)  # type: ignore[arg-type]
        for i, text in enumerate(texts)
    ]


def layout(name: str = "{stem}/{n:05d}", *, join: bool = False, gap: float = 0.1) -> Layout:
    return Layout(NameTemplate(name), ".wav", lambda record: record.voice or "Ada", join, gap)


def plan(folder: Path, records: list[Record], shape: Layout | None = None) -> list[Job]:
    source = Input(Path("book.txt"), "book")
    first = records[0].index if records else 0
    read = [(source, RecordList(records, first, "book.txt:"))]
    return list(Plan(read, OutputFolder(folder), shape or layout()).checked())


def fingerprint_of(job: Job) -> str:
    settings = RunSettings(
        "model", seed=0, cfg_scale=1.5, steps=5, dtype="auto", split="none", format="wav"
    )
    return fingerprint(settings, job.records, ["Ada"] * len(job.records), job.gaps)


WAV = FileFormat("wav", RATE)


def make_runner(manifest: Manifest, folder: Path, file_format: FileFormat = WAV) -> Runner:
    return Runner(
        manifest,
        OutputFolder(folder),
        file_format,
        input_rate=RATE,
        seed=0,
        fingerprint=fingerprint_of,
    )


def run(
    folder: Path,
    jobs: Iterable[Job],
    existing: Existing = Existing.ERROR,
    *,
    retry_failed: bool = False,
    verify: bool = False,
    limit: int | None = None,
    file_format: FileFormat = WAV,
    threads: int = 0,
) -> tuple[list[JobStep], list[ManifestEntry]]:
    """A whole run, as the command does it; `limit` stops it after so many chunks."""
    with Manifest(folder) as manifest:
        entries = manifest.entries
        Leftovers(OutputFolder(folder)).recover(entries)
        resume = Resume(
            entries, folder, fingerprint_of, existing, retry_failed=retry_failed, verify=verify
        )
        steps = list(resume.decide(jobs))
        runner = make_runner(manifest, folder, file_format)
        runner.note_skipped(steps)
        missing = [step for step in steps if step.decision is Decision.MAKE]
        made = []
        chunks = speak(r for step in missing for r in step.job.records)
        events = runner.make(missing, chunks, threads)
        for number, event in enumerate(events):
            if number == limit:
                events.close()
                break
            if isinstance(event, ManifestEntry):
                made.append(event)
    return steps, made


def files(folder: Path) -> dict[str, bytes]:
    """Every file but the manifest."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.jsonl"
    }
