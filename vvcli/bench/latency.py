"""How long one stream waits for its first audio, when nothing else runs."""

from __future__ import annotations

import time

from vvcli.bench.streams import StreamMaker, first_frame, stop
from vvcli.engine.engine import Engine


def first_audio_ms(engine: Engine, maker: StreamMaker, text: str, repeats: int) -> list[float]:
    """Milliseconds from submitting a stream to its first samples on the host, each time anew."""
    found = []
    for _ in range(repeats):
        stream = maker.make(text)
        start = time.perf_counter()
        first_frame(engine, stream)
        found.append(1e3 * (time.perf_counter() - start))
        stop(engine, [stream])
    return found
