from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vvcli.batch.inputs import Input
from vvcli.errors import UsageError
from vvcli.script.record import Record
from vvcli.script.sources import Form, check_files, is_readable, read_files


@pytest.fixture
def stdin(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "stdin").write_bytes(b"from stdin\nagain\n")
    descriptor = os.open(tmp_path / "stdin", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "a.txt").write_bytes(b"one\n\ntwo")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbfthree\n")
    return [tmp_path / name for name in ("a.txt", "empty.txt", "b.txt")]


def test_records_are_numbered_over_files_and_named_by_theirs(files: list[Path], stdin: int) -> None:
    a, empty, b = files
    found = list(read_files([a, empty, Path("-"), b, Path("-")], stdin))
    assert [record.index for record in found] == list(range(6))
    assert [record.text for record in found] == ["one", "", "two", "from stdin", "again", "three"]
    assert [record.source for record in found] == [
        *(f"{a}:1", f"{a}:2", f"{a}:3", "stdin:1", "stdin:2", f"{b}:1")
    ]


def read_in_speak(stdin: int, form: Form) -> list[Record]:
    return list(read_files([Path("-")], stdin, form))


def read_in_batch(stdin: int, form: Form) -> list[Record]:
    return list(Input(Path("-"), "stdin", form).records(0, stdin))


@pytest.mark.parametrize("read", [read_in_speak, read_in_batch])
@pytest.mark.parametrize(
    ("form", "pieces"),
    [
        (Form.LINES, (b"", b"on", b"e\n", b"two\n")),
        (Form.NULL, (b"", b"on", b"e\0", b"two\0")),
        (Form.PARAGRAPHS, (b"one", b"\n\n", b"two\n")),
        (Form.JSONL, (b"", b'{"text": ', b'"one"}\n{"text": "two"}')),
    ],
    ids=lambda value: value.name if isinstance(value, Form) else "",
)
def test_a_pause_of_a_non_blocking_pipe_is_not_its_end(
    read: Callable[[int, Form], list[Record]], form: Form, pieces: tuple[bytes, ...]
) -> None:
    end, start = os.pipe()
    os.set_blocking(end, False)

    def write() -> None:
        for piece in pieces:
            os.write(start, piece)
            time.sleep(0.05)  # the reader finds nothing
        os.close(start)

    writer = threading.Thread(target=write)
    writer.start()
    texts = [record.text for record in read(end, form) if not record.is_blank]
    writer.join()
    os.close(end)
    assert texts == ["one", "two"]


def test_whether_a_descriptor_of_any_number_can_be_read(
    high_descriptor: Callable[[int], int],
) -> None:
    end, start = os.pipe()
    high = high_descriptor(end)
    assert not is_readable(high, 0)
    os.write(start, b"x")
    assert is_readable(high, 0)
    for descriptor in (end, start, high):
        os.close(descriptor)


def test_standard_input_stays_open(stdin: int) -> None:
    assert len(list(read_files([Path("-")], stdin))) == 2
    assert os.fstat(stdin)


def test_a_file_is_opened_in_its_turn(files: list[Path]) -> None:
    records = read_files(files)
    assert next(records).text == "one"
    files[2].unlink()
    assert [next(records).text, next(records).text] == ["", "two"]
    with pytest.raises(UsageError, match=f"cannot read {files[2]}: No such file"):
        next(records)


def test_check_files_names_the_first_that_cannot_be_read(files: list[Path]) -> None:
    check_files([*files, Path("-")])
    for wrong, why in ((files[0] / "x", "Not a directory"), (files[0].parent, "Is a directory")):
        with pytest.raises(UsageError, match=f"cannot read {wrong}: {why}"):
            check_files([files[0], wrong, Path("/nowhere")])


def test_check_files_leaves_a_pipe_alone(tmp_path: Path) -> None:
    """Opening it would wait for a writer; closing it again would end that writer."""
    os.mkfifo(tmp_path / "fifo")
    check_files([tmp_path / "fifo"])


def test_standard_input_that_is_a_folder(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(UsageError, match="cannot read stdin: Is a directory"):
        list(read_files([Path("-")], descriptor))
    os.close(descriptor)
