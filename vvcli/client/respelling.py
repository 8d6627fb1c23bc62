"""Text with commands, respelled between them and written anew for a server that obeys them."""

from __future__ import annotations

from fractions import Fraction

from vvcli.errors import RecordError
from vvcli.frontend.commands import MAX_PAUSE, Segment, parse_commands
from vvcli.frontend.lexicon import Lexicon
from vvcli.script.record import Record


def respell_segments(record: Record, lexicon: Lexicon) -> tuple[str, int]:
    """The text of `record` with its words respelled, and how many were.

    `parse_commands` makes of it the segments that it makes of the record's text, each respelled.

    Raises:
        RecordError: a respelling would be taken for a command.
    """
    written: list[str] = []
    count = 0
    for segment in parse_commands(record.text):
        said, found = lexicon.apply(segment.text)
        count += found
        if parse_commands(said) != [Segment(" ".join(said.split()) if "[[" in said else said)]:
            raise RecordError(f"{record.label}: a respelling is a command: change the lexicon")
        if written or segment.voice:  # where a segment begins, even in the same voice
            written.append(f"[[voice {segment.voice or ' '}]]")
        written += [said, *_pauses(segment.pause)]
    return " ".join(written), count


def _pauses(seconds: Fraction) -> list[str]:
    """Commands for a pause of exactly `seconds`."""
    found = []
    while seconds:
        piece = min(seconds, Fraction(MAX_PAUSE))
        seconds -= piece
        whole, rest = divmod(piece * 1000, 1)
        # A command has nine decimals of a second or of a millisecond at most.
        decimals = f".{int(rest * 10**9):09}" if rest else ""
        found.append(f"[[pause {int(whole)}{decimals}ms]]")
    return found
