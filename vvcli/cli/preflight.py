"""`--dry-run`: what the run would say, found out without the model: no torch is imported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

import click

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.environment import Environment
from vvcli.errors import RecordError, UnavailableError
from vvcli.frontend.lexicon import Lexicon
from vvcli.frontend.text_reader import SpokenText
from vvcli.progress.tally import Tally, count
from vvcli.script.record import Record

# Text that every model can say as it is written.
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z ,.?!']*")


class Preflight:
    """Says of each record whether it can be spoken with `model`.

    Voices are looked for and not read; texts are read as the run would read them, and go through
    the model's tokenizer.

    Args:
        model: the model.
        voice_name: the name of the voice of this name or file, or of the default voice;
            UnavailableError if there is none.
        lexicon, commands, language: see `Synthesizer`.

    Raises:
        UnavailableError: model, tokenizer, language or default voice is unavailable.
    """

    def __init__(
        self,
        model: ModelFolder,
        voice_name: Callable[[str | None], str],
        *,
        lexicon: Lexicon | None = None,
        commands: bool = True,
        language: str | None = None,
    ) -> None:
        self._tokenizer = model.tokenizer
        self._readers = model.text.readers(lexicon, commands=commands, language=language)
        self._voice_name = voice_name
        self._respells = bool(lexicon)
        voice_name(None)

    def read(self, record: Record) -> SpokenText:
        """What would be spoken of `record`.

        Raises:
            RecordError: it would fail, for the reason that the run would say.
        """
        if record.error is not None:
            raise RecordError(record.error)
        try:
            spoken = self._readers(self._voice_name(record.voice)).read(record.text)
            for segment in spoken.segments:
                if segment.voice:
                    self._voice_name(segment.voice)
                if segment.text:
                    self._tokenizer.check(segment.text)
        except (UnavailableError, RecordError) as error:
            raise RecordError(f"{record.label}: {error}") from error
        return spoken

    def check(self, record: Record) -> None:
        """The same without the text, which is quick for plain words.

        Raises:
            RecordError: as `read`.
        """
        if record.error or self._respells or not _PLAIN_WORDS.fullmatch(record.text):
            self.read(record)
            return
        try:
            self._voice_name(record.voice)
        except UnavailableError as error:
            raise RecordError(f"{record.label}: {error}") from error


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
        try:
            spoken = preflight.read(record)
        except RecordError as error:
            tally.failed += 1
            environment.say(str(error))
            if stop_on_error:
                break
            continue
        if not spoken.is_blank:
            tally.spoken += 1
            click.echo(_line(record, str(spoken)))
    if tally.records and not quiet:
        failed = f", {tally.failed} not" if tally.failed else ""
        environment.say(f"{count(tally.spoken, 'record')} would be spoken{failed}")
    return tally


def _line(record: Record, spoken: str) -> str:
    listed = {
        "index": record.index,
        "source": record.source,
        "id": record.id,
        "voice": record.voice,
        "speed": record.speed,
        "characters": len(record.text),
        "text": record.text,
        "spoken": spoken,
    }
    return json.dumps({key: value for key, value in listed.items() if value is not None})
