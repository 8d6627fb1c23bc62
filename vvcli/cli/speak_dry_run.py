"""`vvcli speak --dry-run`: lists what would be spoken, from the model's files alone."""

from __future__ import annotations

from typing import Any

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.environment import Environment
from vvcli.cli.preflight import Preflight, list_records
from vvcli.cli.speak_plan import Prepared, SpeakRequest
from vvcli.progress.tally import Tally


def list_speech(
    environment: Environment,
    request: SpeakRequest,
    prepared: Prepared,
    default_voice: str | None,
    reading: dict[str, Any],
) -> Tally:
    """List the records of `prepared`; `reading` is how `Preflight` reads them.

    Raises:
        UnavailableError: model, tokenizer, language or voice is unavailable.
    """
    model = prepared.speaker
    assert isinstance(model, ModelFolder)  # noqa: S101 - no server is asked

    def voice_name(spec: str | None) -> str:
        return model.voices.find(spec or default_voice).name

    return list_records(
        environment,
        Preflight(model, voice_name, **reading),
        prepared.records,
        stop_on_error=request.stops_on_error,
        quiet=request.quiet,
    )
