"""`vvcli batch`: many records in, an audio file for each, and a manifest to resume by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vvcli.batch.manifest import Manifest
from vvcli.batch.report import Files
from vvcli.batch.resume import Existing
from vvcli.cli.batch_dry_run import dry_run
from vvcli.cli.batch_plan import NAME, NAME_JOINED, BatchRequest, prepare
from vvcli.cli.batch_run import run_batch
from vvcli.cli.book_plan import book_options, check_book
from vvcli.cli.book_run import run_book
from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.help_groups import GroupedCommand
from vvcli.cli.message_options import progress_options
from vvcli.cli.options import RATE, gap_option, synthesis_options
from vvcli.cli.sound_options import sound_options
from vvcli.cli.text_options import form_options, take_text_arguments, text_options
from vvcli.cli.types import AudioFormat, FileName, FolderName, Number, ShardOf, Text, was_typed
from vvcli.errors import UsageError
from vvcli.fleet.ray_cluster import RayCluster
from vvcli.samples import SAMPLE_RATE


@click.command(cls=GroupedCommand)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=FileName())
@click.option(
    "-d",
    "--output-dir",
    "folder",
    metavar="OUTDIR",
    required=True,
    type=FolderName(path_type=Path),
    help="Folder for the files and manifest.jsonl; made if it is not there.",
)
@click.option(
    "--name",
    "template",
    metavar="TEMPLATE",
    type=Text(),
    help="File names, from {stem}, {n}, {id}, {slug} and {voice}; "
    f"default: {NAME}, with --join {NAME_JOINED}.",
)
@click.option(
    "-f",
    "--format",
    "format_name",
    envvar="VVCLI_FORMAT",
    type=AudioFormat(),
    default="wav",
    show_default=True,
    help="Format of the files.",
)
@click.option(
    "-r",
    "--rate",
    envvar="VVCLI_RATE",
    type=Number(RATE),
    metavar="HZ",
    default=SAMPLE_RATE,
    show_default=True,
    help=f"Sample rate, {RATE.low} to {RATE.high}.",
)
@form_options
@click.option(
    "--glob",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    type=Text(),
    help="Read the files of folders whose names match PATTERN, such as '*.rst', and no others.",
)
@book_options
@click.option("--join", is_flag=True, help="Make one file per input file, not per record.")
@gap_option("Seconds of silence between the records of a joined file or a book.")
@click.option(
    "--existing",
    type=click.Choice([existing.value for existing in Existing]),
    default=Existing.ERROR.value,
    show_default=True,
    help="What to do with files that are there and are not what this command makes.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Take files as done only if their content is what the manifest says.",
)
@click.option("--retry-failed", is_flag=True, help="Try failed and truncated files again.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first record that fails.")
@click.option(
    "--shard",
    metavar="I/N",
    type=ShardOf(),
    help="Make share I of N of the files: a job among several on machines that share OUTDIR.",
)
@click.option(
    "--ray", is_flag=True, help="Make the files on a Ray cluster whose machines share OUTDIR."
)
@click.option(
    "--ray-address",
    metavar="HOST:PORT",
    type=Text(),
    help="Which cluster; default: RAY_ADDRESS, else one of this machine alone.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
@synthesis_options
@sound_options
@text_options
@progress_options
@click.pass_context
def batch(context: click.Context, /, **options: Any) -> ExitStatus:
    """Speak every record of the INPUTs into a file of its own below OUTDIR.

    An INPUT is a text file with a record a line, a book in .epub, a folder (its .txt, .md and .epub
    files, at any depth), a manifest ending in .jsonl, or - for standard input; options ask for
    other kinds of records.
    Run the same command again after a crash, or with more text, and it makes only what is missing.
    """
    environment: Environment = context.obj
    if was_typed(context, "gap") and not options["join"] and options["book"] is None:
        raise UsageError(
            "--gap is the silence between the records of one file: it needs --join or --book"
        )
    check_book(context, options)
    request = BatchRequest.take(options)
    if request.ray:
        options["cluster"] = RayCluster(request.folder, request.ray_address)
    elif was_typed(context, "ray_address"):
        raise UsageError("--ray-address is that of a Ray cluster: it needs --ray")
    reading = take_text_arguments(options)
    prepared = prepare(environment, request, options, reading)
    if request.dry_run:
        files = dry_run(environment, request, prepared)
    else:
        # All names are checked before the folder is made.
        files = Files()
        if sum(job.path is not None for job in prepared.jobs.checked()):
            with Manifest(request.folder, request.shard) as manifest:
                run = run_batch if prepared.book is None else run_book
                files = run(environment, request, prepared, manifest, options | reading)
    if files == Files():
        if prepared.share is not None and prepared.share.of_files:
            if not request.dry_run:
                environment.say(prepared.share.describe())
            return ExitStatus.OK
        environment.say("nothing to speak: the input held no text")
    if not files.usable:
        return ExitStatus.NOTHING
    return ExitStatus.SOME_FAILED if files.wrong else ExitStatus.OK
