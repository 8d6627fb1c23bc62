"""Tiles fit the products they are chosen for, and the shared memory of the card."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vvcli.engine.backends.triton.acoustic.tiles import block_tile, mixer_tile, product_tile
from vvcli.engine.backends.triton.common.card import HOPPER, SHARED_MEMORY, Card

widths = st.integers(4, 11).map(lambda power: 1 << power)
cards = st.builds(
    Card, st.sampled_from([*SHARED_MEMORY]), st.sampled_from([99 << 10, 227 << 10]),
    st.integers(1, 200),
)  # fmt: skip


@given(
    rows=st.integers(1, 1 << 22), channels=widths, ratio=st.integers(1, 12), depth=widths,
    card=cards,
)  # fmt: skip
def test_tiles_divide_the_product_and_fit(
    rows: int, channels: int, ratio: int, depth: int, card: Card
) -> None:
    for whole in {1, min(channels, 256)}:
        tile = product_tile(rows, ratio * channels, 2 * depth, card, unit=depth, whole=whole)
        assert ratio * channels % tile.block_n == 0
        assert tile.block_n % whole == 0
        assert depth % tile.block_k == 0
        assert tile.block_k >= 16
        assert tile.num_stages >= 2
        in_flight = 2 * (tile.block_m + tile.block_n) * tile.block_k * (tile.num_stages - 1)
        assert in_flight <= card.memory_for_steps


@given(rows=st.integers(1, 1 << 22), channels=st.sampled_from([16, 32, 64, 128]), card=cards)
def test_kept_weights_leave_room_for_a_second_program(rows: int, channels: int, card: Card) -> None:
    tile = block_tile(channels, rows, card)
    if tile.keep_weights:
        assert tile.programs_per_sm >= 2
        assert tile.programs_per_sm * 2 * 8 * channels**2 <= card.shared_memory


def test_a_hopper_card_keeps_weights_as_measured() -> None:
    assert [block_tile(channels, 1 << 20, HOPPER).programs_per_sm for channels in (32, 64)] == [
        4,
        3,
    ]


@given(
    channels=widths, length=st.integers(1, 4000), streams=st.integers(1, 1 << 14), card=cards
)  # fmt: skip
def test_shares_of_a_stream_are_longer_than_its_context(
    channels: int, length: int, streams: int, card: Card
) -> None:
    chunk, num_warps = mixer_tile(channels, length, streams, card)
    assert chunk == length or 6 <= chunk < length
    assert 1 <= num_warps <= channels // 16
