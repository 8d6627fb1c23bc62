"""The file with the secret of a server: its owner's alone, and one word."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from vvcli.checkpoint.token_file import read_token
from vvcli.errors import UsageError

SECRET = "0123456789abcdef"  # noqa: S105 - of no server
REMEDY = "write another"


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n", "x" * 1024])
def test_a_token(tmp_path: Path, content: str) -> None:
    assert read_token(write(tmp_path / "token", content.encode()), REMEDY) == content.strip()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"short", b"x" * 1025, b"two words of it all", b"\xff" * 20, b"\0" * 20),
        *("ä".encode() * 16, f"{SECRET}\r\nX: y".encode(), b"x" * 3000, b"a b " * 600),
    ],
)
def test_a_token_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "token", content)
    sentence = re.escape(
        f"the token file {path} does not hold one word of 16 to 1024 characters: {REMEDY}"
    )
    with pytest.raises(UsageError, match=f"^{sentence}$"):
        read_token(path, REMEDY)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_others_can_use_it(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "token", SECRET.encode(), mode)
    with pytest.raises(UsageError, match=r"others can use the token file .*: run `chmod 600 "):
        read_token(path, REMEDY)


def test_another_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, owner = write(tmp_path / "token", SECRET.encode()), os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(UsageError, match="others can use"):
        read_token(path, REMEDY)


def test_no_regular_file(tmp_path: Path) -> None:
    path = write(tmp_path / "token", SECRET.encode())
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, reason in (
        ("link", "it is a link"),
        ("pipe", "it is not a regular file"),
        (".", "Is a directory"),
        ("none", "No such file"),
    ):
        with pytest.raises(UsageError, match=f"cannot read the token file .*{reason}"):
            read_token(tmp_path / name, REMEDY)
