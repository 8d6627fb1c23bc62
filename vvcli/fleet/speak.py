"""A class for those who live in `ray.data`: a column of texts in, columns of audio out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from vvcli.fleet.open import open_fleet
from vvcli.script.fields import FIELDS, check_fields
from vvcli.script.record import Record
from vvcli.speech.parameters import check_parameters
from vvcli.speech.speaker import SpeakerOptions
from vvcli.speech.values import join_chunks

# Columns that a row may have, and what they may hold. As for the requests of a server, every row
# is the first record unless it says otherwise: its audio depends on no other row.
CHECKS = {name: FIELDS[name] for name in ("text", "id", "voice", "seed")}
CHECKS["index"] = FIELDS["seed"]  # whole numbers, both


class Speak:
    """Speaks batches of rows: `dataset.map_batches(Speak, fn_constructor_args=[model], ...)`.

    Args:
        model: a folder, the id of one, or "embedded".
        device: one device.
        dtype: of the model.
        options: as of `Synthesizer`: `voice`, `streams`, `steps`, `seed`, ...

    Raises:
        ValueError: an option is out of its range.
        UnavailableError: model, voice or device is unavailable.
    """

    def __init__(
        self, model: str | Path, *, device: str = "auto", dtype: str = "auto", **options: Any
    ) -> None:
        asked = SpeakerOptions(**options)
        check_parameters(max_ahead=None, **vars(asked))
        self._fleet = open_fleet(model, device, 1, None, dtype, asked, None).fleet

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of `batch`, and those of what was made of its `text`.

        `index`, `id`, `voice` and `seed` are read where there are such columns and are not null. A
        row whose text is null, or one of whose values a line of JSON could not have, fails alone.

        Returns:
            Besides `batch`: `audio`, the samples of each row at 24,000 Hz; `status`, a word; and
            `error`, why a row failed, or "".

        Raises:
            ValueError: there is no column `text`.
        """
        if "text" not in batch:
            raise ValueError("the batch has no column 'text'")
        columns = [name for name in CHECKS if name in batch]
        rows = zip(*(batch[name] for name in columns), strict=True)
        records = [_record(dict(zip(columns, row, strict=True))) for row in rows]
        audio, status, error = self._speak(records)
        return {**batch, "audio": audio, "status": status, "error": error}

    def _speak(self, records: list[Record]) -> tuple[Any, Any, Any]:
        audio = np.empty(len(records), dtype=object)
        status, error = [""] * len(records), [""] * len(records)
        with closing(self._fleet.stream(records)) as pending:
            for row, said in enumerate(join_chunks(chunk.join() for chunk in pending)):
                audio[row] = said.samples
                status[row], error[row] = said.status.value, said.error or ""
        return audio, np.array(status, dtype=object), np.array(error, dtype=object)


def _record(row: dict[str, Any]) -> Record:
    """The record of a row: what is null is as good as absent, except for the text."""
    given = {name: _plain(value) for name, value in row.items()}
    for name in ("index", "seed"):
        # A column of integers in which one is null comes as floats.
        if isinstance(value := given.get(name), float) and value.is_integer():
            given[name] = int(value)
    try:
        return Record(**{"index": 0} | check_fields(given, CHECKS))
    except ValueError as error:
        return Record(0, "", error=str(error))


def _plain(value: Any) -> Any:
    """A scalar of numpy as Python's own; None for the null of a column of floats."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value
