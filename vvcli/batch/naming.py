"""The template that names the files of a batch, such as `{stem}/{n:05d}`."""

from __future__ import annotations

import re
import unicodedata
from string import Formatter
from typing import NamedTuple

from vvcli.errors import UsageError

SLUG_BYTES = 60  # enough to recognize a sentence, and far from any limit on names
NO_SLUG = "untitled"

_WIDTH = re.compile(r"(?:0?[1-9][0-9]?)?d?")
_NOT_WORD = re.compile(r"[\W_]+")


class Name(NamedTuple):
    """The fields of a template."""

    stem: str  # the input file's name without its suffix; below a folder given, with its way there
    n: int  # the record's number in its input, from 1, blank ones counted: a text file's line
    id: str | None
    slug: str
    voice: str


FIELDS = Name._fields


class NameTemplate:
    """A parsed template: literal text and the names in `FIELDS`, nothing else.

    Raises:
        UsageError: `text` is not such a template.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            parts = list(Formatter().parse(text))
        except ValueError as error:
            raise self._error(f"{error}; write {{{{ and }}}} for braces") from error
        for _, field, spec, conversion in parts:
            if field is not None:
                self._check(field, spec or "", conversion)
        self.fields = {field for _, field, _, _ in parts if field is not None}  # that it uses
        self._format = "".join(_positional(*part) for part in parts)

    def render(self, name: Name) -> str:
        """The name of one file, without suffix and not yet checked.

        Raises:
            UsageError: the template wants an id, and there is none.
        """
        if name.id is None and "id" in self.fields:
            raise UsageError(f"has no id, which the name {self.text!r} needs", remedy="name")
        return self._format.format(*name)

    def _check(self, field: str, spec: str, conversion: str | None) -> None:
        if field not in FIELDS:
            known = ", ".join(f"{{{known}}}" for known in FIELDS)
            raise self._error(f"{{{field}}} is none of {known}")
        if conversion is not None or (spec and (field != "n" or not _WIDTH.fullmatch(spec))):
            raise self._error("only {n} takes a format, and only a width: {n:05d}")

    def _error(self, reason: str) -> UsageError:
        return UsageError(f"{self.text!r} is no template of names: {reason}", remedy="name")


def _positional(literal: str, field: str | None, spec: str | None, conversion: object) -> str:
    """A part of the template with the place of its field in `Name`, for one quick call."""
    literal = literal.replace("{", "{{").replace("}", "}}")
    return literal if field is None else f"{literal}{{{FIELDS.index(field)}:{spec}}}"


def slug(text: str) -> str:
    """`text` as words joined by `-`: lower case, letters and digits of any script, cut to size."""
    words = _NOT_WORD.sub("-", unicodedata.normalize("NFKC", text[: 4 * SLUG_BYTES]).lower())
    cut = unicodedata.normalize("NFC", words).encode("utf-8", "ignore")[:SLUG_BYTES]
    return cut.decode("utf-8", "ignore").strip("-") or NO_SLUG
