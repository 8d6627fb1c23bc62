"""What passes between processes is what was given, whatever it asks for."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any

from tests.batch.test_record_list import OTHER
from vvcli.audio.writer import FileFormat
from vvcli.batch.plan import Job
from vvcli.fleet.make_files import FileSettings
from vvcli.fleet.plain_values import (
    job_of,
    options_of,
    plain_job,
    plain_options,
    plain_record,
    record_of,
)
from vvcli.frontend.lexicon import Entry, Lexicon
from vvcli.script.record import Record
from vvcli.speech.speaker import SpeakerOptions

RECORD = replace(Record(3, "Hello."), **OTHER)

OPTIONS: dict[str, Any] = {
    "voice": "Ada",
    "streams": 3,
    "steps": 7,
    "cfg_scale": 1.5,
    "seed": 2,
    "speed": 1.25,
    "split": False,
    "by_sentence": True,
    "retries": 4,
    "lexicon": Lexicon([Entry("SQL", "sequel")]),
    "commands": False,
    "language": "en-GB",
    "deterministic": True,
    "require_graphs": True,
    "sample_type": "int16",
    "threads": 3,
}


def through_json(plain: dict[str, Any]) -> dict[str, Any]:
    """As a socket carries it."""
    carried: dict[str, Any] = json.loads(json.dumps(plain))
    return carried


def asks_for_all(value: Any) -> bool:
    """Whether no field is as by default, so that none can be forgotten."""
    return all(getattr(value, field.name) != field.default for field in fields(value))


def test_records() -> None:
    assert asks_for_all(RECORD)
    found = record_of(through_json(plain_record(RECORD)))
    assert asdict(found) == asdict(RECORD)


def test_jobs() -> None:
    job = Job((RECORD, Record(4, "Yes.")), "book.txt", "a/1.wav", "Ada", (0.5, 0.0))
    assert asks_for_all(job)
    assert job_of(through_json(plain_job(job))) == job


def test_options() -> None:
    assert OPTIONS.keys() == {field.name for field in fields(SpeakerOptions)}
    options = SpeakerOptions(**OPTIONS)
    assert asks_for_all(options)
    found = options_of(through_json(plain_options(options)))
    assert found.lexicon is not None
    assert found.lexicon.apply("SQL") == OPTIONS["lexicon"].apply("SQL")
    assert replace(found, lexicon=None) == replace(options, lexicon=None)


def test_settings_of_files() -> None:
    settings = FileSettings("out", "1-4", FileFormat("flac", 16_000, -23.0), 5, 24_000.0, 4)
    assert asks_for_all(settings)
    assert asks_for_all(settings.file_format)
    assert FileSettings.of(through_json(asdict(settings))) == settings
