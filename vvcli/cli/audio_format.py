"""The format of what `speak` writes: as it was typed, or as the file is called."""

from __future__ import annotations

from pathlib import Path

from vvcli.audio.formats import FORMATS, format_from_name
from vvcli.audio.tags import MAX_CHAPTERS
from vvcli.errors import UsageError


def choose_format(
    output: str | None, given: str | None, *, typed: bool, is_book: bool = False
) -> str:
    """The format that was typed, else what the file's suffix says, else what the user prefers.

    Pipes and devices get raw samples, and a book is neither.

    Raises:
        UsageError: the suffix says nothing and the user did not, either; or they contradict.
    """
    if output is not None and output.endswith("/"):
        raise UsageError(f"{output} is the name of a folder: name a file in it")
    path = None if output in (None, "-") else Path(str(output))
    if path is None or (not is_book and _is_stream(path)):
        return given or "s16le"
    named = format_from_name(path)
    if typed and given is not None:
        # Raw samples of either width are called .pcm and .raw.
        raw = named is not None and not (FORMATS[named].has_header or FORMATS[given].has_header)
        if named not in (None, given) and not raw:
            raise UsageError(f"the name {path} says {named}, and -f says {given}: change one")
        return given
    found = named or given
    if found is None:
        known = MAX_CHAPTERS if is_book else FORMATS
        raise UsageError(
            f"the name {path} does not say in which format to write it: "
            f"give -f with one of {', '.join(known)}"
        )
    return found


def _is_stream(path: Path) -> bool:
    """Whether it is a device, a named pipe or a folder, which has no format by its name."""
    try:
        return path.exists() and not path.is_file()
    except OSError:  # a name that is too long, say: an error when it is opened
        return False
