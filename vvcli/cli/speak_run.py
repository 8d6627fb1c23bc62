"""Speaks the records of `vvcli speak` into its output."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.audio.cues import open_cues
from vvcli.audio.levels import softer
from vvcli.audio.output import Output
from vvcli.audio.output_file import open_output
from vvcli.audio.track import Track
from vvcli.cli.environment import Environment
from vvcli.cli.read_aloud import read_aloud
from vvcli.cli.session import Session, open_session
from vvcli.cli.speak_plan import STDIN, STDOUT, Prepared, SpeakRequest
from vvcli.client.link import ServerLink
from vvcli.errors import UsageError
from vvcli.progress.tally import Tally
from vvcli.samples import SAMPLE_RATE

if TYPE_CHECKING:
    from vvcli.audio.player import PlayerOutput
    from vvcli.checkpoint.model_folder import ModelFolder
    from vvcli.client.resident import ResidentSynthesizer
    from vvcli.synthesizer import Synthesizer


def run_speak(
    environment: Environment, request: SpeakRequest, prepared: Prepared, options: dict[str, Any]
) -> Tally:
    """Load the model, speak all records, and write the summary.

    Raises:
        UnavailableError: the model cannot be loaded.
        OutputError: the audio, the cues or the summary cannot be written.
    """
    total = prepared.total
    with ExitStack() as stack:
        # Entered first: when the file is whole, what is left is heard.
        player = stack.enter_context(_open_player(request)) if request.play else None
        if player is not None and request.output is None:
            target: Output = player
        else:
            target = stack.enter_context(_open(environment, request.output or STDOUT))
        cues = (
            stack.enter_context(open_cues(Path(request.cues), request.rate))
            if request.cues
            else None
        )
        is_typed = STDIN in request.files and os.isatty(environment.stdin)
        session = stack.enter_context(open_session(environment, request, total, is_typed=is_typed))
        synthesizer = _speaker(session, request, prepared, options)
        writer = request.file_format.open(target, SAMPLE_RATE)
        if player is not None and target is not player:
            from vvcli.audio.player import PlayedWriter

            writer = PlayedWriter(writer, player)
        track = Track(writer, request.gap, on_error=request.on_error, cues=cues)
        read_aloud(
            synthesizer,
            prepared.records,
            track,
            session.tally,
            session.progress,
            stop_on_error=request.stops_on_error,
        )
        if session.tally.spoken:
            writer.finish()
        else:
            target.abandon()  # an older file of that name stays
        session.note_clipped(writer.clipped + synthesizer.clipped)
        if session.tally.spoken:
            if said := softer(request.output, writer.loudness, request.loudness):
                session.progress.note(said)
            session.progress.finish(session.tally)
    session.summarize(
        **_model(prepared.speaker),
        samples=writer.samples,
        voice=synthesizer.voice.name,
        device=str(synthesizer.device),
        streams=synthesizer.streams,
    )
    return session.tally


def _open_player(request: SpeakRequest) -> PlayerOutput:
    """A player of all that is written, or of the only thing that is done with it."""
    from vvcli.audio.player import PlayerOutput  # most runs play nothing

    return PlayerOutput(request.rate if request.output is None else SAMPLE_RATE)


def _speaker(
    session: Session, request: SpeakRequest, prepared: Prepared, options: dict[str, Any]
) -> Synthesizer | ResidentSynthesizer:
    """The synthesizer here, with its model loaded, or the one behind a server."""
    if isinstance(prepared.speaker, ServerLink):
        is_played = request.play and request.output is not None
        return session.connect(prepared.speaker, options, is_played=is_played)
    records = prepared.total.records if prepared.total else None
    return session.load(options | {"model": prepared.speaker}, records)


def _model(speaker: ModelFolder | ServerLink) -> dict[str, str]:
    """The facts of `--summary` that say which model has spoken."""
    if isinstance(speaker, ServerLink):
        return {"model": speaker.facts.model, "server": str(speaker.address)}
    return {"model": str(speaker.spec)}


def _open(environment: Environment, output: str) -> Output:
    if output == STDOUT:
        return Output(environment.take_stdout(), "standard output")
    target = open_output(Path(output))
    if target.is_terminal:
        target.abandon()
        raise UsageError(f"will not write audio to a terminal, which {output} is: give a file")
    return target
