"""What a compiled kernel needs of a multiprocessor, read from its cubin."""

from __future__ import annotations

import struct
from dataclasses import dataclass

# Of an ELF file of 64 bits (System V ABI); what CUDA adds is in `cuobjdump -elf`.
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_ATTRIBUTE = struct.Struct("<BBH")

SIZED_VALUE = 4  # an attribute's format: its value is that many bytes after it
FRAME_SIZE = 0x11  # pairs of a symbol's index and the bytes of its stack frame


@dataclass(frozen=True)
class Needs:
    """Registers of a thread, and bytes of its stack, where registers go that were too many."""

    registers: int
    stack: int


def read_needs(cubin: bytes) -> Needs:
    """What the kernel in `cubin` needs; of several, the most of each.

    Raises:
        ValueError: this is no cubin with a kernel.
    """
    try:
        return _read_needs(cubin)
    except (struct.error, IndexError, OverflowError) as error:
        raise ValueError("a cubin that cannot be read") from error


def _read_needs(cubin: bytes) -> Needs:
    header = _HEADER.unpack_from(cubin)
    if not header[0].startswith(b"\x7fELF\x02"):
        raise ValueError("a cubin that is no ELF file of 64 bits")
    offset, size, count, names_at = header[6], header[11], header[12], header[13]
    sections = [_SECTION.unpack_from(cubin, offset + i * size) for i in range(count)]
    names = sections[names_at][4]
    registers, stack = [], [0]
    for section in sections:
        name_at, start, length, info = names + section[0], section[4], section[5], section[7]
        name = cubin[name_at : cubin.index(b"\0", name_at)].decode()
        if name.startswith(".text."):
            registers.append(info >> 24)
        elif name == ".nv.info":
            stack += _frame_sizes(cubin[start : start + length])
    if not registers:
        raise ValueError("a cubin without a kernel")
    return Needs(max(registers), max(stack))


def _frame_sizes(attributes: bytes) -> list[int]:
    found, at = [], 0
    while at + _ATTRIBUTE.size <= len(attributes):
        form, kind, length = _ATTRIBUTE.unpack_from(attributes, at)
        at += _ATTRIBUTE.size
        if form == SIZED_VALUE:
            if kind == FRAME_SIZE:
                found.append(struct.unpack_from("<II", attributes, at)[1])
            at += length
    return found
