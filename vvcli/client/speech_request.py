"""What a server is asked for a record: its text, and how it is to be spoken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vvcli.script.record import Record

if TYPE_CHECKING:
    from vvcli.frontend.lexicon import Lexicon

PATH = "/v1/audio/speech"
MAX_SOURCE = 1000  # characters


@dataclass(frozen=True)
class SpeechSettings:
    """How records are spoken that do not say so themselves; see `Synthesizer`.

    `cfg_scale`, `voice` and `language` of None are the server's.
    """

    seed: int = 0
    cfg_scale: float | None = None
    voice: str | None = None
    lexicon: Lexicon | None = None
    commands: bool = True
    language: str | None = None
    split: bool = True
    speed: float = 1.0


def request_body(record: Record, settings: SpeechSettings, *, is_float: bool) -> tuple[bytes, int]:
    """The JSON that asks for `record`, and how many words of it were respelled.

    Raises:
        RecordError: it cannot be asked for.
    """
    text, commands, respelled = _respell(record, settings)
    fields: dict[str, Any] = {
        "input": text,
        "stream_format": "frames",
        "response_format": "f32le" if is_float else "pcm",
        "source": record.label[:MAX_SOURCE],
        "commands": commands,
        "split": settings.split,
        # Always said: a server may have another speed of its own.
        "speed": settings.speed if record.speed is None else record.speed,
    }
    # The noise of a record that has a seed of its own does not depend on its place.
    if record.seed is None:
        fields |= {"seed": settings.seed, "record_index": record.index}
    else:
        fields["seed"] = record.seed
    own = {
        "voice": record.voice or settings.voice,
        "cfg_scale": settings.cfg_scale if record.cfg_scale is None else record.cfg_scale,
        "language": settings.language,
    }
    fields |= {name: value for name, value in own.items() if value is not None}
    try:
        return json.dumps(fields, ensure_ascii=False).encode(), respelled
    except UnicodeEncodeError:  # JSON records may hold halves of surrogate pairs
        return json.dumps(fields).encode(), respelled


def _respell(record: Record, settings: SpeechSettings) -> tuple[str, bool, int]:
    """The text with its words respelled, whether it has commands to obey, and the count."""
    text, lexicon = record.text, settings.lexicon
    if not lexicon:
        return text, settings.commands, 0
    if settings.commands and "[[" in text:
        from vvcli.client.respelling import respell_segments  # most text has no commands

        said, count = respell_segments(record, lexicon)
        return said, True, count
    said, count = lexicon.apply(text)
    # What a lexicon puts in is never a command.
    return said, settings.commands and "[[" not in said, count
