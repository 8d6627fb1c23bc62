from __future__ import annotations

import numpy as np
import pytest

from vvcli.engine.stream import NOISE_CHUNK, NoiseSource


@pytest.mark.parametrize(("seed", "index"), [(0, 0), (42, 3), (2**64 - 1, 7)])
def test_chunks_are_the_rows_of_one_draw(seed: int, index: int) -> None:
    key = np.array([seed, index], dtype=np.uint64)
    law = np.random.Generator(np.random.Philox(key=key))
    expected = law.standard_normal((3 * NOISE_CHUNK, 16), dtype=np.float32)
    source = NoiseSource(seed, index, 16)
    np.testing.assert_array_equal(np.concatenate([source.draw() for _ in range(3)]), expected)


def test_records_and_seeds_differ() -> None:
    draws = [NoiseSource(seed, index, 4).draw() for seed, index in ((0, 0), (0, 1), (1, 0))]
    assert len({draw.tobytes() for draw in draws}) == 3
