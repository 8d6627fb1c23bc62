"""What `vvcli batch` is asked for, and the plan that comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from vvcli.audio.formats import FORMATS
from vvcli.audio.part_name import join_tags
from vvcli.audio.writer import check_writer
from vvcli.batch.book.plan import BookPlan
from vvcli.batch.containment import OutputFolder
from vvcli.batch.fingerprint import RunSettings, fingerprint
from vvcli.batch.inputs import STDIN, Inputs, expand
from vvcli.batch.manifest import Entries, name_of
from vvcli.batch.naming import NameTemplate
from vvcli.batch.plan import Job, Layout, Plan, Read, read_records
from vvcli.batch.record_voices import found_name, record_voices
from vvcli.batch.resume import Existing, Resume
from vvcli.batch.shards import Shard
from vvcli.batch.share import Share
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.batch_files import identities_of, is_output, names_below
from vvcli.cli.book_plan import PART_FORMAT, BookRequest, plan_book
from vvcli.cli.dialogue import open_dialogue, voices_of
from vvcli.cli.environment import Environment
from vvcli.cli.file_conflicts import FileConflicts
from vvcli.cli.inputs import check_dialogue
from vvcli.cli.preflight import Preflight
from vvcli.cli.summary import check_summary
from vvcli.errors import RecordError, UsageError
from vvcli.fleet.ray_cluster import LONGEST_TAG
from vvcli.frontend.text_reader import TextReader
from vvcli.samples import SAMPLE_RATE
from vvcli.script.record import Record

NAME, NAME_JOINED = "{stem}/{n:05d}", "{stem}"


@dataclass(frozen=True, kw_only=True)
class BatchRequest(BookRequest):
    """The options of `batch`, apart from those that the synthesizer takes."""

    inputs: tuple[str, ...]
    folder: Path
    template: str | None
    join: bool
    existing: str
    retry_failed: bool
    verify: bool
    fail_fast: bool
    patterns: tuple[str, ...]
    shard: Shard | None
    ray: bool
    ray_address: str | None


@dataclass(frozen=True)
class Prepared:
    """A batch before anything is made."""

    folder: OutputFolder
    read: Read
    passed_over: list[Path]  # files of input folders
    kinds: Sequence[str]  # of files of folders that are not passed over
    plan: Plan | BookPlan
    share: Share | None  # of the plan, if the run makes no more
    model: ModelFolder
    fingerprint: Callable[[Job], str]
    part_fingerprint: Callable[[Job], str]  # of the parts of a book
    is_blank: Callable[[Record], bool]
    words: Callable[[Record], str]  # that are spoken
    preflight: Callable[[], Preflight]
    inputs: frozenset[tuple[int, int]]  # device and inode
    inputs_below: frozenset[str]  # names of inputs below the output folder

    @property
    def book(self) -> BookPlan | None:
        """The plan, where it is that of a book."""
        return self.plan if isinstance(self.plan, BookPlan) else None

    @property
    def jobs(self) -> Plan | Share | BookPlan:
        """The jobs of this run."""
        return self.plan if self.share is None else self.share

    def resume(self, request: BatchRequest, entries: Entries) -> Resume:
        """What decides about each job."""
        return Resume(
            entries,
            request.folder,
            self.fingerprint,
            Existing(request.existing),
            retry_failed=request.retry_failed,
            verify=request.verify,
            inputs=self.inputs,
        )


def prepare(
    environment: Environment,
    request: BatchRequest,
    options: dict[str, Any],
    reading: dict[str, Any],
) -> Prepared:
    """Read the inputs and plan the files; neither reads the model nor makes anything.

    `reading` is what `take_text_arguments` returns.

    Raises:
        UsageError: an input, a name or a format is wrong, or one file is used for two things.
        UnavailableError: model or voice is unavailable.
        OutputError: nothing can be written.
    """
    template = NameTemplate(request.template or (NAME_JOINED if request.join else NAME))
    check_writer(request.format_name, request.rate, SAMPLE_RATE)
    if request.delimiter == "":
        raise UsageError("--delimiter is empty")
    form = request.form()
    check_dialogue(form, dialogue=request.dialogue, cast=request.cast)
    _check_stdin(environment, request.inputs)
    shard = request.shard
    for flag, given in (("--join", request.join), ("--book", request.book)):
        if shard is not None and given:
            raise UsageError(f"--shard shares out the files of single records: not with {flag}")
    tag, longest = ("", "") if shard is None else (shard.tag, shard.longest_tag)
    folder = OutputFolder(
        request.folder, tag, join_tags(longest, LONGEST_TAG if request.ray else "")
    )
    inputs = expand(
        map(Path, request.inputs),
        form,
        delimiter=request.delimiter or "|",
        patterns=request.patterns,
        is_output=lambda path: is_output(folder, path),
    )
    _check_conflicts(environment, request, inputs, options)
    folder.check_writable()
    model = ModelFolder(options["model"])
    dialogue = None
    if request.dialogue:
        dialogue = open_dialogue(voices_of(model.voices, options["voice"]), request.cast)
    read = read_records(inputs.files, environment.stdin, dialogue)
    if dialogue is not None and not request.quiet:
        dialogue.tell(environment)
    identity = model.identity
    voices = record_voices(model.voices, options["voice"])
    suffix = FORMATS[request.format_name].suffixes[0]
    readers = model.text.readers(**reading)

    def voice_name(record: Record) -> str:
        return voices(record.voice).name

    def reader(record: Record) -> TextReader:
        return readers(voice_name(record))

    def is_blank(record: Record) -> bool:
        return record.error is None and reader(record).is_blank(record.text)

    layout = Layout(template, suffix, voice_name, request.join, request.gap, is_blank)
    settings = RunSettings(
        model=identity,
        seed=options["seed"],
        cfg_scale=model.config.pick_cfg_scale(options["cfg_scale"]),
        steps=model.config.pick_steps(options["steps"]),
        dtype=options["dtype"],
        split=options["split"],
        format=f"{request.format_name} {request.rate}",
        speed=options["speed"],
        loudness=request.loudness,
    )
    below = names_below(folder, inputs, request.summary)

    def audio_hash(job: Job, settings: RunSettings = settings) -> str:
        return fingerprint(
            settings,
            job.records,
            [voices(record.voice).identity for record in job.records],
            job.gaps,
            [spoken(reader(record), record) for record in job.records],
        )

    book = plan_book(environment, request, read, folder, layout, below, inputs.books)
    plan = Plan(read, folder, layout, {name_of(shard): "the manifest", **below})
    part_settings = replace(settings, format=f"{PART_FORMAT} {SAMPLE_RATE}", loudness=None)
    return Prepared(
        folder=folder,
        read=read,
        passed_over=inputs.passed_over,
        kinds=inputs.kinds,
        plan=plan if book is None else book,
        share=None if shard is None else Share(plan, shard),
        model=model,
        fingerprint=audio_hash if book is None else lambda job: book.fingerprint(audio_hash(job)),
        part_fingerprint=lambda job: audio_hash(job, part_settings),
        is_blank=is_blank,
        words=lambda record: spoken(reader(record), record) or record.text,
        preflight=lambda: Preflight(model, partial(found_name, voices), **reading),
        inputs=identities_of(environment, inputs),
        inputs_below=frozenset(below),
    )


def spoken(reader: TextReader, record: Record) -> str | None:
    """What is said of a record's text, for its hash; None where that is the text itself."""
    try:
        said = str(reader.read(record.text)) if record.error is None else record.text
    except RecordError:
        return None
    return None if said == record.text.strip() else said


def _check_stdin(environment: Environment, inputs: Iterable[str]) -> None:
    names = [name for name in inputs if name == STDIN]
    if len(names) > 1:
        raise UsageError("- is standard input, which can be read only once")
    if names and environment.stdin in environment.closed:
        raise UsageError("nothing to speak: standard input is closed")
    if names and os.isatty(environment.stdin):
        raise UsageError("nothing to speak: - is standard input, and that is a terminal")


def _check_conflicts(
    environment: Environment, request: BatchRequest, inputs: Inputs, options: dict[str, Any]
) -> None:
    check_summary(request.summary)
    conflicts = FileConflicts(environment)
    conflicts.reads("INPUT", [source.path for source in inputs.files])
    conflicts.reads_model(options["model"], options["voice"])
    conflicts.writes("the manifest", request.folder / name_of(request.shard))
    conflicts.writes("--summary", request.summary)
