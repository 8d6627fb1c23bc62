"""What `vvcli speak` is asked for, and the records that come of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.audio.cues import check_cues
from vvcli.audio.descriptors import is_stdout
from vvcli.audio.output_file import check_output
from vvcli.audio.writer import check_writer
from vvcli.cli.audio_format import choose_format
from vvcli.cli.environment import Environment
from vvcli.cli.file_conflicts import FileConflicts
from vvcli.cli.inputs import (
    TextSource,
    check_dialogue,
    note_file_names,
    note_manifests,
    open_records,
)
from vvcli.cli.request import RunRequest
from vvcli.cli.server_options import ServerChoice
from vvcli.cli.summary import check_summary
from vvcli.errors import UsageError, VvcliError
from vvcli.samples import SAMPLE_RATE
from vvcli.script.measure import Total
from vvcli.script.record import Record

if TYPE_CHECKING:
    from vvcli.checkpoint.model_folder import ModelFolder
    from vvcli.cli.dialogue import CastVoices
    from vvcli.client.link import ServerLink

STDIN = STDOUT = "-"


@dataclass(frozen=True, kw_only=True)
class SpeakRequest(RunRequest):
    """The options of `speak`, apart from those that the synthesizer takes as they are."""

    text: tuple[str, ...]
    files: tuple[str, ...]
    follow: bool
    follow_ms: int
    on_error: str
    output: str | None  # `STDOUT`, or a file; None if it is only played
    play: bool
    cues: str | None
    cue_by: str
    retries: int

    @property
    def is_by_sentence(self) -> bool:
        """Whether each sentence is spoken by itself, and has a cue."""
        return self.cue_by == "sentence"

    @property
    def stops_on_error(self) -> bool:
        """Whether a record that fails is the last one."""
        return self.on_error == "stop"


@dataclass(frozen=True)
class Prepared:
    """What will be spoken, before anything is loaded."""

    records: Iterable[Record]
    total: Total | None  # if it can be known
    speaker: ModelFolder | ServerLink  # a model to load, or a server that has one


def take_request(options: dict[str, Any], typed: Collection[str]) -> SpeakRequest:
    """The request of these options, which leave `options` to the synthesizer.

    `typed` are the names of those that stand on the command line.

    Raises:
        UsageError: the format is not known, or not that of the file's name; or options contradict.
    """
    request = SpeakRequest.take(options)
    if request.text == (STDIN,):
        request = replace(request, text=(), files=(*request.files, STDIN))
    if is_stdout(request.output) or (request.output is None and not request.play):
        request = replace(request, output=STDOUT)
    if request.output is None and "format_name" in typed:
        raise UsageError("-f is the format of what is written, and --play writes nothing: add -o")
    format_name = choose_format(
        request.output,
        request.format_name if request.output else None,
        typed="format_name" in typed,
    )
    request = replace(request, format_name=format_name, rate=request.rate or SAMPLE_RATE)
    return replace(request, **_without_effect(request, typed))


def _without_effect(request: SpeakRequest, typed: Collection[str]) -> dict[str, Any]:
    """What would do nothing, with the values that say so: the environment may ask for it.

    Raises:
        UsageError: it stands on the command line.
    """
    idle: dict[str, tuple[object, str]] = {}
    output = request.output
    if request.loudness is not None and not (output not in (None, STDOUT) and _is_file(output)):
        idle["loudness"] = (
            None,
            "--loudness is that of a whole file, which standard output, a player or a pipe is "
            "not: add -o FILE",
        )
    if request.cues is None and request.is_by_sentence:
        idle["cue_by"] = "record", "--cue-by sentence says which cues there are: add --cues FILE"
    if request.follow and request.retries:
        idle["retries"] = (
            0,
            "--retry holds each record until it is judged, and --follow speaks at once: "
            "leave one of them out",
        )
    for name, (_, refusal) in idle.items():
        if name in typed:
            raise UsageError(refusal)
    return {name: value for name, (value, _) in idle.items()}


def _is_file(output: str) -> bool:
    """Whether `output` is, or will be, a regular file; what cannot be written is found later."""
    try:
        return check_output(Path(output))
    except VvcliError:
        return True


def prepare(
    environment: Environment,
    request: SpeakRequest,
    options: dict[str, Any],
    server: ServerChoice | None,
) -> Prepared:
    """Check the options and open the records; neither loads the model nor makes anything.

    Raises:
        UsageError: an input or an option is wrong, or one file is used for two things.
        UnavailableError: the server, or the voices of a dialogue, are unavailable.
        OutputError: nothing can be written.
    """
    form = request.form(follow=request.follow)
    check_dialogue(form, dialogue=request.dialogue, cast=request.cast)
    check_writer(request.format_name, request.rate, SAMPLE_RATE)
    if request.play:
        from vvcli.audio.player import find_player  # most runs play nothing

        find_player()
    check_summary(request.summary, audio_to_stdout=request.output == STDOUT)
    _check_conflicts(environment, request, options, is_loaded=server is None)
    source = TextSource(
        request.text, request.files, form, request.delimiter or "|", request.follow_ms / 1000
    )
    records, total = open_records(environment, source)
    if request.cues is not None:
        check_cues(Path(request.cues))
    speaker = _open_speaker(environment, request, options, server)
    if request.dialogue:
        from vvcli.cli.dialogue import open_dialogue  # most runs have none

        dialogue = open_dialogue(_voices(speaker, options["voice"]), request.cast)
        records = dialogue.read(records)
        if not request.quiet:
            dialogue.tell(environment)
    if not request.quiet:
        note_file_names(environment, request.text)
        note_manifests(environment, source)
    if request.dry_run:
        for name in (request.output, request.cues):
            if name not in (None, STDOUT):
                check_output(Path(str(name)))
    return Prepared(records, total, speaker)


def _open_speaker(
    environment: Environment,
    request: SpeakRequest,
    options: dict[str, Any],
    server: ServerChoice | None,
) -> ModelFolder | ServerLink:
    """Who speaks: the server, if it is to and answers, else a model."""
    link = None if server is None else server.open(environment, quiet=request.quiet)
    if link is not None:
        return link
    from vvcli.checkpoint.model_folder import ModelFolder  # not where a server has the model

    return ModelFolder(options["model"])


def _voices(speaker: ModelFolder | ServerLink, asked: str | None) -> CastVoices:
    """The voices of a dialogue, here or behind a server."""
    from vvcli.cli.dialogue import CastVoices, voices_of
    from vvcli.client.link import ServerLink

    if isinstance(speaker, ServerLink):
        facts = speaker.facts
        return CastVoices([*facts.voices], asked, facts.find_voice(asked), facts.find_voice)
    return voices_of(speaker.voices, asked)


def _check_conflicts(
    environment: Environment, request: SpeakRequest, options: dict[str, Any], *, is_loaded: bool
) -> None:
    conflicts = FileConflicts(environment)
    if not request.text:
        conflicts.reads("-i", request.files or (STDIN,))
    if is_loaded:
        conflicts.reads_model(options["model"], options["voice"])
    conflicts.writes("-o", request.output)
    conflicts.writes("--cues", request.cues)
    conflicts.writes("--summary", request.summary)
