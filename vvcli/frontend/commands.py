"""Commands in text: `[[pause 500ms]]`, `[[voice miles]]`, `[[spell ABC]]`.

Exactly these; any other double bracket is text. They are for every model, and come before its front
end, which sees only the text between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_PAUSE = 3600  # seconds, as for the silence after a record

_COMMAND = re.compile(
    r"\[\[(?:pause (?P<length>\d{1,9}(?:\.\d{1,9})?)(?P<unit>ms|s)"
    r"|voice (?P<voice>[^\[\]]{1,4096})|spell (?P<spell>[^\[\]]{1,4096}))\]\]"
)

_PIECE = re.compile(r"\d+|[^\W\d_]+|.", re.DOTALL)


@dataclass(frozen=True)
class Segment:
    """Text that is spoken in one voice without a pause.

    `pause` is the silence after it in seconds, exact. A text that begins with a pause begins with
    a segment without text.
    """

    text: str
    voice: str | None = None  # of the command before it; None is the record's
    pause: Fraction = Fraction(0)
    written: str | None = None  # the text before it is respelled, of a sentence by itself


def parse_commands(text: str) -> list[Segment]:
    """The segments of `text`, in order; one, with all of it, if there is no command.

    >>> [(s.text, s.voice, float(s.pause)) for s in parse_commands("Hi.[[pause 1s]][[voice a]]Ho")]
    [('Hi.', None, 1.0), ('Ho', 'a', 0.0)]
    """
    if "[[" not in text:
        return [Segment(text)]
    segments: list[Segment] = []
    voice: str | None = None
    said: list[str] = []
    end = 0

    def close(pause: Fraction = Fraction(0)) -> None:
        spoken = " ".join("".join(said).split())
        said.clear()
        if spoken:
            segments.append(Segment(spoken, voice, pause))
        elif pause and segments:
            last = segments[-1]
            segments[-1] = Segment(last.text, last.voice, last.pause + pause)
        elif pause:
            segments.append(Segment("", voice, pause))

    for match in _COMMAND.finditer(text):
        said.append(text[end : match.start()])
        end = match.end()
        if match["spell"] is not None:
            said.append(f" {spell(match['spell'])} ")
        elif match["voice"] is not None:
            close()
            voice = match["voice"].strip() or None
        else:
            seconds = Fraction(match["length"]) / (1000 if match["unit"] == "ms" else 1)
            close(min(seconds, Fraction(MAX_PAUSE)))
    said.append(text[end:])
    close()
    return segments or [Segment("")]


# Between letters a sign is a slash or a dash of text, so it is spelled by its name.
_NAMES = {
    **{"/": "slash", "\\": "backslash", "-": "dash", "_": "underscore", ".": "dot", "@": "at"},
    **{"#": "hash", "+": "plus", "*": "star", "&": "and", "=": "equals", ":": "colon"},
    **{"%": "percent", "$": "dollar", "!": "exclamation mark", "?": "question mark", "~": "tilde"},
}


def spell(text: str) -> str:
    """`text` character by character: capitals apart, which every model reads as letters.

    Commas between letters and digits keep "1 A" from being an ampere, and the A of "A 1" from
    being an article; so do those around the name of a sign.

    >>> spell("ab2"), spell("1/2")
    ('A B, 2', '1, slash, 2')
    """
    pieces = _PIECE.findall("".join(text.upper().split()))
    return ", ".join(_NAMES.get(piece) or " ".join(piece) for piece in pieces)
