from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.fake_server import FakeServer, fake_server
from vvcli.client.address import ServerAddress
from vvcli.client.link import ServerLink
from vvcli.client.resident import ResidentSynthesizer
from vvcli.client.speech_request import SpeechSettings
from vvcli.script.record import Record
from vvcli.speech.values import Chunk


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    with fake_server(tmp_path) as found:
        yield found


Resident = Callable[..., ResidentSynthesizer]


@pytest.fixture
def resident(server: FakeServer) -> Resident:
    """A client of `server`, for 16-bit samples as they come."""

    def make(**options: Any) -> ResidentSynthesizer:
        settings = {
            name: options.pop(name)
            for name in SpeechSettings.__dataclass_fields__
            if name in options
        }
        link = ServerLink(ServerAddress(str(server.path)))
        options = {"sample_type": "int16", "as_bytes": True, **options}
        return ResidentSynthesizer(link, SpeechSettings(**settings), **options)

    return make


def records(count: int) -> list[Record]:
    return [Record(i, f"Line {i}.", f"in:{i}") for i in range(count)]


def spoken(chunks: Iterable[Chunk]) -> list[tuple[int, bytes, str, str | None]]:
    """Index, bytes, status and error of each record."""
    found, audio = [], b""
    for chunk in chunks:
        audio += chunk.samples.tobytes()
        if chunk.status is not None:
            found.append((chunk.record.index, audio, chunk.status.value, chunk.error))
            audio = b""
    assert audio == b""
    return found
