"""Records, files and options as plain values, the same in every process."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from vvcli.batch.plan import Job
from vvcli.frontend.lexicon import Entry, Lexicon
from vvcli.samples import SampleType
from vvcli.script.record import Record
from vvcli.speech.run import PendingChunk
from vvcli.speech.speaker import SpeakerOptions
from vvcli.speech.values import Chunk, Retried, Sentence

Plain = dict[str, Any]

_DEFAULTS = {field.name: field.default for field in fields(Record)}


def plain_record(record: Record) -> Plain:
    """`record` without what is as by default."""
    return {
        name: value
        for name, default in _DEFAULTS.items()
        if (value := getattr(record, name)) != default
    }


def record_of(plain: Plain) -> Record:
    """The record that `plain_record` was given."""
    return Record(**plain)


def spoken(record: Record) -> tuple[str | bool | None, int]:
    """What is said of a record's text, True for the text itself, and how many words respelled."""
    return record.spoken == record.text or record.spoken, record.respelled


def with_spoken(record: Record, said: str | bool | None, respelled: int) -> Record:
    """`record` with what `spoken` told of it."""
    text = record.text if said is True else said or None
    if (text, respelled) == (record.spoken, record.respelled):  # a chunk of it has told so before
        return record
    return replace(record, spoken=text, respelled=respelled)


class ChunkMessage(NamedTuple):
    """The values of a `chunk` message: some audio of a record, and how it ended.

    Attributes:
        ticket: of the record.
        position, length: of the samples in the ring, in bytes.
        status, error: how the record ended, with its last audio.
        said, respelled: see `spoken`.
        active: streams that the worker speaks.
        worker_clipped: samples of int16 that it has cut off since it was started.
        record_clipped: those of this record, with its last audio.
        sample_type: where it is not that of the pool.
        extras: see `plain_extras`.
    """

    ticket: int
    position: int
    length: int
    status: str | None
    error: str | None
    said: str | bool | None
    respelled: int
    active: int
    worker_clipped: int | None = None
    record_clipped: int = 0
    sample_type: SampleType | None = None
    extras: list[Any] | None = None


def plain_extras(chunk: Chunk | PendingChunk) -> list[Any]:
    """What a chunk tells besides its samples and how its record ended."""
    sentence = None if chunk.sentence is None else [chunk.sentence.number, chunk.sentence.text]
    return [sentence, [list(vars(retried).values()) for retried in chunk.retried]]


def extras_of(plain: list[Any] | None) -> tuple[Sentence | None, tuple[Retried, ...]]:
    """The sentence of a chunk, and what was spoken again."""
    sentence, retried = plain or (None, [])
    return sentence and Sentence(*sentence), tuple(Retried(*values) for values in retried)


def plain_job(job: Job) -> Plain:
    """The job of a file."""
    return {
        "records": [plain_record(record) for record in job.records],
        "source": job.source,
        "path": job.path,
        "voice": job.voice,
        "gaps": list(job.gaps),
    }


def job_of(plain: Plain) -> Job:
    """The job that `plain_job` was given."""
    records = tuple(map(record_of, plain["records"]))
    return Job(records, plain["source"], plain["path"], plain["voice"], tuple(plain["gaps"]))


def plain_options(options: SpeakerOptions) -> Plain:
    """How a model speaks; a lexicon as its entries."""
    plain = {field.name: getattr(options, field.name) for field in fields(options)}
    lexicon = options.lexicon
    plain["lexicon"] = None if lexicon is None else [list(entry) for entry in lexicon.entries()]
    return plain


def options_of(plain: Plain) -> SpeakerOptions:
    """The options that `plain_options` was given."""
    entries = plain["lexicon"]
    lexicon = None if entries is None else Lexicon(Entry(*entry) for entry in entries)
    return SpeakerOptions(**plain | {"lexicon": lexicon})


def plain_model(spec: str | Path) -> Plain:
    """Which model it is; a path stays one, and is not taken for the id of a model."""
    return {"path" if isinstance(spec, Path) else "name": str(spec)}


def model_of(plain: Plain) -> str | Path:
    """The model that `plain_model` was given."""
    return Path(plain["path"]) if "path" in plain else plain["name"]
