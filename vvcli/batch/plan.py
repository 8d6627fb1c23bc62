"""What a batch will make: every file, its records and its name, before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from vvcli.audio.part_file import PART
from vvcli.batch.containment import OutputFolder, same_name
from vvcli.batch.inputs import Input
from vvcli.batch.manifest import FILE_NAME
from vvcli.batch.naming import Name, NameTemplate, slug
from vvcli.errors import UsageError
from vvcli.script.record import Record

SHOWN = 3  # collisions that are spelled out


@dataclass(frozen=True)
class Job:
    """One output file and the records it holds, one or, with `--join`, those of an input file."""

    records: tuple[Record, ...]
    source: str
    path: PurePosixPath | None  # below the output folder; none where there is nothing to say
    voice: str | None  # the name of the voice; none if there are several
    gaps: tuple[float, ...]  # seconds of silence after each record

    @property
    def index(self) -> int:
        """Of the first record, in the whole run."""
        return self.records[0].index

    @property
    def text(self) -> str:
        """What is spoken, one record a line."""
        return "\n".join(record.text for record in self.records if record.text.strip())

    @property
    def id(self) -> str | None:
        """The record's id, if it is one record."""
        return self.records[0].id if len(self.records) == 1 else None


@dataclass(frozen=True)
class Layout:
    """How files are called and what they hold."""

    template: NameTemplate
    suffix: str  # ".wav"
    voice_name: Callable[[Record], str]
    join: bool = False
    gap: float = 0.0  # seconds, between the records of a joined file


def read_records(inputs: Iterable[Input], stdin: int = 0) -> list[tuple[Input, list[Record]]]:
    """The records of each input, numbered through; a record's number never depends on a resume.

    Raises:
        UsageError: an input cannot be read, or a line of a manifest is wrong.
    """
    read, index = [], 0
    for source in inputs:
        records = source.records(index, stdin)
        index = records[-1].index + 1 if records else index
        if source.is_manifest:
            _check_manifest(records)
        read.append((source, records))
    return read


def make_plan(
    read: Iterable[tuple[Input, list[Record]]], folder: OutputFolder, layout: Layout
) -> list[Job]:
    """The jobs in input order, their paths safe and all different.

    Raises:
        UsageError: a name is unsafe, or two files would have one name.
    """
    jobs = list(_joined(read, folder, layout) if layout.join else _single(read, folder, layout))
    _check_collisions(jobs)
    return jobs


def _single(
    read: Iterable[tuple[Input, list[Record]]], folder: OutputFolder, layout: Layout
) -> Iterator[Job]:
    for source, records in read:
        first = records[0].index if records else 0
        for record in records:
            voice = layout.voice_name(record)
            path = None
            if not record.is_blank:
                n = record.index - first + 1
                name = Name(source.stem, n, record.id, slug(record.text), voice)
                wanted = record.output or _render(layout.template, name, record.source)
                path = _place(folder, wanted, layout.suffix, record.source)
            gap = record.silence_after or 0.0
            yield Job((record,), record.source, path, voice, (gap,))


def _joined(
    read: Iterable[tuple[Input, list[Record]]], folder: OutputFolder, layout: Layout
) -> Iterator[Job]:
    if "id" in layout.template.fields:
        raise UsageError("--join makes one file of many records: {id} has no place in --name")
    for n, (source, records) in enumerate(read, start=1):
        if not records:
            continue
        for record in records:
            if record.output is not None:
                raise UsageError(f'{record.source} has an "output", and --join has one per input')
        spoken = [record for record in records if not record.is_blank]
        voices = sorted({layout.voice_name(record) for record in spoken or records})
        path = None
        if spoken:
            name = Name(source.stem, n, None, slug(spoken[0].text), "-".join(voices))
            wanted = _render(layout.template, name, source.name)
            path = _place(folder, wanted, layout.suffix, source.name)
        voice = voices[0] if len(voices) == 1 else None
        yield Job(tuple(records), source.name, path, voice, _gaps(records, layout.gap))


def _gaps(records: list[Record], gap: float) -> tuple[float, ...]:
    """Silence after each record: what it asks for, else the run's gap where one is spoken later."""
    gaps = [0.0] * len(records)
    is_last = True
    for i in reversed(range(len(records))):
        if records[i].is_blank:
            continue
        asked = records[i].silence_after
        gaps[i] = (0.0 if is_last else gap) if asked is None else asked
        is_last = False
    return tuple(gaps)


def _render(template: NameTemplate, name: Name, source: str) -> str:
    try:
        return template.render(name)
    except UsageError as error:
        raise UsageError(f"{source} {error}") from error


def _place(folder: OutputFolder, wanted: str, suffix: str, source: str) -> PurePosixPath:
    named = wanted.lower().endswith(suffix) and not wanted.lower().endswith("/" + suffix)
    try:
        return folder.place(wanted if named or wanted.endswith("/") else wanted + suffix)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from error


def _check_manifest(records: list[Record]) -> None:
    wrong = [record for record in records if record.error is not None]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise UsageError(f"{wrong[0].error}{more}")


def _check_collisions(jobs: Iterable[Job]) -> None:
    files: dict[str, str] = {FILE_NAME: "the manifest"}
    folders: dict[str, str] = {}
    found: list[str] = []
    for job in jobs:
        if job.path is None:
            continue
        key = same_name(job.path)
        if key in files:
            found.append(f"{files[key]} and {job.source} both make {job.path}")
        files.setdefault(key, job.source)
        for parent in job.path.parents[:-1]:
            folders.setdefault(same_name(parent), job.source)
    # Only folders with the name of a file are left to find; few names are both.
    for key, source in folders.items():
        for name in {key, key.removesuffix(PART)} & files.keys():
            found.append(f"{files[name]} makes the file {name}, {source} a folder of that name")
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise UsageError(f"{'; '.join(found[:SHOWN])}{more}: choose another --name")
