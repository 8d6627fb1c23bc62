"""Files that configure a run are regular and bounded, and reading one never waits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vvcli.checkpoint.regular_file import open_regular, read_bounded


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(OSError, match="longer than 4 bytes"):
        read_bounded(path, 4)


@pytest.mark.parametrize("name", ["fifo", "link", "folder", "zero", "loop", "a\0b", "\ud800"])
def test_what_is_no_regular_file_is_an_oserror_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(OSError) as caught:  # noqa: PT011 - any message
        read_bounded(tmp_path / name, 100)
    assert caught.value.strerror


def test_a_link_is_refused_where_none_may_be_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert read_bounded(tmp_path / "link", 10) == b"text"
    with pytest.raises(OSError, match="it is a link"):
        open_regular(tmp_path / "link", follow_links=False)
