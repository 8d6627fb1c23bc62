"""Plans a batch: every file, its records and its name, before a model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vvcli.audio.part_name import final_name
from vvcli.batch.containment import OutputFolder, same_name
from vvcli.batch.gaps import gaps_after
from vvcli.batch.inputs import Input
from vvcli.batch.manifest import FILE_NAME
from vvcli.batch.naming import Name, NameTemplate, slug
from vvcli.batch.record_list import RecordList
from vvcli.errors import UsageError
from vvcli.script.dialogue import Dialogue
from vvcli.script.record import Record

MAX_COLLISIONS = 3  # collisions that are spelled out


# Not frozen: millions are made, and that would take twice the time.
@dataclass(slots=True)
class Job:
    """One output file and the records it holds, one or those of an input file that are joined."""

    records: tuple[Record, ...]
    source: str
    path: str | None  # below the output folder; none where there is nothing to say
    voice: str | None  # the name of the voice; none if there are several
    gaps: tuple[float, ...]  # seconds of silence after each record

    @property
    def index(self) -> int:
        """Of the first record, in the whole run."""
        return self.records[0].index

    @property
    def key(self) -> str | int:
        """Key of this file's entries in the manifest."""
        return self.index if self.path is None else self.path

    @property
    def text(self) -> str:
        """The text, one record a line."""
        return "\n".join(record.text for record in self.records if record.text.strip())

    @property
    def id(self) -> str | None:
        """The record's id, if it is one record."""
        return self.records[0].id if len(self.records) == 1 else None


@dataclass(frozen=True)
class Layout:
    """Names and contents of files, by the options."""

    template: NameTemplate
    suffix: str  # ".wav"
    voice_name: Callable[[Record], str]
    join: bool = False
    gap: float = 0.0  # seconds, between the records of a joined file
    is_blank: Callable[[Record], bool] = lambda record: record.is_blank


Read = Sequence[tuple[Input, RecordList]]


def read_records(inputs: Iterable[Input], stdin: int = 0, dialogue: Dialogue | None = None) -> Read:
    """The records of each input, numbered through; a record's number never depends on a resume.

    Raises:
        UsageError: an input cannot be read, or a line of a manifest is wrong.
    """
    read, index = [], 0
    for source in inputs:
        records = source.records(index, stdin, dialogue)
        index = records.next_index
        if source.is_manifest:
            _check_manifest(records)
        read.append((source, records))
    return read


class Plan:
    """The jobs in input order, made anew on each pass: millions would fill the memory.

    Args:
        read: from `read_records`.
        folder: where the files go.
        layout: how they are called.
        taken: names below the folder that no job may have, and what has them.
    """

    def __init__(
        self,
        read: Read,
        folder: OutputFolder,
        layout: Layout,
        taken: Mapping[str, str] | None = None,
    ) -> None:
        self._read = read
        self._folder = folder
        self._layout = layout
        self._taken = {FILE_NAME: "the manifest", **(taken or {})}

    def __iter__(self) -> Iterator[Job]:
        """The jobs.

        Raises:
            UsageError: a name is unsafe.
        """
        return self._joined() if self._layout.join else self._single()

    def checked(self) -> Iterator[Job]:
        """The jobs, and after the last one an error if their names are not all different.

        Raises:
            UsageError: a name is unsafe, or two files would have one name.
        """
        names = {same_name(name) for name in self._taken}
        folders: set[str] = set()
        collide, parent = False, ""
        for job in self:
            yield job
            if job.path is None:
                continue
            name = same_name(job.path)
            collide = collide or name in names
            names.add(name)
            above = name.rpartition("/")[0]
            if above != parent:
                parent = above
                while above and above not in folders:
                    folders.add(above)
                    above = above.rpartition("/")[0]
        if collide or any(folder in names or final_name(folder) in names for folder in folders):
            raise UsageError(self._collisions(), remedy="name")

    def _single(self) -> Iterator[Job]:
        layout, place = self._layout, self._folder.place
        template, suffix, voice_name = layout.template, layout.suffix, layout.voice_name
        wants_slug = "slug" in template.fields
        for source, records in self._read:
            stem = source.stem
            for n, record in enumerate(records, start=1):
                voice, path, gap = voice_name(record), None, record.silence_after
                if not layout.is_blank(record):
                    wanted = record.output
                    if not wanted:
                        words = slug(record.text) if wants_slug else ""
                        name = Name(stem, n, record.id, words, voice)
                        wanted = _render(template, name, record.source)
                    try:
                        path = place(_with_suffix(wanted, suffix))
                    except UsageError as error:
                        remedy = None if record.output else "rename"
                        raise UsageError(f"{record.source}: {error}", remedy=remedy) from error
                yield Job((record,), record.source, path, voice, (gap,) if gap else _NO_GAP)

    def _joined(self) -> Iterator[Job]:
        layout = self._layout
        if "id" in layout.template.fields:
            raise UsageError("a joined file has no {id}, so its name cannot, either", remedy="name")
        for n, (source, read) in enumerate(self._read, start=1):
            records = tuple(read)
            if not records:
                continue
            for record in records:
                if record.output is not None:
                    raise UsageError(
                        f'{record.source} has an "output", but its input makes one joined file'
                    )
            blank = [layout.is_blank(record) for record in records]
            spoken = [record for record, no in zip(records, blank, strict=True) if not no]
            path = None
            if spoken:
                voices = sorted({layout.voice_name(record) for record in spoken})
                name = Name(source.stem, n, None, slug(spoken[0].text), "-".join(voices))
                wanted = _render(layout.template, name, source.name)
                try:
                    path = self._folder.place(_with_suffix(wanted, layout.suffix))
                except UsageError as error:
                    raise UsageError(f"{source.name}: {error}", remedy="rename") from error
            yield _joined(records, blank, source.name, path, layout)

    def _collisions(self) -> str:
        """All collisions in words, found on a second pass that remembers who has a name."""
        taken = {same_name(name): owner for name, owner in self._taken.items()}
        files = dict(taken)
        folders: dict[str, str] = {}
        found: list[str] = []
        for job in self:
            if job.path is None:
                continue
            key = same_name(job.path)
            if key in taken:
                found.append(f"{job.source} would make {job.path}, which is {taken[key]}")
            elif key in files:
                found.append(f"{files[key]} and {job.source} both make {job.path}")
            files.setdefault(key, job.source)
            for parent in PurePosixPath(job.path).parents[:-1]:
                folders.setdefault(same_name(str(parent)), job.source)
        for key, source in folders.items():
            for name in {key, final_name(key)} & files.keys():
                found.append(f"{files[name]} makes the file {name}, {source} a folder of that name")
        more = f"; and {len(found) - MAX_COLLISIONS} more" if len(found) > MAX_COLLISIONS else ""
        return f"{'; '.join(found[:MAX_COLLISIONS])}{more}"


_NO_GAP = (0.0,)


def join_records(records: tuple[Record, ...], source: str, path: str, layout: Layout) -> Job:
    """The job of one file that holds all of `records`."""
    return _joined(records, [layout.is_blank(record) for record in records], source, path, layout)


def _joined(
    records: tuple[Record, ...], blank: list[bool], source: str, path: str | None, layout: Layout
) -> Job:
    spoken = [record for record, no in zip(records, blank, strict=True) if not no]
    voices = {layout.voice_name(record) for record in spoken or records}
    voice = voices.pop() if len(voices) == 1 else None
    return Job(records, source, path, voice, gaps_after(records, blank, layout.gap))


def _with_suffix(wanted: str, suffix: str) -> str:
    if wanted[-len(suffix) :].lower() == suffix:
        return wanted + suffix if wanted[: -len(suffix)].endswith("/") else wanted
    return wanted if wanted.endswith("/") else wanted + suffix


def _render(template: NameTemplate, name: Name, source: str) -> str:
    try:
        return template.render(name)
    except UsageError as error:
        raise UsageError(f"{source} {error}", remedy=error.remedy) from error


def _check_manifest(records: Iterable[Record]) -> None:
    wrong = [record for record in records if record.error is not None]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise UsageError(f"{wrong[0].error}{more}")
