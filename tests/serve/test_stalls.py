"""Who takes nothing is dropped, who takes little is not."""

from __future__ import annotations

import asyncio
from typing import Any

from vvcli.serve.stalls import Stalls


class Transport:
    """With so many bytes left at each look."""

    def __init__(self, *left: int) -> None:
        self._left = [*left]
        self.is_dropped = False

    def get_write_buffer_size(self) -> int:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]

    def abort(self) -> None:
        self.is_dropped = True


def test_stalls() -> None:
    stalled, slow, quick = Transport(9), Transport(*range(10_000, 0, -1)), Transport(9)

    async def run() -> None:
        stalls = Stalls(0.05)
        sweeping = asyncio.ensure_future(stalls.sweep())
        sent: Any = (stalled, slow)
        with stalls.sending(sent[0]), stalls.sending(sent[1]):
            while not stalled.is_dropped:
                with stalls.sending(quick):  # type: ignore[arg-type]
                    pass
                await asyncio.sleep(0.01)
        assert stalls.dropped == 1
        sweeping.cancel()

    asyncio.run(run())
    assert not slow.is_dropped
    assert not quick.is_dropped
