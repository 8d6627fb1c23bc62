"""The options of a command in groups: `--help` shows the common ones, `--help-all` every one.

An option is put into its group here, and into COMMON if most people want it.
"""

from __future__ import annotations

import click

# Heading: options by their names as parameters. A command lists those it has, in this order.
GROUPS = {
    "Server": (
        *("socket_path", "listen", "systemd", "token_file", "allow_origin"),
        *("queue", "drain", "stall", "log"),
    ),
    "Text": (
        *("files", "null", "paragraphs", "jsonl", "delimiter", "markdown", "dialogue", "cast"),
        *("patterns", "follow", "follow_ms"),
    ),
    "Reading": ("lexicon", "no_commands", "language", "split"),
    "Voice": ("model", "voice", "speed", "seed", "cfg_scale", "steps", "retries"),
    "Output": (
        *("book", "title", "author", "cover"),
        *("folder", "template", "output", "play", "format_name", "rate", "loudness", "join"),
        *("gap", "cues", "cue_by"),
        *("on_error", "fail_fast", "existing", "verify", "retry_failed", "shard"),
    ),
    "Device and speed": (
        *("streams", "max_ahead", "device", "workers", "threads", "ray", "ray_address", "dtype"),
        *("deterministic", "require_graphs"),
    ),
    "Resident": ("server", "server_address", "server_token"),
    "Messages": ("dry_run", "quiet", "verbose", "progress_mode", "summary", "help", "help_all"),
}

COMMON = {
    *("files", "follow", "model", "voice", "folder", "template", "output", "format_name", "rate"),
    *("book", "join", "cues", "play", "existing", "streams", "device", "dry_run", "quiet"),
    *("server", "socket_path", "listen", "token_file", "queue", "help", "help_all"),
}

_ALL = "vvcli.help_all"


class GroupedCommand(click.Command):
    """A command with `--help-all`, whose `--help` is short."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The parameters, `--help` and `--help-all`."""
        return [*super().get_params(ctx), _help_all]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the common options, or, once `--help-all` is met, all of them in their groups."""
        rows = {
            _key(each): row
            for each in self.get_params(ctx)
            if (row := each.get_help_record(ctx)) is not None
        }
        order = [name for names in GROUPS.values() for name in names if name in rows]
        if not ctx.meta.get(_ALL):
            with formatter.section("Options"):
                formatter.write_dl([rows[name] for name in order if name in COMMON])
            return
        for heading, names in GROUPS.items():
            if shown := [rows[name] for name in names if name in rows]:
                with formatter.section(heading):
                    formatter.write_dl(shown)


def _key(parameter: click.Parameter) -> str:
    """The name; that of `--help` differs from one click to the next."""
    return "help" if "--help" in parameter.opts else str(parameter.name)


def _show_all(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        context.meta[_ALL] = True
        click.echo(context.get_help(), color=context.color)
        context.exit()


# Not among a command's own parameters: no config file sets it.
_help_all = click.Option(
    ["--help-all"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all,
    help="Show every option, in groups, and exit.",
)
