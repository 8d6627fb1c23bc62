"""The handshake: which server answers, and whether it is one that can be used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vvcli import __version__
from vvcli.errors import UnavailableError
from vvcli.samples import SAMPLE_RATE

PROTOCOL = 1
PATH = "/v1/handshake"

_TYPES: dict[str, type] = {
    **dict.fromkeys(("version", "model", "identity", "voice", "device"), str),
    **dict.fromkeys(("protocol", "steps", "sample_rate", "streams"), int),
    "deterministic": bool,
    "voices": list,
}


@dataclass(frozen=True)
class ServerFacts:
    """A server, as it describes itself.

    Attributes:
        version: of the program.
        model: its name.
        identity: a hash of it.
        steps: solver steps per frame.
        deterministic: whether a record's bits depend on nothing else.
        device: on which it runs.
        streams: records that it speaks at the same time.
        voice: of requests that name none.
        voices: names of all that it has.
    """

    version: str
    model: str
    identity: str
    steps: int
    deterministic: bool
    device: str
    streams: int
    voice: str
    voices: tuple[str, ...]

    def find_voice(self, spec: str | None) -> str:
        """The name of the voice that `spec` means, the default without one.

        As a file's is looked for: the whole name, or the part between language and
        `_man` or `_woman`, in upper or lower case; of several, the server chooses.

        Raises:
            UnavailableError: the server has none of that name.
        """
        if spec is None or spec in self.voices:
            return spec or self.voice
        for name in self.voices:
            short = name.partition("-")[2].rpartition("_")[0]
            if spec.casefold() in (name.casefold(), short.casefold()):
                return name
        found = ", ".join(self.voices)
        raise UnavailableError(f"the server has no voice {spec!r}: it has {found}")

    def check_same(self, other: ServerFacts) -> None:
        """Refuse another model in the middle of a run.

        Raises:
            UnavailableError: the audio of `other` would not be that of this server.
        """
        for name in ("identity", "steps", "deterministic"):
            if getattr(self, name) != getattr(other, name):
                raise UnavailableError(
                    "the server was started again, and now it speaks with another model or other "
                    f"settings ({name}): what is left is not spoken"
                )


def parse_facts(content: bytes, where: object) -> ServerFacts:
    """The facts in the body of a handshake with the server at `where`.

    Raises:
        UnavailableError: it is not one of ours, or of another version.
    """
    facts = _parse(content)
    if facts is None:
        raise UnavailableError(f"what listens at {where} is not `vvcli serve`")
    if facts["protocol"] != PROTOCOL or facts["version"] != __version__:
        raise UnavailableError(
            f"the server at {where} is vvcli {facts['version'][:40]}, and this is {__version__}: "
            "start it again"
        )
    if facts["sample_rate"] != SAMPLE_RATE:
        raise UnavailableError(
            f"the server at {where} speaks at {facts['sample_rate']} Hz, not at {SAMPLE_RATE}"
        )
    return ServerFacts(
        **{name: facts[name] for name in ServerFacts.__dataclass_fields__ if name != "voices"},
        voices=tuple(facts["voices"]),
    )


def _parse(content: bytes) -> dict[str, Any] | None:
    """The object in `content`; None if it is not a handshake."""
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    right = all(type(facts.get(name)) is kind for name, kind in _TYPES.items())
    if not right or facts["streams"] < 1:
        return None
    return facts if all(isinstance(name, str) for name in facts["voices"]) else None
