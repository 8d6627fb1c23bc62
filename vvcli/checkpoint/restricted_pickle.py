"""The published voices' zip-pickles, read by a machine that can build data and nothing else.

A pickle is a program for a stack machine, and Python's own machine imports and calls whatever the
program names. This one has no import and no call: a global is a name from a fixed list, and the
two opcodes that would call one build a tensor view or a record of fields instead. Python's
unpickler with a strict `find_class` was tried; its memo and its BUILD opcode still let a file
allocate gigabytes or set attributes of what `find_class` returned.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")

MAX_RANK = 4

TENSOR = "torch._utils._rebuild_tensor_v2"
HOOKS = "collections.OrderedDict"
STORAGES = {
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
}
# Each class a file may name, and the fields its positional arguments fill.
RECORDS = {
    "transformers.modeling_outputs.BaseModelOutputWithPast": (
        "last_hidden_state",
        "past_key_values",
        "hidden_states",
        "attentions",
    ),
    "transformers.cache_utils.DynamicCache": (),
}

_PUSHED = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class PickleError(ValueError):
    """The content of a file is wrong; the reader adds the path."""


@dataclass(frozen=True)
class Global:
    """A name the file may use. It stands for itself: nothing is imported."""

    name: str


@dataclass
class Record:
    """An inert stand-in for an object of class `kind`: its fields by name."""

    kind: str
    fields: dict[str, object]


def run_pickle(program: bytes, storage: Callable[[str], bytearray]) -> object:
    """The object `program` builds: dicts, lists, tuples, numbers, text, tensors and `Record`s.

    `storage` gives the bytes of a storage by its key. Tensors are views of those bytes, each with
    no more values than its storage; they may overlap or repeat, so their sum is for the caller
    to bound.

    Raises:
        PickleError: the program names or does something that no published voice does.
        Exception: the program is damaged: pickletools and a short stack raise what they like.
    """
    return _Machine(storage).run(program)


class _Machine:
    """The stack, the marks and the memo; every value on them is inert."""

    def __init__(self, storage: Callable[[str], bytearray]) -> None:
        self.load = cache(storage)
        self.stack: list[object] = []
        self.marked: list[list[object]] = []
        self.memo: dict[int, object] = {}

    def run(self, program: bytes) -> object:
        for opcode, argument, _ in pickletools.genops(program):
            if opcode.name == "STOP":
                return self.stack.pop()
            self.step(opcode.name, argument)
        raise PickleError("its pickle has no end")

    def step(self, opcode: str, argument: object) -> None:
        stack = self.stack
        if opcode in _PUSHED:
            stack.append(argument)
        elif opcode in _CONSTANTS:
            stack.append(_CONSTANTS[opcode])
        elif opcode in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[_index(argument)])
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self.memo[_index(argument)] = stack[-1]
        elif opcode == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif opcode == "MARK":
            self.marked.append(stack)
            self.stack = []
        elif opcode == "TUPLE":
            items = tuple(self.pop_mark())
            self.stack.append(items)
        elif opcode in _TUPLES:
            count = _TUPLES[opcode]
            items = tuple(stack.pop() for _ in range(count))
            stack.append(items[::-1])
        elif opcode == "EMPTY_LIST":
            stack.append([])
        elif opcode == "EMPTY_DICT":
            stack.append({})
        elif opcode in ("APPEND", "APPENDS"):
            items = tuple(self.pop_mark()) if opcode == "APPENDS" else (stack.pop(),)
            _typed(self.stack[-1], list, "a list").extend(items)
        elif opcode in ("SETITEM", "SETITEMS"):
            flat = self.pop_mark() if opcode == "SETITEMS" else [stack.pop(-2), stack.pop()]
            _set_items(self.stack[-1], list(zip(flat[::2], flat[1::2], strict=True)))
        elif opcode in ("REDUCE", "NEWOBJ"):
            arguments = _typed(stack.pop(), tuple, "a tuple")
            stack.append(_build(_typed(stack.pop(), Global, "a known name"), arguments))
        elif opcode == "BUILD":
            state = _typed(stack.pop(), dict, "a dict")
            _set_items(_typed(stack[-1], Record, "an object with fields"), state.items())
        elif opcode == "BINPERSID":
            stack.append(self.storage(stack.pop()))
        elif opcode == "GLOBAL":
            stack.append(_global(str(argument).replace(" ", ".")))
        elif opcode == "STACK_GLOBAL":
            name = _typed(stack.pop(), str, "text")
            stack.append(_global(f"{_typed(stack.pop(), str, 'text')}.{name}"))
        elif opcode not in ("PROTO", "FRAME"):
            if opcode == "INST":
                _global(str(argument).replace(" ", "."))
            raise PickleError(f"its pickle uses {opcode}, which a voice has no business with")

    def pop_mark(self) -> list[object]:
        items, self.stack = self.stack, self.marked.pop()
        return items

    def storage(self, identifier: object) -> Tensor:
        """The one-dimensional tensor that persistent id `identifier` names."""
        match identifier:
            case ("storage", Global(name), str(key), str(), int(count)) if name in STORAGES:
                dtype = STORAGES[name]
            case _:
                raise PickleError("it refers to something outside itself that is not a storage")
        data = self.load(key)
        if count < 1 or count * dtype.itemsize != len(data):
            raise PickleError(f"storage {shown(key)} has not the size that its tensor needs")
        return torch.frombuffer(data, dtype=dtype)


def _global(name: str) -> Global:
    if name in (TENSOR, HOOKS) or name in STORAGES or name in RECORDS:
        return Global(name)
    if name.startswith("transformers.cache_utils."):
        raise PickleError(
            f"it names {shown(name)}, so a newer transformers wrote it; "
            "save it again with transformers 4.51"
        )
    raise PickleError(
        f"it names {shown(name)}, which a voice has no business with, and nothing of it was run; "
        "do not trust where it came from"
    )


def _build(what: Global, arguments: tuple[object, ...]) -> object:
    """The object that calling `what` would have made, without calling it."""
    if what.name == TENSOR:
        return _tensor(arguments)
    if what.name == HOOKS and not arguments:
        return {}
    fields = RECORDS.get(what.name)
    if fields is None or len(arguments) > len(fields):
        raise PickleError(f"it gives {what.name} arguments that a voice does not have")
    return Record(what.name, dict(zip(fields, arguments, strict=False)))


def _tensor(arguments: tuple[object, ...]) -> Tensor:
    match arguments:
        case (
            Tensor() as storage,
            int(offset),
            tuple(size),
            tuple(stride),
            bool(),
            dict(hooks),
        ) if not hooks:
            pass
        case _:
            raise PickleError("a tensor in it is not a plain one")
    if not 0 < len(size) == len(stride) <= MAX_RANK:
        raise PickleError(f"a tensor in it has not between 1 and {MAX_RANK} dimensions")
    if any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
        raise PickleError("a tensor in it has a shape that is not made of counts")
    # A stride over a single element is never taken, and torch writes any number there.
    steps = [step if count > 1 else 0 for count, step in zip(size, stride, strict=True)]
    last = offset + sum((count - 1) * step for count, step in zip(size, steps, strict=True))
    values = 1
    for count in size:
        values *= count
    # More values than the storage has means zero strides: a small file that unfolds to gigabytes.
    if not 0 < values <= storage.numel() or last >= storage.numel():
        raise PickleError("a tensor in it is empty or reaches outside its storage")
    return storage.as_strided(size, steps, offset)


def _set_items(target: object, items: Iterable[tuple[object, object]]) -> None:
    fields = target.fields if type(target) is Record else _typed(target, dict, "a dict")
    for key, value in items:
        # Checked before it is hashed: the hash of tuples nested deep enough ends the process.
        fields[_typed(key, str, "a field's name")] = value


def _index(argument: object) -> int:
    return _typed(argument, int, "a number")


def _typed(value: object, kind: type[T], name: str) -> T:
    if type(value) is not kind:
        raise PickleError(f"its pickle has {type(value).__name__} where {name} belongs")
    return value


def shown(text: str) -> str:
    """A file's own words, short and without what would steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text[:120])
