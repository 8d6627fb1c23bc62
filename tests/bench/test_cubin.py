"""A cubin is read, or refused: never misread without a word."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vvcli.bench.cubin import Needs, read_needs


def cubin(registers: int, stack: int, name: bytes = b".text.kernel") -> bytes:
    """An ELF file with a kernel and CUDA's attributes of it."""
    names = b"\0" + name + b"\0.nv.info\0.shstrtab\0"
    info = struct.pack("<BBHII", 4, 0x11, 8, 1, stack) + struct.pack("<BBH", 3, 0x1C, 16)
    header, section = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQIIQQ")
    body = names + info
    sections = [
        (1, 1, 0, 0, header.size, 0, 0, registers << 24, 0, 0),
        (names.index(b".nv.info"), 1, 0, 0, header.size + len(names), len(info), 0, 0, 0, 0),
        (names.index(b".shstrtab"), 3, 0, 0, header.size, len(names), 0, 0, 0, 0),
    ]
    start = header.size + len(body)
    elf = b"\x7fELF\x02".ljust(16, b"\0")
    first = header.pack(elf, 2, 190, 1, 0, 0, start, 0, header.size, 0, 0, section.size, 3, 2)
    return first + body + b"".join(section.pack(*one) for one in sections)


@given(registers=st.integers(1, 255), stack=st.integers(0, 1 << 20))
def test_registers_and_stack_are_read(registers: int, stack: int) -> None:
    assert read_needs(cubin(registers, stack)) == Needs(registers, stack)


def test_a_file_without_a_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="without a kernel"):
        read_needs(cubin(8, 0, name=b".data.kernel"))


@given(st.integers(0, 250), st.binary(max_size=300))
@example(43, bytes(4) + b"\x80" + bytes(13) + b"\x01\x00\x00")  # sections beyond any memory
def test_a_broken_file_is_refused_and_nothing_else_happens(cut: int, noise: bytes) -> None:
    for data in (cubin(40, 8)[:cut], noise, cubin(40, 8)[:cut] + noise):
        try:
            read_needs(data)
        except ValueError:
            continue
