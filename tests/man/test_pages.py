"""The manual says what the program does: every option, status, variable and page, both ways."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.man import pages
from tests.man.pages import COMMAND_PAGES, PAGES, Page
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.main import COMMANDS, vvcli
from vvcli.cli.types import Number
from vvcli.frontend.english.rules import CLASSES
from vvcli.frontend.front_end import FrontEnd

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]

SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]

by_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
by_command = pytest.mark.parametrize("page", COMMAND_PAGES.values(), ids=COMMAND_PAGES)


def options_of(page: Page) -> list[click.Option]:
    assert page.command is not None
    return pages.options(page.command)


def test_every_command_has_a_page_and_every_page_a_command() -> None:
    assert set(COMMAND_PAGES) == set(COMMANDS)
    assert set(PAGES) == {"vvcli", *(f"vvcli-{name}" for name in COMMANDS)}


@by_page
def test_a_page_has_the_sections_that_every_page_has(page: Page) -> None:
    assert set(SECTIONS) <= set(page.sections)


@by_command
def test_every_option_is_in_the_page_and_every_option_of_the_page_exists(page: Page) -> None:
    assert page.documented() == pages.flags(options_of(page))


@by_command
def test_an_option_is_described_once_with_all_its_names(page: Page) -> None:
    described = sorted(tuple(sorted(flags)) for flags in page.items("OPTIONS"))
    unique = {tuple(sorted([*o.opts, *o.secondary_opts])) for o in options_of(page)}
    assert described == sorted(unique)


@by_command
def test_the_synopsis_names_every_option_but_help(page: Page) -> None:
    named = page.synopsis()
    assert named <= pages.flags(options_of(page))
    for option in options_of(page):
        assert named & set(option.opts) or {"--help", "--help-all"} & {*option.opts}


@by_command
def test_an_option_that_must_be_given_is_not_in_brackets(page: Page) -> None:
    must = {line for line in page.sections["SYNOPSIS"] if line.startswith(".Fl")}
    for option in options_of(page):
        given = any(flag in pages.flags_of(line) for line in must for flag in option.opts)
        assert given == option.required, option.opts


@by_command
def test_an_option_has_its_choices_and_its_default_in_the_page(page: Page) -> None:
    texts = page.items("OPTIONS")
    for option in options_of(page):
        (text,) = [text for flags, text in texts.items() if option.opts[0] in flags]
        words = set(re.findall(r"[\w.+-]+", text))
        if isinstance(option.type, click.Choice):
            assert {*option.type.choices} <= words, option.opts
        if option.show_default:
            shown = re.sub(r"\n\.Cm ", " ", text)
            assert re.search(rf"default is {re.escape(str(option.default))}(?!\w)", shown), (
                f"{option.opts}: {shown}"
            )
        if isinstance(option.type, Number) and math.isfinite(option.type.limits.high):
            limits = option.type.limits
            assert f"from {limits.low} to {limits.high}" in text.replace("From", "from")


@by_command
def test_each_subcommand_begins_a_line_of_the_synopsis(page: Page) -> None:
    group = vvcli.get_command(click.Context(vvcli), str(page.command))
    if isinstance(group, click.Group):
        lines = page.sections["SYNOPSIS"]
        assert sum(line.startswith(".Nm vvcli") for line in lines) == len(group.commands)


def test_the_overview_has_the_options_before_a_command() -> None:
    assert PAGES["vvcli"].documented() == pages.own_flags()


@by_page
def test_what_is_marked_up_as_an_option_is_one(page: Page) -> None:
    assert page.mentioned() <= pages.flags(pages.every_option())


def test_the_overview_has_every_command_with_the_same_words() -> None:
    described = " ".join("\n".join(PAGES["vvcli"].sections["DESCRIPTION"]).split())
    for name, help_text in COMMANDS.items():
        assert f".It Cm {name} {help_text.rstrip('.')}" in described


@pytest.mark.parametrize("name", ["vvcli", "vvcli-speak", "vvcli-batch"])
def test_the_exit_statuses_are_those_of_the_program(name: str) -> None:
    assert PAGES[name].statuses() == sorted(int(status) for status in ExitStatus)


@by_page
def test_a_page_names_no_other_exit_status(page: Page) -> None:
    found = page.statuses()
    assert found == sorted(set(found))
    assert set(found) <= {int(status) for status in ExitStatus}
    assert {ExitStatus.OK, ExitStatus.NOTHING, ExitStatus.USAGE} <= set(found)


@by_command
def test_the_variables_of_a_page_are_those_of_its_options(page: Page) -> None:
    assert page.variables() == pages.variables(options_of(page))


def test_the_overview_has_every_variable() -> None:
    declared = pages.variables(pages.every_option())
    assert PAGES["vvcli"].variables() == declared | {pages.CONFIG_VARIABLE}


# Everything else that begins with "server" is a flag.
OTHER_NAMES = {"VVCLI_SERVER": "--server-address"}


def test_a_variable_is_called_after_its_option() -> None:
    for option in pages.every_option():
        if isinstance(option.envvar, str):
            long = next(flag for flag in option.opts if flag.startswith("--"))
            if OTHER_NAMES.get(option.envvar) != long:
                assert option.envvar == f"VVCLI_{long[2:].upper().replace('-', '_')}"


@by_page
def test_the_examples_are_commands_that_exist(page: Page) -> None:
    examples = page.examples()
    assert examples
    for name, *arguments in examples:
        found = pages.command(name)
        if isinstance(found, click.Group):
            found = found.commands[arguments.pop(0)]
        # Parses, and complains of what the command does not have; nothing runs.
        found.make_context(name, arguments)


@by_page
def test_every_page_that_is_referred_to_exists(page: Page) -> None:
    assert page.references() <= set(PAGES)
    assert page.name == "vvcli" or "vvcli" in page.references()


def test_the_overview_refers_to_every_page() -> None:
    assert PAGES["vvcli"].references() == set(PAGES) - {"vvcli"}


def test_the_wheel_installs_every_page() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    expected = {f"man/{name}.1": f"share/man/man1/{name}.1" for name in PAGES}
    assert {k: v for k, v in shared.items() if k.startswith("man/")} == expected


def test_the_page_of_text_names_every_class() -> None:
    lines = PAGES["vvcli-text"].sections["DESCRIPTION"]
    end = lines.index(".Ss What is never lost")
    listed = " ".join(line[4:] for line in lines[:end] if line.startswith(".Li "))
    read = {each.__name__.rpartition(".")[2].partition("_")[0].title() for each in CLASSES}
    assert set(re.findall(r"[A-Z][a-z]+", listed)) == {*read, "Emoji"}  # which no rule takes


def test_the_page_of_text_says_how_languages_differ() -> None:
    options = "\n".join(PAGES["vvcli-text"].sections["OPTIONS"])
    said = re.findall(r'^\.Cm (\S+)\n\((.+) is in (\w+), "(.+)"\)', options, re.M)
    assert {language for language, *_ in said} == {"en-US", "en-GB"}
    for language, written, month, number in said:
        front_end = FrontEnd(language)
        assert month.lower() in front_end.speak(written)
        assert front_end.speak("105") == number


@by_page
def test_a_page_renders_in_mandoc_without_a_warning(page: Page) -> None:
    render("mandoc", ["-T", "lint", "-W", "warning"], page)


@by_page
def test_a_page_renders_in_groff_without_a_warning(page: Page) -> None:
    render("groff", ["-ww", "-mandoc", "-T", "utf8", "-z"], page)


def render(program: str, arguments: list[str], page: Page) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: nothing to render with")
    done = subprocess.run(
        [program, *arguments, str(page.path)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@by_page
def test_a_page_is_plain_ascii_in_short_lines(page: Page) -> None:
    """Renderers that know no UTF-8 show it too; \\(mu and its like stand for other signs."""
    text = page.path.read_text(encoding="ascii")
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
