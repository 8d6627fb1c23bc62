"""The resident synthesizer of a command: as `synthesizer.py`, with nothing loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vvcli.audio.writer import sample_type, takes_bytes
from vvcli.checkpoint.voice_search import is_voice_file
from vvcli.samples import SAMPLE_RATE

if TYPE_CHECKING:
    from vvcli.client.link import ServerLink
    from vvcli.client.resident import ResidentSynthesizer


def open_resident(
    link: ServerLink,
    options: dict[str, Any],
    format_name: str,
    rate: int,
    *,
    is_levelled: bool = False,
    is_played: bool = False,
) -> ResidentSynthesizer:
    """One for the options of `synthesis_options`, to write `format_name` at `rate` Hz.

    Options that choose the model are the server's, and not looked at; nor are `retries` and
    `by_sentence`, which a server does not do. What is levelled, or played as well as written,
    is computed with.

    Raises:
        UnavailableError: the server does not have the voice.
    """
    from vvcli.client.resident import ResidentSynthesizer
    from vvcli.client.speech_request import SpeechSettings

    voice = options["voice"]
    settings = SpeechSettings(
        seed=options["seed"],
        cfg_scale=options["cfg_scale"],
        # One that was typed is a name; from the config file, it is for models that are loaded here.
        voice=None if voice is None or is_voice_file(voice) else voice,
        lexicon=options["lexicon"],
        commands=options["commands"],
        language=options["language"],
        split=options["split"] == "sentence",
        speed=options["speed"],
    )
    is_written_only = not (is_levelled or is_played)
    return ResidentSynthesizer(
        link,
        settings,
        sample_type="float32" if is_levelled else sample_type(format_name, rate, SAMPLE_RATE),
        as_bytes=is_written_only and takes_bytes(format_name, rate, SAMPLE_RATE),
        streams=options["streams"],
        max_ahead=options["max_ahead"],
    )
