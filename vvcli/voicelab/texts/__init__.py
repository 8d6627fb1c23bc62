"""The lines that the teacher reads and the student learns from.

In reading order: `lines` (what is mixed with what), `sources` (packages of prose), `sentences`
(which of it is whole and speakable), `vocabulary`, `made_up` with `grammar`, `grammar.txt` and
`figures` (what no book has). Nothing here speaks, and nothing here reads digits or
abbreviations: lines that would need it are left out.
"""

from vvcli.voicelab.texts.lines import prepare
from vvcli.voicelab.texts.sources import Sources

__all__ = ["Sources", "prepare"]
