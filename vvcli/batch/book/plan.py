"""Plans a book: its chapters, its file, and the parts that it is put together from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath

from vvcli.audio.part_name import PART
from vvcli.audio.tags import Tags
from vvcli.batch.containment import OutputFolder, same_name
from vvcli.batch.inputs import Input
from vvcli.batch.manifest import FILE_NAME
from vvcli.batch.plan import Job, Layout, Read, join_records
from vvcli.checkpoint.identity import hash_json
from vvcli.errors import UsageError
from vvcli.script.record import Record
from vvcli.script.title import plain_title

LIST_SUFFIX = ".chapters.json"


@dataclass(frozen=True)
class BookChapter:
    """A chapter: the records of one input."""

    title: str
    records: tuple[Record, ...]


class BookPlan:
    """The one job of a book, in place of those of a `Plan`.

    Args:
        read: from `read_records`; inputs with nothing to say are no chapters.
        folder: where the book goes.
        name: its name below the folder, with its suffix.
        layout: whose voices, gap and blank records count.
        tags: title, author and cover.
        taken: names below the folder that it may not have, and what has them.

    Raises:
        UsageError: a name is unsafe or taken, or a record asks for a file of its own.
    """

    def __init__(
        self,
        read: Read,
        folder: OutputFolder,
        name: str,
        layout: Layout,
        tags: Tags,
        taken: Mapping[str, str] | None = None,
    ) -> None:
        self.tags = tags
        self._layout = layout
        try:
            self.path = folder.place(name)
            self.list_path = folder.place(self.path + LIST_SUFFIX)
        except UsageError as error:
            raise UsageError(f"the book cannot be written: {error}") from error
        place = PurePosixPath(self.path)
        self.parts = OutputFolder(folder.path / place.parent / f".{place.name}.parts")
        self.chapters: list[BookChapter] = []
        for source, records in read:
            spoken = tuple(records)
            for record in spoken:
                if record.output is not None:
                    raise UsageError(f'{record.source} has an "output", and a book is one file')
            if not all(map(layout.is_blank, spoken)):
                self.chapters.append(BookChapter(chapter_title(source, spoken), spoken))
        self._check_names({FILE_NAME: "the manifest", **(taken or {})})

    def __iter__(self) -> Iterator[Job]:
        """The job, if there is anything to say."""
        records = tuple(record for chapter in self.chapters for record in chapter.records)
        if records:
            yield join_records(records, self.path, self.path, self._layout)

    def checked(self) -> Iterator[Job]:
        """The same; its name was checked before."""
        return iter(self)

    def part_jobs(self) -> Iterator[Job]:
        """A job for each record, below the folder of the parts."""
        layout = self._layout
        for chapter in self.chapters:
            for record in chapter.records:
                path = None if layout.is_blank(record) else f"{record.index:07d}.pcm"
                yield Job((record,), record.source, path, layout.voice_name(record), (0.0,))

    def fingerprint(self, audio: str) -> str:
        """The hash of the book, from that of its audio: chapters and tags are part of the file."""
        cover = self.tags.cover and hashlib.sha256(self.tags.cover).hexdigest()
        about = asdict(replace(self.tags, cover=None, chapters=()))
        chapters = [[chapter.title, len(chapter.records)] for chapter in self.chapters]
        return hash_json({"audio": audio, "about": about, "cover": cover, "chapters": chapters})

    def seconds(self, characters_per_second: float, spoken: Callable[[Record], str]) -> list[float]:
        """The length that each chapter would have, by the characters that are `spoken`."""
        found = []
        for chapter in self.chapters:
            texts = [spoken(r) for r in chapter.records if not self._layout.is_blank(r)]
            characters = sum(map(len, texts))
            found.append(characters / characters_per_second + self._layout.gap * len(texts))
        return found

    def _check_names(self, taken: Mapping[str, str]) -> None:
        owners = {same_name(name): owner for name, owner in taken.items()}
        for path in (self.path, self.path + PART, self.list_path):
            if (owner := owners.get(same_name(path))) is not None:
                raise UsageError(f"the book would make {path}, which is {owner}", remedy="name")


def chapter_title(source: Input, records: tuple[Record, ...]) -> str:
    """The title in the book's contents, else the first heading, else the name of the file."""
    if source.chapter is not None:
        return source.chapter.title
    headings = (plain_title(record.text) for record in records if record.is_heading)
    name = "stdin" if source.is_stdin else source.path.stem
    return next(filter(None, headings), None) or plain_title(name) or "untitled"
