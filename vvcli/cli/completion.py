"""`vvcli completion`: what a shell needs to complete commands, options and voice names."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class, shell_complete

VARIABLE = "_VVCLI_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: eval "$(vvcli completion bash)"            in ~/.bashrc
    zsh:  eval "$(vvcli completion zsh)"             in ~/.zshrc
    fish: vvcli completion fish > ~/.config/fish/completions/vvcli.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"this version of click cannot complete in {shell}")
    click.echo(kind(context.find_root().command, {}, "vvcli", VARIABLE).source())


def answer(command: click.Command, instruction: str) -> int:
    """Answer a completion request of a shell, which arrives in the variable `_VVCLI_COMPLETE`."""
    return shell_complete(command, {}, "vvcli", VARIABLE, instruction)


def complete_voice(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Voices of the model named on the line so far; files too, once it looks like a path."""
    from vvcli.checkpoint.hub import EMBEDDED, resolve_model
    from vvcli.checkpoint.voice_search import list_voices, voice_folders
    from vvcli.errors import VvcliError

    if "/" in incomplete or incomplete.startswith("."):
        return [CompletionItem(incomplete, type="file")]
    try:
        folders = voice_folders(resolve_model(context.params.get("model") or EMBEDDED))
        names = [path.stem for path in list_voices(folders)]
    except VvcliError:
        return []
    return [CompletionItem(name) for name in names if _matches(name, incomplete)]


def complete_model(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Models on this machine, and folders."""
    from vvcli.checkpoint.hub import local_models

    items = [CompletionItem(m.id) for m in local_models() if m.id.startswith(incomplete)]
    if not items or Path(incomplete).exists():
        items.append(CompletionItem(incomplete, type="dir"))
    return items


def _matches(name: str, incomplete: str) -> bool:
    return name.lower().startswith(incomplete.lower())
