"""The user's config file: defaults below the environment's and the command line's.

# ~/.config/vvcli/config.toml
model = "microsoft/VibeVoice-Realtime-0.5B"   # for every command that has the option

[speak]
voice = "Mike"
gap = 0.4
"""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path
from typing import Any

import click

from vvcli.checkpoint.regular_file import read_bounded
from vvcli.cli.config_types import checked
from vvcli.errors import UsageError, unreadable_as

MAX_BYTES = 1 << 16

# Groups whose section holds for each of their commands.
GROUPS = ("bench",)

# Options that are of one run, and another one's if they stood in a file.
RUNS_OWN = ("shard",)

# A command that describes what another one writes: the other's section is its default.
DESCRIBES = {"format": "speak"}


def config_path() -> Path:
    """Where the config file is: `VVCLI_CONFIG`, or the platform's folder for such files."""
    if override := os.environ.get("VVCLI_CONFIG"):  # empty, it counts as unset
        return Path(override)
    from platformdirs import user_config_path

    return user_config_path("vvcli") / "config.toml"


def read_defaults(group: click.Group) -> dict[str, Any]:
    """click's `default_map` from the config file; empty if there is none.

    Raises:
        UsageError: the file cannot be read, is not TOML, names an option that does not exist, or
            has a value that its option does not take.
    """
    path = config_path()
    if str(path) == os.devnull:  # the usual name for none
        return {}
    try:
        with unreadable_as(UsageError, path):
            content = _parse(read_bounded(path, MAX_BYTES), path)
    except UsageError as error:
        if isinstance(error.__cause__, FileNotFoundError) or _is_out_of_reach(path):
            return {}
        raise
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    return _default_map(group, content, path)


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):  # imported only where there is a file
        import tomllib
    else:
        import tomli as tomllib

    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(f"{path} is UTF-16: save it as UTF-8")
    return tomllib.loads(data.decode("utf-8-sig"))


def _is_out_of_reach(path: Path) -> bool:
    """Whether nobody asked for `path`, and this user can have no file there.

    After `sudo -u`, HOME may be another user's, and that of a service may be /dev/null.
    """
    if os.environ.get("VVCLI_CONFIG"):
        return False
    try:
        path.stat()
    except (NotADirectoryError, PermissionError):
        return True
    except OSError:
        return False
    return False


def _default_map(group: click.Group, content: dict[str, Any], path: Path) -> dict[str, Any]:
    shared = {key: value for key, value in content.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    sections = dict(tables)
    context = click.Context(group)
    defaults: dict[str, Any] = {}
    unused = set(shared)
    refused: dict[str, UsageError] = {}  # of `shared`, by a group
    taken: set[str] = set()  # of `shared`, by any
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or (isinstance(command, click.Group) and name not in GROUPS):
            continue
        below = command.commands if isinstance(command, click.Group) else {name: command}
        options = {each: _options(command) for each, command in below.items()}
        known = {key: option for found in options.values() for key, option in found.items()}
        own = sections.pop(name, {})
        described = tables.get(DESCRIBES.get(name, ""), {})
        for key in own.keys() - known.keys():
            raise UsageError(f"{path}: {name} has no option {key!r}: see `vvcli {name} --help`")
        unused -= known.keys()
        given = {
            key: _checked(known[key], key, value, f"{path}: [{name}]" if key in own else path)
            for key, value in (described | own).items()
            if key in known
        }
        for key in (shared.keys() & known.keys()) - given.keys():
            try:
                given[key] = _checked(known[key], key, shared[key], path)
                taken.add(key)
            except UsageError as error:
                if name not in GROUPS:
                    raise
                refused[key] = error  # what is right for `speak` may be nothing to measure with
        values = {
            each: {
                str(found[key].name): value
                for key, value in given.items()
                if key in found and value is not None
            }
            for each, found in options.items()
        }
        defaults[name] = values if isinstance(command, click.Group) else values[name]
    for key in refused.keys() - taken:
        raise refused[key]
    if sections or unused:
        what = next(iter([*sections, *sorted(unused)]))
        if what in group.list_commands(context):
            raise UsageError(f"{path}: {what} must be a table: write [{what}]")
        raise UsageError(f"{path}: {what!r} is neither a command nor an option of one")
    return defaults


def _checked(option: click.Option, key: str, value: object, where: object) -> object:
    try:
        return checked(option, value)
    except ValueError as error:
        raise UsageError(f"{where}: {key} {error}") from error


def _options(command: click.Command) -> dict[str, click.Option]:
    """Options by their long names, without the dashes."""
    return {
        name.removeprefix("--"): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name not in {None, *RUNS_OWN}
        for name in parameter.opts
        if name.startswith("--")
    }
