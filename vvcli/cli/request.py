"""The options of a run, apart from those that the synthesizer takes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from vvcli.audio.writer import FileFormat
from vvcli.cli.inputs import find_form
from vvcli.script.sources import Form

R = TypeVar("R", bound="RunRequest")


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What `speak` and `batch` are both asked for; each adds its own."""

    null: bool
    paragraphs: bool
    jsonl: bool
    delimiter: str | None
    markdown: bool
    dialogue: bool
    cast: str | None
    gap: float  # seconds
    format_name: str
    rate: int  # samples per second
    loudness: float | None  # LUFS
    dry_run: bool
    quiet: bool
    progress_mode: str
    summary: str | None

    @classmethod
    def take(cls: type[R], options: dict[str, Any]) -> R:
        """The request of these options, which leave `options` to the synthesizer."""
        return cls(**{field.name: options.pop(field.name) for field in fields(cls)})

    @property
    def file_format(self) -> FileFormat:
        """How a finished file is written, be it one of many, a book, or a stream."""
        return FileFormat(self.format_name, self.rate, self.loudness)

    def form(self, *, follow: bool = False) -> Form:
        """The form of the records.

        Raises:
            UsageError: more than one is asked for.
        """
        return find_form(
            null=self.null,
            paragraphs=self.paragraphs,
            jsonl=self.jsonl,
            delimiter=self.delimiter,
            markdown=self.markdown,
            follow=follow,
        )
