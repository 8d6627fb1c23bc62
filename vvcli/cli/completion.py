"""`vvcli completion`: what a shell needs to complete commands, options, files and voice names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem, ShellComplete

from vvcli.cli.completion_scripts import SCRIPTS
from vvcli.cli.message_options import verbose_option
from vvcli.cli.shell_words import join_words

VARIABLE = "_VVCLI_COMPLETE"

_WORD = re.compile(r"[\w./:=@%+,-]*", re.ASCII)  # which bash need not quote


@click.command()
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
@verbose_option
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: eval "$(vvcli completion bash)"            in ~/.bashrc
    zsh:  eval "$(vvcli completion zsh)"             in ~/.zshrc, below compinit
    fish: vvcli completion fish > ~/.config/fish/completions/vvcli.fish

    zsh completes only after `autoload -Uz compinit && compinit`, which many a ~/.zshrc has.
    """
    click.echo(SCRIPTS[shell], nl=False)


def answer(command: click.Group, shell: str, words: list[str]) -> str:
    """What the script of `shell` asks for: candidates for the last of `words`, one a line."""
    kept = 0
    if shell == "bash":
        line = os.environ.get("COMP_LINE", "")
        point = os.environ.get("COMP_POINT", "")
        if line.isascii() and point.isdecimal():
            line = line[: int(point)]
        found = join_words(["vvcli", *words], line)
        words, kept = found.words[1:], found.kept
    *before, word = words or [""]
    option, equals, value = word.partition("=")
    if word.startswith("--") and equals and "--" not in before:
        before.append(option)
        word, lead = value, f"{option}="
    else:
        lead = ""
    items = _candidates(command, before, word)
    if shell == "zsh":  # which lists files in its own way
        lines = [_described(item) if item.type == "plain" else _kind(item) for item in items]
        return "".join(f"{line}\n" for line in lines)
    files = any(item.type != "plain" for item in items)
    listed = list(_with_files(items))
    if shell == "fish":
        return "".join(f"{lead}{_described(item)}\n" for item in listed)
    values = [f"{lead}{item.value}"[kept:] for item in listed]
    kind = "words" if all(map(_WORD.fullmatch, values)) and not files else "filenames"
    if len(values) == 1 and values[0].endswith("/"):
        kind += " nospace"
    return "".join(f"{line}\n" for line in [kind, *values])


def _candidates(command: click.Group, before: list[str], incomplete: str) -> list[CompletionItem]:
    from vvcli.cli.config_file import read_defaults
    from vvcli.errors import VvcliError

    try:
        defaults = {"default_map": read_defaults(command)}
    except VvcliError:  # said by the command itself, when it is run
        defaults = {}
    shell = ShellComplete(command, defaults, "vvcli", VARIABLE)
    if incomplete.startswith("-") and _is_value(command, before):
        # click would take the value for an option.
        items = shell.get_completions(before, "")
        for item in items:
            item.value = item.value if item.type == "plain" else incomplete
        items = [item for item in items if item.value.startswith(incomplete)]
    else:
        items = shell.get_completions(before, incomplete)
    return [item for item in items if item.value.isprintable()]


def _is_value(command: click.Command, before: list[str]) -> bool:
    """Whether the word after those `before` is the value of an option."""
    for word in before:
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), word) or command
    options = (each for each in command.params if isinstance(each, click.Option))
    return any(before[-1] in each.opts for each in options if before and not each.is_flag)


def _with_files(items: Iterable[CompletionItem]) -> Iterator[CompletionItem]:
    """The items, with the names of files in place of those that only say "file" or "dir"."""
    for item in items:
        if item.type == "plain":
            yield item
        else:
            suffixes = () if item.type == "dir" else item.suffixes or ("",)
            yield from _files(item.value, suffixes)


def _files(incomplete: str, suffixes: tuple[str, ...]) -> list[CompletionItem]:
    """Folders, and files with one of `suffixes`, whose names begin with `incomplete`.

    A folder's name ends in a slash.
    """
    name = incomplete.rpartition("/")[2]
    lead = incomplete[: len(incomplete) - len(name)]
    try:
        with os.scandir(Path(lead).expanduser()) as entries:
            found = [
                (entry.name, entry.is_dir())
                for entry in entries
                if entry.name.startswith(name)
                and (name.startswith(".") or not entry.name.startswith("."))
            ]
    except (OSError, ValueError, RuntimeError):  # RuntimeError: ~nobody
        return []
    return [
        CompletionItem(f"{lead}{each}{'/' if is_folder else ''}", type="file")
        for each, is_folder in sorted(found)
        if (is_folder or each.endswith(suffixes)) and each.isprintable()
    ]


def _kind(item: CompletionItem) -> str:
    """The kind of files that zsh lists, with their suffixes if only some will do."""
    suffixes = "|".join(suffix.removeprefix(".") for suffix in item.suffixes or ())
    return f"{item.type} *.({suffixes})" if suffixes else item.type


def _described(item: CompletionItem) -> str:
    return f"{item.value}\t{item.help}" if item.help else str(item.value)
