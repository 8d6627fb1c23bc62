"""What a manual page says, read from its mdoc(7) source, and what the program says of itself."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click

from vvcli.cli.config_file import config_path
from vvcli.cli.main import COMMANDS, vvcli

FOLDER = Path(__file__).parents[2] / "man"

# Read by the program itself, so that no option declares it.
CONFIG_VARIABLE = "VVCLI_CONFIG"
assert CONFIG_VARIABLE in config_path.__doc__  # type: ignore[operator]

_ESCAPE = re.compile(r"\\&")


@dataclass(frozen=True)
class Page:
    """One page: its lines by section."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def command(self) -> str | None:
        """The command it describes; none for the overview."""
        return self.name.partition("-")[2] or None

    @cached_property
    def sections(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            if line.startswith(".Sh "):
                found[line[4:]] = []
            elif found:
                found[list(found)[-1]].append(_ESCAPE.sub("", line))
        return found

    def items(self, section: str) -> dict[tuple[str, ...], str]:
        """The flags that each `.It Fl ...` of a section names, and the text below it."""
        found: dict[tuple[str, ...], list[str]] = {}
        current: list[str] = []
        for line in self.sections.get(section, []):
            words = _words(line)
            if words[:1] == [".It"]:
                current = found.setdefault(tuple(flags_of(line)), [line])
            elif words[:1] == [".Sh"]:
                current = []
            else:
                current.append(line)
        return {flags: "\n".join(lines) for flags, lines in found.items() if flags}

    def documented(self) -> set[str]:
        """Every option that has an item of its own under OPTIONS."""
        return {flag for flags in self.items("OPTIONS") for flag in flags}

    def mentioned(self) -> set[str]:
        """Every option that the page marks up as one, wherever."""
        lines = [line for lines in self.sections.values() for line in lines]
        return {flag for line in lines for flag in flags_of(line)}

    def synopsis(self) -> set[str]:
        return {flag for line in self.sections["SYNOPSIS"] for flag in flags_of(line)}

    def variables(self) -> set[str]:
        """The VVCLI_ variables under ENVIRONMENT."""
        text = "\n".join(line for line in self.sections.get("ENVIRONMENT", []))
        return set(re.findall(r"(?<!_)\bVVCLI_[A-Z_]+", text))

    def statuses(self) -> list[int]:
        """The items under EXIT STATUS."""
        found = [_words(line) for line in self.sections["EXIT STATUS"] if line.startswith(".It ")]
        return [int(words[1]) for words in found]

    def examples(self) -> list[list[str]]:
        """The arguments of every `vvcli` under EXAMPLES, a pipeline's and a substitution's too."""
        text = "\n".join(line for line in self.sections["EXAMPLES"] if not line.startswith("."))
        found: list[list[str]] = []
        for line in text.replace("\\e\n", " ").replace("\\e", "\\").splitlines():
            if "vvcli" in line:
                found += _vvcli_calls(line)
        return found

    def references(self) -> set[str]:
        """The pages of vvcli that it refers to."""
        lines = [line for lines in self.sections.values() for line in lines]
        found = [_words(line) for line in lines if line.startswith(".Xr ")]
        return {words[1] for words in found if words[1].startswith("vvcli")}


def _words(line: str) -> list[str]:
    if not line.startswith("."):
        return []
    try:
        return shlex.split(line)
    except ValueError:  # an apostrophe in prose
        return line.split()


def _vvcli_calls(line: str) -> list[list[str]]:
    # Not as POSIX, which would take the quotes away: '|' is an argument, | ends the command.
    lexer = shlex.shlex(line, posix=False, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = []
    inside = False
    for word in lexer:
        if word == "vvcli":
            found.append([])
            inside = True
        elif set(word) <= set("();<>|&"):
            inside = False
        elif inside:
            found[-1] += shlex.split(word)
    return found


def flags_of(line: str) -> list[str]:
    """The options on a macro line: what follows `Fl`, which adds one dash to each word."""
    found: list[str] = []
    after_flag = False
    for word in _words(line):
        if word in ("Fl", ".Fl"):
            after_flag = True
        elif after_flag and re.fullmatch(r"-?[A-Za-z0-9][\w-]*", word):
            # -0qv is -0, -q and -v.
            found += [f"-{word}"] if word.startswith("-") else [f"-{letter}" for letter in word]
            after_flag = False
        else:
            after_flag = False
    return found


PAGES = {path.stem: Page(path) for path in sorted(FOLDER.glob("*.1"))}
COMMAND_PAGES = {page.command: page for page in PAGES.values() if page.command}


def command(name: str) -> click.Command:
    """The command `name` of vvcli."""
    found = vvcli.get_command(click.Context(vvcli), name)
    assert found is not None, name
    return found


def options(name: str) -> list[click.Option]:
    """The options of a command, and of those below it, --help included."""
    return _options(command(name))


def _options(found: click.Command) -> list[click.Option]:
    context = click.Context(found, help_option_names=["-h", "--help"])
    # click keeps the first one it made; a test that ran the command by itself has it without -h.
    found._help_option = None
    own = [each for each in found.get_params(context) if isinstance(each, click.Option)]
    if isinstance(found, click.Group):
        for name in found.list_commands(context):
            below = found.get_command(context, name)
            assert below is not None
            own += _options(below)
    return own


def flags(found: list[click.Option]) -> set[str]:
    """As they are typed."""
    return {flag for option in found for flag in [*option.opts, *option.secondary_opts]}


def variables(found: list[click.Option]) -> set[str]:
    """That stand for them."""
    names = [option.envvar for option in found]
    return {name for name in names if isinstance(name, str)}


def every_option() -> list[click.Option]:
    """Of the whole program."""
    return [option for name in COMMANDS for option in options(name)] + _own()


def _own() -> list[click.Option]:
    context = click.Context(vvcli, help_option_names=["-h", "--help"])
    return [each for each in vvcli.get_params(context) if isinstance(each, click.Option)]


def own_flags() -> set[str]:
    """The options before any command."""
    return flags(_own())
