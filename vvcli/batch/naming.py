"""The template that names the files of a batch, such as `{stem}/{n:05d}`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from string import Formatter

from vvcli.errors import UsageError

FIELDS = ("stem", "n", "id", "slug", "voice")

SLUG_BYTES = 60  # enough to recognize a sentence, and far from any limit on names
NO_SLUG = "untitled"

_WIDTH = re.compile(r"(?:0?[1-9][0-9]?)?d?")
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Name:
    """What a template can say of a file."""

    stem: str  # the input file's name without its suffix; below a folder given, with its way there
    n: int  # the record's number in its input, from 1, blank ones counted: a text file's line
    id: str | None
    slug: str
    voice: str


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
            raise UsageError(f"--name {text!r}: {error}; write {{{{ and }}}} for braces") from error
        self._parts = [
            (literal, field, spec or "", conversion) for literal, field, spec, conversion in parts
        ]
        for _, field, spec, conversion in self._parts:
            if field is not None:
                self._check(field, spec, conversion)

    @property
    def fields(self) -> set[str]:
        """The fields it uses."""
        return {field for _, field, _, _ in self._parts if field is not None}

    def render(self, name: Name) -> str:
        """The name of one file, without suffix and not yet checked.

        Raises:
            UsageError: the template wants an id, and there is none.
        """
        rendered = []
        for literal, field, spec, _ in self._parts:
            rendered.append(literal)
            if field == "n":
                rendered.append(format(name.n, spec))
            elif field is not None:
                value: str | None = getattr(name, field)
                if value is None:
                    raise UsageError(f"has no {field}, which --name {self.text!r} needs")
                rendered.append(value)
        return "".join(rendered)

    def _check(self, field: str, spec: str, conversion: str | None) -> None:
        if field not in FIELDS:
            known = ", ".join(f"{{{known}}}" for known in FIELDS)
            raise UsageError(f"--name {self.text!r}: {{{field}}} is none of {known}")
        if conversion is not None or (spec and (field != "n" or not _WIDTH.fullmatch(spec))):
            raise UsageError(
                f"--name {self.text!r}: only {{n}} takes a format, and only a width: {{n:05d}}"
            )


def slug(text: str) -> str:
    """`text` as words joined by `-`: lower case, letters and digits of any script, cut to size."""
    words = _NOT_WORD.sub("-", unicodedata.normalize("NFKC", text[: 4 * SLUG_BYTES]).lower())
    cut = unicodedata.normalize("NFC", words).encode("utf-8", "ignore")[:SLUG_BYTES]
    return cut.decode("utf-8", "ignore").strip("-") or NO_SLUG
