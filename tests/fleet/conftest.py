from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import warm


@pytest.fixture(scope="session", autouse=True)
def warm_workers() -> Iterator[None]:
    """Workers that have torch at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vvcli.fleet.processes.subprocess", warm.popen_module())
        yield
