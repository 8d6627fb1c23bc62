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

from vvcli.engine.backends.triton.common.linear import arrivals
from vvcli.engine.backends.triton.common.primitives import dot
from vvcli.model.attention import CacheView


@dataclass(frozen=True)
class Chunks:
    """How attention is cut up: `keys` at a time, every `splits`-th chunk by the same program."""

    keys: int
    splits: int
    warps: int
    stages: int


@triton.jit
def _store(out, acc, total, tokens, heads, ok, HEADS: tl.constexpr, D: tl.constexpr):
    at = (tokens * HEADS + heads)[:, None] * D + tl.arange(0, D)[None, :]
    tl.store(out + at, (acc / total[:, None]).to(tl.bfloat16), mask=ok[:, None])


@triton.jit(do_not_specialize=["S"])
def attention_kernel(
    q, kv, positions, index, out, partial, counters, plane, row_stride, capacity, S, scale,
    HEADS: tl.constexpr, KV_HEADS: tl.constexpr, D: tl.constexpr, QUERIES: tl.constexpr,
    KEYS: tl.constexpr, SPLITS: tl.constexpr,
):  # fmt: skip
    """See `attend`. Grid (rows, KV_HEADS, SPLITS); a program has the heads that share its keys."""
    row, kv_head, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    GROUP: tl.constexpr = HEADS // KV_HEADS
    queries = tl.arange(0, QUERIES)
    ok = queries < S * GROUP
    tokens = row * S + tl.minimum(queries // GROUP, S - 1)
    heads = kv_head * GROUP + queries % GROUP
    features = tl.arange(0, D)
    own = tl.load(positions + tokens)
    length = tl.minimum(tl.load(positions + row * S + S - 1) + 1, capacity).to(tl.int32)
    cache_row = row
    if index is not None:
        cache_row = tl.load(index + row)
    keys = kv + cache_row.to(tl.int64) * row_stride + kv_head * capacity * D
    at = (tokens * HEADS + heads)[:, None] * D + features[None, :]
    query = tl.load(q + at, mask=ok[:, None], other=0.0)

    most = tl.full((QUERIES,), float("-inf"), tl.float32)
    total = tl.zeros((QUERIES,), tl.float32)
    acc = tl.zeros((QUERIES, D), tl.float32)
    for start in range(split * KEYS, length, SPLITS * KEYS):
        cached = start + tl.arange(0, KEYS)
        # Beyond the length lies whatever the slot's last stream left: it is not read at all, since
        # a NaN would poison the sum even under a weight of zero.
        entries = cached[:, None] * D + features[None, :]
        k = tl.load(keys + entries, mask=(cached < length)[:, None], other=0.0)
        v = tl.load(keys + plane + entries, mask=(cached < length)[:, None], other=0.0)
        scores = dot(query, k.T, tl.zeros((QUERIES, KEYS), tl.float32)) * scale
        scores = tl.where(cached[None, :] <= own[:, None], scores, float("-inf"))
        new = tl.maximum(most, tl.max(scores, 1))
        # A whole chunk may lie after one of the first tokens of a window.
        base = tl.where(new == float("-inf"), 0.0, new)
        weights = tl.exp2(scores - base[:, None])
        fade = tl.exp2(most - base)
        total = total * fade + tl.sum(weights, 1)
        acc = dot(weights.to(tl.bfloat16), v, acc * fade[:, None])
        most = new

    if SPLITS == 1:
        _store(out, acc, total, tokens, heads, ok, HEADS, D)
    else:
        # Each part leaves its sums; the last one to arrive joins them, in the order of splits.
        PART: tl.constexpr = QUERIES * (D + 2)
        group = row * KV_HEADS + kv_head
        first = partial + group * (SPLITS * PART)
        mine = first + split * PART
        sums = 2 * QUERIES + queries[:, None] * D + features[None, :]
        tl.store(mine + queries, most)
        tl.store(mine + QUERIES + queries, total)
        tl.store(mine + sums, acc)
        tl.debug_barrier()
        if tl.atomic_add(counters + group, 1, sem="acq_rel") == SPLITS - 1:
            new = tl.load(first + queries, cache_modifier=".cg")
            for i in tl.static_range(1, SPLITS):
                most = tl.load(first + i * PART + queries, cache_modifier=".cg")
                new = tl.maximum(new, most)
            total = tl.zeros((QUERIES,), tl.float32)
            acc = tl.zeros((QUERIES, D), tl.float32)
            for i in tl.static_range(SPLITS):
                part = first + i * PART
                fade = tl.exp2(tl.load(part + queries, cache_modifier=".cg") - new)
                total += tl.load(part + QUERIES + queries, cache_modifier=".cg") * fade
                acc += tl.load(part + sums, cache_modifier=".cg") * fade[:, None]
            tl.store(counters + group, 0)
            _store(out, acc, total, tokens, heads, ok, HEADS, D)


def attend(q: Tensor, cache: CacheView, layer: int, chunks: Chunks) -> Tensor:
    """Causal grouped-query attention of new tokens, whose keys are in the cache already.

    `q` is [R·S, heads, D], rotated; the result has its shape. Token s of row r attends to cached
    positions up to `cache.positions[r, s]`. Online softmax (Milakov and Gimelshein, 2018) in
    float32.
    """
    rows, steps = cache.positions.shape
    _, heads, head_dim = q.shape
    kv = cache.kv[layer]
    kv_heads, capacity = kv.shape[2], kv.shape[3]
    queries = max(16, triton.next_power_of_2(steps * heads // kv_heads))
    out = torch.empty_like(q)
    partial = counters = None
    if chunks.splits > 1:
        size = rows * kv_heads * chunks.splits * queries * (head_dim + 2)
        partial = torch.empty(size, dtype=torch.float32, device=q.device)
        counters = arrivals(q.device, rows * kv_heads)
    attention_kernel[(rows, kv_heads, chunks.splits)](
        q, kv, cache.positions, cache.rows, out, partial, counters,
        kv.stride(0), kv.stride(1), capacity, steps, math.log2(math.e) / math.sqrt(head_dim),
        HEADS=heads, KV_HEADS=kv_heads, D=head_dim, QUERIES=queries, KEYS=chunks.keys,
        SPLITS=chunks.splits, num_warps=chunks.warps, num_stages=chunks.stages,
    )  # fmt: skip
    return out
