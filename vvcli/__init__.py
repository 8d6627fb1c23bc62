"""vvcli: text in, speech out, many streams at once.

from vvcli import Synthesizer

for utterance in Synthesizer("embedded", voice="clara").speak(["Hello there."]):
    print(len(utterance.samples) / Synthesizer.sample_rate, "seconds")
"""

from __future__ import annotations

# As `typing.TYPE_CHECKING`, without the import: ^C would end it in a traceback.
TYPE_CHECKING = False

__version__ = "0.2.0"

__all__ = ["Chunk", "Record", "SpeechSession", "Status", "Synthesizer", "Utterance"]

if TYPE_CHECKING:
    from vvcli.script.record import Record
    from vvcli.speech.sessions import SpeechSession
    from vvcli.speech.values import Chunk, Status, Utterance
    from vvcli.synthesizer import Synthesizer

_HOMES = {
    "Chunk": "vvcli.speech.values",
    "Record": "vvcli.script.record",
    "SpeechSession": "vvcli.speech.sessions",
    "Status": "vvcli.speech.values",
    "Synthesizer": "vvcli.synthesizer",
    "Utterance": "vvcli.speech.values",
}


def __getattr__(name: str) -> object:
    """Import the public names when they are asked for: torch alone takes a second."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vvcli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
