"""`--dry-run`: what the run would say, found out without the model: no torch is imported."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click

from vvcli.cli.environment import Environment
from vvcli.errors import RecordError, UnavailableError
from vvcli.progress.tally import Tally, count
from vvcli.script.record import Record


class Preflight:
    """Says of each record whether it can be spoken with `model`, and `voice` where it names none.

    Voices are looked for and not read; texts go through the model's tokenizer.

    Raises:
        UnavailableError: model, tokenizer or voice cannot be had.
    """

    def __init__(self, model: str, voice: str | None) -> None:
        # Imported only here: help and mistakes need none of it.
        from vvcli.checkpoint.hub import resolve_model
        from vvcli.checkpoint.tokenizer import load_tokenizer
        from vvcli.checkpoint.voice_search import find_voice, first_voice, voice_folders

        folder = resolve_model(model)
        self._tokenizer = load_tokenizer(folder)
        self._folders = voice_folders(folder)
        self._find_voice = find_voice
        if voice is None:
            first_voice(self._folders)
        else:
            find_voice(voice, self._folders)

    def error(self, record: Record) -> str | None:
        """Why `record` would fail, in the run's own words; none if it would be spoken."""
        if record.error is not None:
            return record.error
        try:
            if record.voice:
                self._find_voice(record.voice, self._folders)
            self._tokenizer.encode(record.text)
        except (UnavailableError, RecordError) as error:
            return f"{record.source or f'record {record.index}'}: {error}"
        return None


def list_records(
    environment: Environment,
    preflight: Preflight,
    records: Iterable[Record],
    *,
    stop_on_error: bool,
    quiet: bool,
) -> Tally:
    """Print what would be spoken, one JSON object a record, and count it as the run would."""
    tally = Tally()
    for record in records:
        if record.is_blank:
            continue
        error = preflight.error(record)
        if error is None:
            tally.spoken += 1
            click.echo(_line(record))
            continue
        tally.failed += 1
        environment.say(error)
        if stop_on_error:
            break
    if tally.records and not quiet:
        failed = f", {tally.failed} not" if tally.failed else ""
        environment.say(f"{count(tally.spoken, 'record')} would be spoken{failed}")
    return tally


def _line(record: Record) -> str:
    listed = {
        "index": record.index,
        "source": record.source,
        "id": record.id,
        "voice": record.voice,
        "characters": len(record.text),
        "text": record.text,
    }
    return json.dumps({key: value for key, value in listed.items() if value is not None})
