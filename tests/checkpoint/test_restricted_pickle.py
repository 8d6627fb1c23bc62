from __future__ import annotations

import io
import itertools
import os
import pickle
import pickletools
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vvcli.checkpoint.restricted_pickle import PickleError, Record, run_pickle
from vvcli.checkpoint.torch_zip import read_torch_zip
from vvcli.errors import UnavailableError

from .samples import ADA, pushed, tensor_program, write_zip

FOUR_FLOATS = bytes(bytearray(torch.arange(4.0).view(torch.uint8).tolist()))
DIMENSIONS = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple)


def no_storage(key: str) -> bytearray:
    raise PickleError(f"storage {key} is missing")


def floats(count: int) -> Callable[[str], bytearray]:
    data = bytearray(torch.arange(float(count)).view(torch.uint8).tolist())
    return lambda key: data


class Evil:
    """Pickles to a program that runs `command` when Python reads it."""

    def __init__(self, call: object, *arguments: object) -> None:
        self.call = call
        self.arguments = arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call, self.arguments


def test_a_published_voice_becomes_records_of_tensors() -> None:
    content = read_torch_zip(ADA)
    assert isinstance(content, dict)
    assert list(content) == ["lm", "tts_lm", "neg_lm", "neg_tts_lm"]
    output = content["tts_lm"]
    assert isinstance(output, Record)
    assert output.kind == "transformers.modeling_outputs.BaseModelOutputWithPast"
    hidden, cache = output.fields["last_hidden_state"], output.fields["past_key_values"]
    assert isinstance(hidden, Tensor)
    assert hidden.shape == (1, 23, 64)
    assert isinstance(cache, Record)
    assert cache.kind == "transformers.cache_utils.DynamicCache"
    keys = cache.fields["key_cache"]
    assert isinstance(keys, list)
    assert [key.shape for key in keys] == [(1, 2, 23, 16)] * 4


@pytest.mark.parametrize("protocol", range(6))
def test_a_command_in_a_pickle_is_named_and_not_run(tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "ran"
    program = pickle.dumps({"lm": Evil(os.system, f"touch {marker}")}, protocol)
    path = tmp_path / "evil.pt"
    write_zip(path, {"data.pkl": program, "byteorder": b"little"})
    # torch writes protocol 2; the text opcodes of 0 are refused before the name comes.
    name = r"posix\.system.*nothing of it was run" if protocol else "DICT"
    with pytest.raises(UnavailableError, match=name):
        read_torch_zip(path)
    assert not marker.exists()
    pickle.loads(program)  # noqa: S301 - the same program does run elsewhere
    assert marker.exists()


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.", "os.system"),
        (b"(X\x04\x00\x00\x00trueios\nsystem\n.", "os.system"),
        (b"(cos\nsystem\nX\x04\x00\x00\x00trueo.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
        (b"\x80\x02cbuiltins\neval\n.", "builtins.eval"),
        (b"\x80\x02ctorch\nload\n.", "torch.load"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor\n.", "torch._utils._rebuild_tensor"),
        (b"\x80\x02ccollections\nOrderedDict.fromkeys\n.", "collections.OrderedDict.fromkeys"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x02P0\n.", "PERSID"),
        (b"\x80\x02B\x01\x00\x00\x00a.", "BINBYTES"),
        (b"\x80\x02]\x90.", "ADDITEMS"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
    ],
)
def test_every_other_name_and_opcode_is_refused_by_its_name(program: bytes, name: str) -> None:
    with pytest.raises(PickleError, match=rf"{name}.* a voice has no business with"):
        run_pickle(program, no_storage)


def test_a_newer_transformers_is_recognised() -> None:
    program = b"\x80\x02ctransformers.cache_utils\nDynamicLayer\n."
    with pytest.raises(PickleError, match=r"DynamicLayer.*save it again with transformers 4\.51"):
        run_pickle(program, no_storage)


def test_a_name_cannot_steer_the_terminal() -> None:
    with pytest.raises(PickleError) as caught:
        run_pickle(b"\x80\x02cos\n\x1b]0;owned\x07\n.", no_storage)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02ctorch\nFloatStorage\n}X\x01\x00\x00\x00aK\x01sb.",  # BUILD on a name
        b"\x80\x02}}X\x01\x00\x00\x00aK\x01sb.",  # BUILD on a dict
        b"\x80\x02ctransformers.cache_utils\nDynamicCache\n)\x81N}\x86b.",  # slots state
        b"\x80\x02ctransformers.cache_utils\nDynamicCache\nK\x01\x85\x81.",
        b"\x80\x02ccollections\nOrderedDict\n]\x85R.",
        b"\x80\x02ctorch\nFloatStorage\n)R.",
        b"\x80\x02K\x01)R.",
        b"\x80\x02}K\x01K\x01s.",  # a key that is not text
        b"\x80\x02})K\x01s.",
        b"\x80\x02K\x01Q.",
        b"\x80\x02X\x01\x00\x00\x00aX\x01\x00\x00\x00a\x86Q.",
    ],
)
def test_calls_and_states_that_no_voice_has_are_refused(program: bytes) -> None:
    pickletools.dis(program, out=io.StringIO())  # well formed, so it is refused for its meaning
    with pytest.raises(PickleError):
        run_pickle(program, no_storage)


def test_a_memo_index_does_not_reserve_memory() -> None:
    program = b"\x80\x02Nr\xff\xff\xff\xff."
    assert run_pickle(program, no_storage) is None


@pytest.mark.slow
def test_deep_nesting_and_shared_references_cost_no_recursion_and_no_memory() -> None:
    deep = run_pickle(b"\x80\x02)" + b"\x85" * 200_000 + b".", no_storage)
    assert type(deep) is tuple
    keyed = b"\x80\x02})" + b"\x85" * 200_000 + b"Ns."
    with pytest.raises(PickleError, match="a field's name"):
        run_pickle(keyed, no_storage)
    # A billion laughs: each tuple holds the one before twice.
    laughs = run_pickle(b"\x80\x02)" + b"q\x00h\x00\x86" * 60 + b".", no_storage)
    assert type(laughs) is tuple


@given(count=st.integers(1, 30), offset=st.integers(0, 8), size=DIMENSIONS, stride=DIMENSIONS)
def test_a_tensor_reads_its_storage_and_nothing_else(
    count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    program = tensor_program(count, offset, size, stride)
    places = [
        offset + sum(i * step for i, step in zip(index, stride, strict=False))
        for index in itertools.product(*map(range, size))
    ]
    if len(size) == len(stride) and 0 < len(places) <= count and max(places) < count:
        tensor = run_pickle(program, floats(count))
        assert isinstance(tensor, Tensor)
        assert tensor.shape == size
        assert tensor.flatten().tolist() == places
    else:
        with pytest.raises(PickleError):
            run_pickle(program, floats(count))


@pytest.mark.parametrize(
    ("count", "offset", "size", "stride"),
    [
        (4, -1, (4,), (1,)),
        (4, 0, (4,), (-1,)),
        (4, 0, (2**62, 2**62), (0, 0)),
        (4, 2**80, (1,), (1,)),
        (4, 0, (2,), (2**80,)),
        (4, 0, (True,), (1,)),
        (4, 0, ("4",), (1,)),
        (4, 0, (1,) * 5, (1,) * 5),
        (4, 0, (), ()),
        (4, 0, 4, 1),
        (4, None, (4,), (1,)),
        (2**62, 0, (4,), (1,)),
        (0, 0, (1,), (1,)),
        (-4, 0, (1,), (1,)),
        ("4", 0, (4,), (1,)),
    ],
)
def test_hostile_shapes_are_refused(
    count: object, offset: object, size: object, stride: object
) -> None:
    with pytest.raises(PickleError):
        run_pickle(tensor_program(count, offset, size, stride), floats(4))


def test_the_stride_of_a_single_element_may_be_anything() -> None:
    tensor = run_pickle(tensor_program(4, 1, (1, 3), (2**70, 1)), floats(4))
    assert isinstance(tensor, Tensor)
    assert tensor.tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("storage", "dtype"),
    [("HalfStorage", torch.float16), ("BFloat16Storage", torch.bfloat16)],
)
def test_storages_have_their_own_width(storage: str, dtype: torch.dtype) -> None:
    data = torch.tensor([1.0, -2.5], dtype=dtype)
    raw = bytearray(data.view(torch.uint8).tolist())
    tensor = run_pickle(tensor_program(2, 0, (2,), (1,), storage), lambda key: raw)
    assert isinstance(tensor, Tensor)
    assert torch.equal(tensor, data)


def members(**changed: bytes | None) -> dict[str, bytes]:
    parts = {
        "data.pkl": tensor_program(4, 0, (4,), (1,)),
        "byteorder": b"little",
        "data/0": FOUR_FLOATS,
        **{name.replace("__", "/").replace("_", "."): data for name, data in changed.items()},
    }
    return {name: data for name, data in parts.items() if data is not None}


def test_a_zip_of_one_tensor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    for parts in (members(), members(byteorder=None)):  # torch before 2.1 wrote no byte order
        write_zip(path, parts)
        tensor = read_torch_zip(path)
        assert isinstance(tensor, Tensor)
        assert tensor.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (members(byteorder=b"big"), "byte order is not little"),
        (members(data__0=None), "storage 0 is missing"),
        (members(data__0=b"1234"), "storage 0 has not the size"),
        (members(data_pkl=None), "not written by torch.save"),
        (members(data_pkl=b"\x80\x02" + b"N0" * (1 << 19) + b"N."), "over 1 MiB"),
        (members(data_pkl=b"\x80\x02N"), "damaged: "),
        (members(data_pkl=b"\x80\x02."), "damaged: "),
        (members(data_pkl=b""), "damaged: "),
        (members(data_pkl=pushed("../../etc/passwd") + b"."), None),
    ],
)
def test_each_fault_of_a_zip_has_its_sentence(
    tmp_path: Path, parts: dict[str, bytes], sentence: str | None
) -> None:
    path = tmp_path / "voice.pt"
    write_zip(path, parts)
    if sentence is None:
        assert read_torch_zip(path) == "../../etc/passwd"  # text stays text
        return
    with pytest.raises(UnavailableError, match=f"{path}.*{sentence}"):
        read_torch_zip(path)


def test_compressed_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    write_zip(path, members(data__0=bytes(1 << 24)), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 16
    with pytest.raises(UnavailableError, match="it has compressed members"):
        read_torch_zip(path)


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members(data__0=bytes(1 << 16)).items():
            archive.writestr(f"voice/{name}", data)
        archive.filelist.extend([archive.getinfo("voice/data/0")] * 100)
    with pytest.raises(UnavailableError, match="overlap"):
        read_torch_zip(path)


def test_what_is_no_zip_has_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "voice.pt"
    path.write_bytes(b"\x80\x02cos\nsystem\n.")
    with pytest.raises(UnavailableError, match="not a voice file"):
        read_torch_zip(path)
    with pytest.raises(UnavailableError, match="No such file"):
        read_torch_zip(tmp_path / "none.pt")
