"""What the tiles of kernels depend on in a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

# Of the shared memory a program can have, the part that the steps in flight may take; the rest is
# left to conversions of layouts, to sums, and to the compiler: 192 of 227 KB on a Hopper card.
STEPS_SHARE = (192, 227)


@dataclass(frozen=True)
class Card:
    """A GPU as the kernels see it.

    Attributes:
        capability: compute capability.
        shared_memory: bytes of shared memory that one program can have.
        multiprocessors: how many there are to keep busy.
    """

    capability: tuple[int, int]
    shared_memory: int
    multiprocessors: int

    @property
    def memory_for_steps(self) -> int:
        """Bytes of shared memory that the steps in flight of a program may take."""
        share, whole = STEPS_SHARE
        return self.shared_memory * share // whole


# The card that the tables of tiles were measured on: an H200, and an H100 is the same to them.
HOPPER = Card((9, 0), 227 * 1024, 132)

# Bytes of shared memory that a program can have, by compute capability (CUDA C++ Programming Guide,
# "Technical Specifications per Compute Capability", less 1 KB a program for the system), for cards
# that are compiled for and not there, and for a torch that does not tell it.
SHARED_MEMORY = {
    (8, 0): 163 * 1024,
    (8, 6): 99 * 1024,
    (8, 7): 163 * 1024,
    (8, 9): 99 * 1024,
    (9, 0): 227 * 1024,
    (10, 0): 227 * 1024,
    (10, 3): 227 * 1024,
    (12, 0): 99 * 1024,
    (12, 1): 99 * 1024,
}
LEAST_SHARED_MEMORY = 99 * 1024  # of any card from 8.0 on


@cache
def card_of(device: torch.device) -> Card:
    """The card behind `device`; HOPPER where there is none, as in the interpreter."""
    if device.type != "cuda":
        return HOPPER
    properties = torch.cuda.get_device_properties(device)
    capability = (properties.major, properties.minor)
    known = SHARED_MEMORY.get(capability, LEAST_SHARED_MEMORY)
    memory = getattr(properties, "shared_memory_per_block_optin", known)
    return Card(capability, memory, properties.multi_processor_count)
