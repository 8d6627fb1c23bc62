"""The types of option values: what is accepted, in which words it is refused, how it completes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from vvcli.audio.formats import FORMATS, format_from_name
from vvcli.batch.shards import Shard
from vvcli.errors import UnavailableError, VvcliError
from vvcli.fleet.devices import names_devices
from vvcli.script.limits import STREAMS, Limits, shown

MAX_STREAMS = int(STREAMS.high)


class Number(click.ParamType):  # type: ignore[type-arg] # generic only from click 8.4 on
    """A number within `limits`, which the Python interface and manifests share."""

    name = "number"

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse and check `value`."""
        try:
            if isinstance(value, str):
                return self.limits.parse(value)
            return self.limits.check(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The word that stands beside the numbers, if there is one."""
        word = self.limits.word
        return [CompletionItem(word)] if word and word.startswith(incomplete) else []


class Text(click.ParamType):  # type: ignore[type-arg]
    """A string that is not empty: a shell variable that is unset is no wish for the default."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse the empty string."""
        if value == "":
            self.fail("it is empty", param, ctx)
        return click.STRING.convert(value, param, ctx)


class ShardOf(Text):
    """A share of a batch, as "3/16"."""

    name = "shard"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse and check `value`."""
        if isinstance(value, Shard):
            return value
        try:
            return Shard.parse(super().convert(value, param, ctx))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Device(Text):
    """A device of torch that can be spoken on, or with `several` a list of them as well."""

    def __init__(self, *, several: bool = False) -> None:
        self._several = several

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check the words, which needs no torch; whether it is there is found out later.

        Raises:
            UnavailableError: there can be no such device.
        """
        name = super().convert(value, param, ctx)
        if self._several:
            if not names_devices(name):
                known = "auto, cpu, cuda, cuda:N, cuda:N,N or cuda:all"
                raise UnavailableError(f"no device {shown(name)}: use {known}")
        elif not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,4})?", name):
            raise UnavailableError(f"no device {shown(name)}: use auto, cpu, cuda or cuda:N")
        return name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that are the same everywhere."""
        names = ["auto", "cpu", "cuda", "cuda:0", *["cuda:all"] * self._several]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class FileName(click.Path):
    """The name of a file; a shell completes names of files."""

    name = "file"

    def __init__(self, *, path_type: type[Path] | None = None) -> None:
        # An output may be one that only takes; what cannot be read is said where it is read.
        super().__init__(readable=False, path_type=path_type)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse the empty string, which would be the working directory."""
        if value == "":
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell list what is there."""
        return [CompletionItem(incomplete, type="file")]


class FolderName(FileName):
    """The name of a folder."""

    name = "folder"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell list the folders."""
        return [CompletionItem(incomplete, type="dir")]


class ModelName(Text):
    """`embedded`, a model folder, or the id of a model in the hub's cache."""

    name = "model"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Models on this machine, and folders."""
        from vvcli.checkpoint.hub import local_models

        items = [CompletionItem(m.id) for m in local_models() if m.id.startswith(incomplete)]
        return [*items, CompletionItem(incomplete, type="dir")]


class VoiceName(Text):
    """A voice's name or file."""

    name = "voice"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Voices of the model named on the line so far, and files that may hold one."""
        from vvcli.checkpoint.hub import EMBEDDED
        from vvcli.checkpoint.model_folder import ModelFolder
        from vvcli.checkpoint.voice_search import SUFFIXES

        try:
            voices = ModelFolder(ctx.params.get("model") or EMBEDDED).voices
            names = [voice.name for voice in voices.files()]
        except VvcliError:
            names = []
        fits = [name for name in names if name.lower().startswith(incomplete.lower())]
        files = CompletionItem(incomplete, type="file", suffixes=SUFFIXES)
        return [*map(CompletionItem, fits), files]


class AudioFormat(click.Choice[str]):
    """A format by its name, or by a suffix of its files: `ogg` is Opus."""

    def __init__(self) -> None:
        super().__init__(list(FORMATS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name of the format."""
        by_suffix = format_from_name(f"_.{value}") if isinstance(value, str) else None
        return super().convert(by_suffix or value, param, ctx)


def was_typed(context: click.Context, name: str | None) -> bool:
    """Whether an option stands on the command line, not in the environment or config file."""
    return name is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
