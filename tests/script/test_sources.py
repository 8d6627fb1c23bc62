from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vvcli.errors import UsageError
from vvcli.script.sources import check_files, read_files


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
