"""Messages on terminals that do not have every character.

In the C locale, Python writes UTF-8 all the same. To a terminal without it, the bytes of a
multiplication sign are two other signs, and those of some letters begin an escape sequence.
"""

from __future__ import annotations

import codecs
import io
import locale
import os
from typing import TextIO

# Our own signs; other characters are written as their escape sequences in Python's notation.
_PLAIN = str.maketrans({"×": "x", "…": "...", "–": "-", "—": "-"} | dict.fromkeys("‘’", "'"))

_ERRORS = "vvcli.plain"


def write_what_fits(stream: TextIO) -> None:
    """Have `stream` write what the locale's characters can say."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    codecs.register_error(_ERRORS, _in_plain)
    stream.reconfigure(encoding="ascii" if _is_ascii() else None, errors=_ERRORS)


def _is_ascii() -> bool:
    """Whether the locale has no more than ASCII, and nobody asked Python for more."""
    if os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8"):
        return False
    try:
        return codecs.lookup(locale.nl_langinfo(locale.CODESET)).name == "ascii"
    except LookupError:
        return False


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end
