"""Tiles fit the products they are chosen for, and the memory of a multiprocessor."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vvcli.engine.backends.triton.acoustic.tiles import SHARED, product_tile

widths = st.integers(4, 11).map(lambda power: 1 << power)


@given(rows=st.integers(1, 1 << 22), channels=widths, ratio=st.integers(1, 12), depth=widths)
def test_tiles_divide_the_product_and_fit(rows: int, channels: int, ratio: int, depth: int) -> None:
    for whole in {1, min(channels, 256)}:
        tile = product_tile(rows, ratio * channels, 2 * depth, unit=depth, whole=whole)
        assert ratio * channels % tile.block_n == 0
        assert tile.block_n % whole == 0
        assert depth % tile.block_k == 0
        assert tile.block_k >= 16
        assert tile.num_stages >= 2
        assert 2 * (tile.block_m + tile.block_n) * tile.block_k * (tile.num_stages - 1) <= SHARED
