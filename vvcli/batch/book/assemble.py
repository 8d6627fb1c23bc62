"""Puts the parts of a book together: silence, chapters, tags, and its entry in the manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vvcli.audio.chapters import ChapterMark, chapter_marks, chapters_json
from vvcli.audio.pcm import AudioWriter
from vvcli.audio.tags import write_tags
from vvcli.audio.writer import FileFormat
from vvcli.batch.book.parts import Parts
from vvcli.batch.book.plan import BookPlan
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import Manifest
from vvcli.batch.plan import Job
from vvcli.batch.staging import StagedFile
from vvcli.samples import SAMPLE_RATE

MAX_REASONS = 10  # of records that failed, in the entry


@dataclass
class Assembled:
    """The book that was made.

    `tagged` is false where the file has no room for chapters, `clipped` counts samples.
    """

    entry: ManifestEntry
    marks: tuple[ChapterMark, ...] = ()
    tagged: bool = True
    clipped: int = 0


@dataclass
class _Audio:
    """What was written of the book."""

    starts: list[tuple[str, int]] = field(default_factory=list)  # titles and first samples
    length: int = 0  # samples at 24 kHz
    spoken: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)  # of what failed or was cut short


def assemble(
    plan: BookPlan,
    parts: Parts,
    manifest: Manifest,
    folder: OutputFolder,
    file_format: FileFormat,
    *,
    seed: int,
    fingerprint: Callable[[Job], str],
) -> Assembled:
    """Make the book from its parts, in `file_format`.

    Silence is between records as `Runner` has it, across chapters as within them. The list of
    chapters is written first, so that whoever finds the book finds the list.

    Raises:
        OutputError: a part cannot be read, or the book cannot be written.
    """
    [job] = plan
    staged = StagedFile(folder, plan.path)
    try:
        writer = file_format.open(staged.output, SAMPLE_RATE)
        audio = _write(plan, job, parts, writer)
        problems = _problems(audio.reasons)
        if not audio.starts:
            staged.abandon()
            outcome = Outcome.FAILED if problems else Outcome.SKIPPED
            entry = _entry(job, outcome, problems or "there is nothing to say", seed, fingerprint)
            manifest.append(entry)
            return Assembled(entry)
        writer.finish()
        marks = chapter_marks(audio.starts, audio.length)
        tags = replace(plan.tags, chapters=marks)
        tagged = write_tags(staged.descriptor, file_format.name, tags, str(staged.path))
        size, digest = staged.seal()
        _write_list(plan, folder, marks)
        said: str | None = "\n".join(audio.spoken)
        entry = replace(
            _entry(
                job,
                Outcome.TRUNCATED if problems else Outcome.OK,
                problems,
                seed,
                fingerprint,
            ),
            duration=writer.samples / file_format.rate,
            samples=writer.samples,
            loudness=None if writer.loudness is None else round(writer.loudness, 2),
            size=size,
            sha256=digest,
            spoken=None if said == job.text else said,
        )
        manifest.append(entry)
        staged.publish(sync_folder=True)
    except BaseException:
        staged.abandon()
        raise
    return Assembled(entry, marks, tagged, writer.clipped)


def _write(plan: BookPlan, job: Job, parts: Parts, writer: AudioWriter) -> _Audio:
    """The parts in order, with silence between them."""
    audio = _Audio()
    due, own = 0, False  # samples of silence before the next audio; whether a record asked for it
    gaps = iter(job.gaps)
    for chapter in plan.chapters:
        begun = False
        for record in chapter.records:
            gap = next(gaps)
            entry = parts.entry(record.index)
            if entry is None:
                continue
            if entry.error is not None:
                audio.reasons.append(entry.error)
            if not entry.has_file:
                continue
            if entry.samples:
                writer.silence(due)
                audio.length, due = audio.length + due, 0
                if not begun:
                    audio.starts.append((chapter.title, audio.length))
                    begun = True
            for samples in parts.samples(entry):
                writer.write(samples)
            audio.length += entry.samples
            audio.spoken.append(entry.spoken or entry.text)
            due, own = round(gap * SAMPLE_RATE), record.silence_after is not None
    if own and due:
        writer.silence(due)
        audio.length += due
    return audio


def _problems(reasons: list[str]) -> str | None:
    more = f"; and {len(reasons) - MAX_REASONS} more" if len(reasons) > MAX_REASONS else ""
    return "; ".join(reasons[:MAX_REASONS]) + more or None


def _write_list(plan: BookPlan, folder: OutputFolder, marks: tuple[ChapterMark, ...]) -> None:
    staged = StagedFile(folder, plan.list_path)
    try:
        staged.output.write(chapters_json(marks, plan.tags.title, plan.tags.author))
        staged.seal()
        staged.publish(sync_folder=True)
    except BaseException:
        staged.abandon()
        raise


def _entry(
    job: Job, outcome: Outcome, error: str | None, seed: int, fingerprint: Callable[[Job], str]
) -> ManifestEntry:
    """The entry of the book, without what only a file has."""
    seeds = {seed if record.seed is None else record.seed for record in job.records}
    return ManifestEntry(
        audio_filepath=job.path,
        duration=0.0,
        text=job.text,
        id=job.id,
        index=job.index,
        voice=job.voice,
        seed=seeds.pop() if len(seeds) == 1 else None,
        status=outcome,
        error=error,
        samples=0,
        size=0,
        sha256=None,
        fingerprint=fingerprint(job),
    )
