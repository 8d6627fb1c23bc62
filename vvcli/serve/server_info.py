"""What a server is, as it says to clients, and what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vvcli.samples import SAMPLE_RATE

PROTOCOL = 1  # of what clients and servers say to each other
MODEL = "vvcli"  # the name by which clients that ask for no model in particular ask for this one


@dataclass(frozen=True)
class ServerInfo:
    """The facts of the handshake.

    Attributes:
        version: of this program.
        model: the model's name.
        identity: a hash of it.
        voices: names of the voices it can speak with.
        languages: in which text can be read.
        settings: the synthesizer's other settings, as they are: steps, seed and so on.
    """

    version: str
    model: str
    identity: str
    voice: str
    voices: tuple[str, ...]
    languages: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def handshake(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "protocol": PROTOCOL,
            "version": self.version,
            "model": self.model,
            "identity": self.identity,
            "voice": self.voice,
            "voices": [*self.voices],
            "languages": [*self.languages],
            "sample_rate": SAMPLE_RATE,
            **self.settings,
        }


@dataclass(frozen=True)
class Limits:
    """The bounds of a server, in seconds and bytes.

    Attributes:
        queue: requests that wait for a stream.
        max_ahead: audio made and not sent, of each stream.
        drain: how long those that play have, once the server is asked to end.
        stall: after which a client that takes nothing is dropped.
        headers, body: from the first byte of a request, and of its body, to the last.
        connections: that are open.
    """

    queue: int = 64
    max_ahead: float = 30.0
    drain: float = 30.0
    stall: float = 60.0
    headers: float = 10.0
    body: float = 30.0
    body_bytes: int = 1 << 20
    connections: int = 4096
