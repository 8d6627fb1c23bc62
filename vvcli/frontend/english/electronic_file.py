"""Files and paths: "main.py", "/etc/hosts", "~/.config", "C:\\\\temp", "*.txt"."""

from __future__ import annotations

import re

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.electronic import ALONE, Electronic
from vvcli.frontend.english.patterns import alternatives
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import mapping


def _file(match: re.Match[str], clause: Clause) -> Electronic | None:
    ending, name = match["ending"], match["name"]
    if (
        ending != ending.lower()
        or name.isdigit()
        or (len(ending) == 1 and (len(name) < 3 or re.fullmatch(r"(?:\w\.)*\w", name)))
    ):
        return None
    if ending in (
        "go",
        "so",
        "key",
        "pages",
        "numbers",
        "dart",
        "swift",
        "rust",
        "bash",
        "fish",
        "make",
        "font",
        "less",
        "service",
        "perl",
    ) and not re.search(r"[\d_./-]", name):
        return None if name[0].isupper() else Electronic(match[0])
    return Electronic(match[0])


def _path(match: re.Match[str], clause: Clause) -> Electronic | None:
    before = clause.touches(match.start())
    return (
        None if before and not (before.isspace() or before in "([\"'`=:") else Electronic(match[0])
    )


_EXTENSION = alternatives(set(mapping("english/extensions")))


def _ending(match: re.Match[str], clause: Clause) -> Electronic | None:
    before = clause.touches(match.start())
    return None if before and not (before.isspace() or before in "(\"'*") else Electronic(match[0])


_HIDDEN = r"env|gitignore|bashrc|zshrc|profile|git|ssh|config|vimrc|npmrc|editorconfig|htaccess"

RULES = [
    Rule(re.compile(rf"\.(?:{_EXTENSION}|{_HIDDEN})(?![\w.])"), _ending, ".", shape="[.]a"),
    Rule(
        re.compile(
            rf"{ALONE}(?P<name>(?:[\w-]{{1,60}}[./]){{0,6}}[\w-]{{1,60}}(?:\s?\(\d{{1,3}}\))?)\.(?=[a-z\d])(?P<ending>{_EXTENSION})"
            r"(?![\w]|\.\w)"
        ),
        _file,
        "w0",
        shape="a+[._/0-]|0+[._/a-]",
        needs=".",
    ),
    Rule(
        re.compile(r"\*(?:\.[a-z]\w{0,7}){1,3}(?![\w*])"),
        _path,
        "*",
        shape=r"\*[.]a",
    ),
    # ~/x, ./x, ../x, /etc/x, C:\x
    Rule(
        re.compile(
            r"(?<![^\s(\[\"'`=:])(?:~|\.{1,2})?/(?:[\w.@+~-]{1,80}/?){1,20}(?:\(\d{1,3}\)\.\w{1,5})?(?<![.])|~/"
        ),
        _path,
        "~./",
        shape="[~.]/|/[^ ]",
    ),
    Rule(
        re.compile(r"[A-Za-z]:\\{1,2}[\w.\\ -]{0,200}?(?<![\s.])(?=[\s,;!?)]|\.(?:\s|$)|$)"),
        lambda m, c: Electronic(m[0].replace("\\\\", "\\")),
        "w",
        shape="a:",
    ),
]
