"""Flags are named in cli/ only: below it, an error names a remedy, which cli/ turns into flags."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.man import pages
from tests.test_rooms import reads_sources, sources, tree
from vvcli.cli.main import COMMANDS
from vvcli.cli.remedies import REMEDIES

PARSERS = ("cli", "voicelab")  # rooms that have options of their own
FLAG = re.compile(r"(?<![\w-])--?[A-Za-z0][\w-]*")

# Sentences with options of other programs, or with text that happens to have such words.
FOREIGN = {
    "__main__": {"-m"},  # python -m
    "fleet.processes": {"-m"},  # the same
    "bench.compile_targets": {"-m", "--shape"},  # the same, and its own
    "audio.format_hint": {"-i"},  # ffmpeg -i -
    "script.decode": {"-f"},  # iconv -f
    "script.null": {"-0"},  # xargs -0
    "frontend.english.electronic_code": {"--help"},
    "frontend.english.fraction": {"-0"},
    "frontend.english.money": {"-0"},
}


FLAGS = pages.own_flags().union(*(pages.flags(pages.options(name)) for name in COMMANDS))
FLAGS -= {"-h"}  # a step of the solver, negated


def sentences(source: str) -> Iterator[str]:
    """The strings of a module that hold a space, and the comments."""
    for node in ast.walk(tree(source)):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and (" " in text.strip() or text.startswith("--")):
            yield text
    yield from re.findall(r"(?m)# .*$", source)


def named(source: str) -> set[str]:
    """The flags of vvcli that a module names."""
    return {word for text in sentences(source) for word in FLAG.findall(text)} & FLAGS


def below_cli() -> list[str]:
    return [name for name in sources() if name.partition(".")[0] not in PARSERS]


@pytest.mark.slow
@reads_sources
def test_no_flag_is_named_below_cli() -> None:
    found = {name: named(sources()[name]) - FOREIGN.get(name, set()) for name in below_cli()}
    found.pop("audio.format_hint")  # what other programs are given
    assert {name: flags for name, flags in found.items() if flags} == {}


@pytest.mark.parametrize(
    "source",
    [
        'raise UsageError(f"{path} is there: give --existing skip")',
        '"""A file per input, with `--join`."""',
        "f(1)  # --steps goes up to 999",
        'error = "ask for fewer streams (-j)"',
        'name = "--cast"',
    ],
)
def test_a_flag_is_found(source: str) -> None:
    assert named(source)


@pytest.mark.slow
@reads_sources
def test_remedies_are_those_that_errors_name() -> None:
    keys = {
        keyword.value.value
        for name in below_cli()
        for node in ast.walk(tree(sources()[name]))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "remedy" and isinstance(keyword.value, ast.Constant)
    }
    assert keys | {"retry"} == {*REMEDIES}  # `retry` is said of many files, in no error


@pytest.mark.parametrize("sentence", REMEDIES.values())
def test_remedies_name_flags_that_exist(sentence: str) -> None:
    words = {*FLAG.findall(sentence)}
    assert words
    assert words <= FLAGS
