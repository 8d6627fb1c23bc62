from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TINY
from tests.serve.server import Server, running
from vvcli import Synthesizer
from vvcli.audio.pcm import S16LE


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests: it takes seconds to start."""
    folder: Path = tmp_path_factory.mktemp("run")
    with running(folder, "--listen", "127.0.0.1:0", "--queue", "4") as found:
        yield found
        assert found.process.poll() is None, "the server has died"


@pytest.fixture(scope="session")
def local() -> Synthesizer:
    """What the server is, in this process."""
    return Synthesizer(TINY, "Ada", streams=3, steps=2, seed=42, deterministic=True)


@pytest.fixture(scope="session")
def expected(local: Synthesizer) -> dict[str, bytes]:
    """PCM of some texts, as the record with the index 0 each."""
    from tests.serve.server import LONG, SHORT

    found = {}
    for text in (SHORT, LONG, "Hello there."):
        (utterance,) = local.speak([text])
        found[text] = S16LE.encode(utterance.samples)
    return found
