"""Attention over the slots' caches, whose lengths only the device knows.

The grid is fixed; a program reads from memory how many keys its row has. Chunks have a fixed size,
so the order in which a row is added up depends on nothing but the number of splits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.primitives import dot
from vvcli.engine.backends.triton.common.split_k import arrives_last, split_buffers
from vvcli.model.transformer import CacheView

# Of a program, queries of the heads that share its keys. A whole window of text, 512 of them, took
# a third of the first word's compile time, and more registers than there are.
MAX_QUERIES = 64


@dataclass(frozen=True)
class AttentionTile:
    """A program reads `block_keys` keys at a time, every `splits`-th chunk of them."""

    block_keys: int
    splits: int
    num_warps: int
    num_stages: int


@triton.jit
def _store(out_ptr, acc, total, tokens, heads, ok, HEADS: tl.constexpr, D: tl.constexpr):
    at = (tokens * HEADS + heads)[:, None] * D + tl.arange(0, D)[None, :]
    tl.store(out_ptr + at, (acc / total[:, None]).to(tl.bfloat16), mask=ok[:, None])


@triton.jit(do_not_specialize=["S"])
def attention_kernel(
    q_ptr, kv_ptr, positions_ptr, cache_rows_ptr, out_ptr, partial_ptr, counters_ptr,
    kv_plane_stride, kv_row_stride, capacity, S, scale, HEADS: tl.constexpr, KV_HEADS: tl.constexpr,
    D: tl.constexpr, QUERIES: tl.constexpr, BLOCKS: tl.constexpr, KEYS: tl.constexpr,
    SPLITS: tl.constexpr,
):  # fmt: skip
    """See `attend`. Grid (rows * BLOCKS, KV_HEADS, SPLITS).

    A program has QUERIES of those of the heads that share its keys, token by token.
    """
    block, kv_head, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    row, first_query = block // BLOCKS, block % BLOCKS * QUERIES
    GROUP: tl.constexpr = HEADS // KV_HEADS
    queries = first_query + tl.arange(0, QUERIES)
    ok = queries < S * GROUP
    tokens = row * S + tl.minimum(queries // GROUP, S - 1)
    heads = kv_head * GROUP + queries % GROUP
    features = tl.arange(0, D)
    own = tl.load(positions_ptr + tokens)
    last = tl.minimum((first_query + QUERIES - 1) // GROUP, S - 1)
    length = tl.minimum(tl.load(positions_ptr + row * S + last) + 1, capacity).to(tl.int32)
    cache_row = row
    if cache_rows_ptr is not None:
        cache_row = tl.load(cache_rows_ptr + row)
    keys = kv_ptr + cache_row.to(tl.int64) * kv_row_stride + kv_head * capacity * D
    at = (tokens * HEADS + heads)[:, None] * D + features[None, :]
    query = tl.load(q_ptr + at, mask=ok[:, None], other=0.0)

    row_max = tl.full((QUERIES,), float("-inf"), tl.float32)
    total = tl.zeros((QUERIES,), tl.float32)
    acc = tl.zeros((QUERIES, D), tl.float32)
    for start in range(split * KEYS, length, SPLITS * KEYS):
        cached = start + tl.arange(0, KEYS)
        # Beyond the length lie the leftovers of the slot's last stream: not read at all, since
        # a NaN would poison the sum even under a weight of zero.
        entries = cached[:, None] * D + features[None, :]
        k = tl.load(keys + entries, mask=(cached < length)[:, None], other=0.0)
        v = tl.load(keys + kv_plane_stride + entries, mask=(cached < length)[:, None], other=0.0)
        scores = dot(query, k.T, tl.zeros((QUERIES, KEYS), tl.float32)) * scale
        scores = tl.where(cached[None, :] <= own[:, None], scores, float("-inf"))
        new = tl.maximum(row_max, tl.max(scores, 1))
        # A whole chunk may lie after one of the first tokens of a window.
        base = tl.where(new == float("-inf"), 0.0, new)
        weights = tl.exp2(scores - base[:, None])
        fade = tl.exp2(row_max - base)
        total = total * fade + tl.sum(weights, 1)
        acc = dot(weights.to(tl.bfloat16), v, acc * fade[:, None])
        row_max = new

    if SPLITS == 1:
        _store(out_ptr, acc, total, tokens, heads, ok, HEADS, D)
    else:
        # Each part leaves its sums; the last one to arrive joins them, in the order of splits.
        PART: tl.constexpr = QUERIES * (D + 2)
        group = block * KV_HEADS + kv_head
        first = partial_ptr + group * (SPLITS * PART)
        mine = first + split * PART
        places = tl.arange(0, QUERIES)
        sums = 2 * QUERIES + places[:, None] * D + features[None, :]
        tl.store(mine + places, row_max)
        tl.store(mine + QUERIES + places, total)
        tl.store(mine + sums, acc)
        if arrives_last(counters_ptr, group, SPLITS):
            new = tl.load(first + places, cache_modifier=".cg")
            for i in tl.static_range(1, SPLITS):
                row_max = tl.load(first + i * PART + places, cache_modifier=".cg")
                new = tl.maximum(new, row_max)
            total = tl.zeros((QUERIES,), tl.float32)
            acc = tl.zeros((QUERIES, D), tl.float32)
            for i in tl.static_range(SPLITS):
                part = first + i * PART
                fade = tl.exp2(tl.load(part + places, cache_modifier=".cg") - new)
                total += tl.load(part + QUERIES + places, cache_modifier=".cg") * fade
                acc += tl.load(part + sums, cache_modifier=".cg") * fade[:, None]
            tl.store(counters_ptr + group, 0)
            _store(out_ptr, acc, total, tokens, heads, ok, HEADS, D)


def attend(q: Tensor, cache: CacheView, layer: int, tile: AttentionTile) -> Tensor:
    """Causal grouped-query attention of new tokens, whose keys are in the cache already.

    `q` is [R·S, heads, D], rotated; the result has its shape. Token s of row r attends to cached
    positions up to `cache.positions[r, s]`. Online softmax (Milakov and Gimelshein, 2018) in
    float32.
    """
    rows, steps = cache.positions.shape
    _, heads, head_dim = q.shape
    kv = cache.kv[layer]
    kv_heads, capacity = kv.shape[2], kv.shape[3]
    queries = steps * heads // kv_heads
    block = min(MAX_QUERIES, max(16, triton.next_power_of_2(queries)))
    blocks = triton.cdiv(queries, block)
    out = torch.empty_like(q)
    size = block * (head_dim + 2)
    partial, counters = split_buffers(q.device, rows * blocks * kv_heads, tile.splits, size)
    attention_kernel[(rows * blocks, kv_heads, tile.splits)](
        q, kv, cache.positions, cache.rows, out, partial, counters,
        kv.stride(0), kv.stride(1), capacity, steps, math.log2(math.e) / math.sqrt(head_dim),
        HEADS=heads, KV_HEADS=kv_heads, D=head_dim, QUERIES=block, BLOCKS=blocks,
        KEYS=tile.block_keys, SPLITS=tile.splits, num_warps=tile.num_warps,
        num_stages=tile.num_stages,
    )  # fmt: skip
    return out
