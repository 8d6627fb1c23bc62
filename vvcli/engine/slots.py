"""The table of slots: every stream's whole state on the device, one row a slot.

Tensors are allocated once and only ever written in place, so that a captured graph keeps reading
and writing the right addresses. One slot more than asked for takes the writes of padding rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from vvcli.engine.sizes import CacheCapacity
from vvcli.engine.stream import NOISE_CHUNK, Stream
from vvcli.errors import UnavailableError
from vvcli.model.config import ModelConfig
from vvcli.model.voice import Voice


@dataclass
class SlotState:
    """State of `N` slots and one spare. The conditional and the unconditional row of slot i are
    rows 2i and 2i + 1 of the TTS LM, so the first slots are always a prefix, never a gather.
    """

    lm_kv: Tensor  # [text_layers, 2, N+1, kv_heads, capacity.text, head_dim]
    tts_kv: Tensor  # [tts_layers, 2, 2(N+1), kv_heads, capacity.tts, head_dim]
    lm_length: Tensor  # [N+1] int64
    tts_length: Tensor  # [2(N+1)] int64
    condition: Tensor  # [N+1, 2, hidden]
    context: Tensor  # [N+1, context_size]: the decoder's past inputs
    noise: Tensor  # [N+1, NOISE_CHUNK, latent] float32
    frame: Tensor  # [N+1] int64: frames made, which picks the noise row
    window_left: Tensor  # [N+1] int64: frames until text is due; at zero a slot stands still
    active: Tensor  # [N+1] bool
    guidance: Tensor  # [N+1] float32

    @classmethod
    def allocate(
        cls,
        config: ModelConfig,
        slots: int,
        capacity: CacheCapacity,
        *,
        device: torch.device,
        dtype: torch.dtype,
    ) -> SlotState:
        """Zeroed state for `slots` streams, with caches of `dtype`.

        Raises:
            UnavailableError: the device has no memory for them.
        """
        try:
            return cls._allocate(config, slots + 1, capacity, device, dtype)
        except torch.OutOfMemoryError as error:
            raise UnavailableError(
                f"the device has no memory for {slots} streams of {capacity.tts} positions",
                remedy="fewer streams",
            ) from error

    @classmethod
    def _allocate(
        cls,
        config: ModelConfig,
        rows: int,
        capacity: CacheCapacity,
        device: torch.device,
        dtype: torch.dtype,
    ) -> SlotState:
        def zeros(*shape: int, dtype: torch.dtype = dtype) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        lm = config.lm
        return cls(
            lm_kv=zeros(lm.text_layers, 2, rows, lm.kv_heads, capacity.text, lm.head_dim),
            tts_kv=zeros(lm.tts_layers, 2, 2 * rows, lm.kv_heads, capacity.tts, lm.head_dim),
            lm_length=zeros(rows, dtype=torch.int64),
            tts_length=zeros(2 * rows, dtype=torch.int64),
            condition=zeros(rows, 2, lm.hidden_size),
            context=zeros(rows, config.decoder.context_size),
            noise=zeros(rows, NOISE_CHUNK, config.head.latent_size, dtype=torch.float32),
            frame=zeros(rows, dtype=torch.int64),
            window_left=zeros(rows, dtype=torch.int64),
            active=zeros(rows, dtype=torch.bool),
            guidance=zeros(rows, dtype=torch.float32),
        )

    @property
    def slots(self) -> int:
        """Slots that streams can take."""
        return self.active.shape[0] - 1

    @property
    def capacity(self) -> CacheCapacity:
        """Positions a slot's caches hold."""
        return CacheCapacity(self.tts_kv.shape[4], self.lm_kv.shape[4])

    def active_mask(self, bucket: int) -> Tensor:
        """Which of the first `bucket` slots make a frame, [bucket] bool; read before it ends."""
        return self.active[:bucket] & (self.window_left[:bucket] > 0)

    def is_guided(self, bucket: int) -> bool:
        """Whether the last stream of any of the first `bucket` slots had a guidance other than 1.

        The host waits for the device to say so.
        """
        return bool((self.guidance[:bucket] != 1).any())

    def part(self, start: int, end: int) -> SlotState:
        """Views of the slots from `start` to `end`; none of them is spare."""
        views = {}
        for item in fields(self):
            tensor: Tensor = getattr(self, item.name)
            dim = 2 if item.name in ("lm_kv", "tts_kv") else 0
            rows = tensor.shape[dim] // self.active.shape[0]
            views[item.name] = tensor.narrow(dim, rows * start, rows * (end - start))
        return SlotState(**views)

    def load(self, slot: int, stream: Stream, count: int = 1) -> None:
        """Put `stream` at its start into `slot`, and others that start like it into the next ones,
        `count` in all. Nothing of a slot's last stream is left but noise, which is to be refilled
        before the first frame.

        Caches are zeroed whole: attention masks positions beyond a row's length, but a masked NaN
        would still poison it.
        """
        voice, slots = stream.voice, slice(slot, slot + count)
        positive = slice(2 * slot, 2 * (slot + count), 2)
        negative = slice(2 * slot + 1, 2 * (slot + count), 2)
        self._load_cache(self.lm_kv[:, :, slots], self.lm_length[slots], voice.lm_kv)
        self._load_cache(self.tts_kv[:, :, positive], self.tts_length[positive], voice.tts_kv)
        self._load_cache(self.tts_kv[:, :, negative], self.tts_length[negative], voice.negative_kv)
        self.condition[slots].zero_()
        self.condition[slots, 1].copy_(voice.negative_hidden)
        self.context[slots].zero_()
        self.frame[slots].zero_()
        self.window_left[slots].zero_()
        self.active[slots].fill_(True)
        self.guidance[slots].fill_(stream.guidance)

    def refill_noise(self, slots: Tensor, chunks: Tensor) -> None:
        """Give `slots` [n] their next noise, `chunks` [n, NOISE_CHUNK, latent]."""
        self.noise[slots] = chunks

    def release(self, slot: int) -> None:
        """Mark `slot` as free."""
        self.active[slot].fill_(False)

    def halt(self, slot: int, *, halted: bool) -> None:
        """Let the running stream in `slot` stand still, or go on.

        A slot that ended by itself may not go on: the host has to have seen its frames.
        """
        self.active[slot].fill_(not halted)

    def move(self, source: int, target: int) -> None:
        """Copy a running slot's state to a free one, and free the first."""
        for item in fields(self):
            tensor: Tensor = getattr(self, item.name)
            if item.name in ("lm_kv", "tts_kv"):
                tensor = tensor.transpose(0, 2)  # rows first
            rows = tensor.shape[0] // self.active.shape[0]
            of_target = tensor[rows * target : rows * (target + 1)]
            of_target.copy_(tensor[rows * source : rows * (source + 1)])
        self.release(source)

    def check(self, voice: Voice) -> None:
        """Raise ValueError unless `voice` has the shapes of the model whose slots these are."""
        for slots, kv in (
            (self.lm_kv, voice.lm_kv),
            (self.tts_kv, voice.tts_kv),
            (self.tts_kv, voice.negative_kv),
        ):
            layers, both, _, heads, _, head_dim = slots.shape
            expected = (layers, both, heads, kv.shape[3], head_dim)
            if kv.shape != expected:
                raise ValueError(f"voice {voice.name}: cache {tuple(kv.shape)}, not {expected}")

    def free(self) -> None:
        """Release the memory at once, even if something still refers to the tensors."""
        for item in fields(self):
            getattr(self, item.name).untyped_storage().resize_(0)

    def grown(self, capacity: CacheCapacity) -> SlotState:
        """The same state with longer caches (new tensors: captured graphs are void)."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, length in (("lm_kv", capacity.text), ("tts_kv", capacity.tts)):
            old: Tensor = values[name]
            new = old.new_zeros(*old.shape[:4], length, old.shape[5])
            new[..., : old.shape[4], :].copy_(old)
            values[name] = new
        return SlotState(**values)

    @staticmethod
    def _load_cache(rows: Tensor, length: Tensor, prefill: Tensor) -> None:
        """Fill `rows` [layers, 2, n, kv_heads, capacity, D] from `prefill`, which has no n, and T
        positions."""
        rows.zero_()
        rows[..., : prefill.shape[3], :].copy_(prefill[:, :, None])
        length.fill_(prefill.shape[3])


def group_by_prefill(admitted: Sequence[tuple[int, Stream]]) -> list[tuple[int, Stream, int]]:
    """Group streams of one prefill in neighbouring slots: first slot, first stream, count.

    A job begins with hundreds, and loading each by itself took longer than its first frame.
    """
    found: list[tuple[int, Stream, int]] = []
    for slot, stream in admitted:
        if found:
            first, other, count = found[-1]
            same_start = stream.voice is other.voice and stream.guidance == other.guidance
            if same_start and slot == first + count:
                found[-1] = first, other, count + 1
                continue
        found.append((slot, stream, 1))
    return found
