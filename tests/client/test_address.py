from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vvcli.client import connect
from vvcli.client.address import ServerAddress, default_address, parse_address
from vvcli.client.connect import NotOursError
from vvcli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("/run/x.sock", ServerAddress("/run/x.sock"), "/run/x.sock"),
        ("unix:x.sock", ServerAddress("x.sock"), "x.sock"),
        ("./a b", ServerAddress("./a b"), "./a b"),
        ("http://localhost", ServerAddress(host="localhost", port=80), "http://localhost:80"),
        ("http://[::1]:8880/", ServerAddress(host="::1", port=8880), "http://[::1]:8880"),
    ],
)
def test_an_address(text: str, address: ServerAddress, shown: str) -> None:
    assert parse_address(text) == address
    assert str(address) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "unix:", "unix:a\0b", "https://a", "ftp://a", "http://a\r\nX: y", "http://::1"),
        *(
            "http://",
            "http://a:0",
            "http://a:65536",
            "http://u@a",
            "http://a/v1",
            "http://ä",
        ),
    ],
)
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


def test_the_socket_in_the_users_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    assert default_address() == ServerAddress("/run/user/1/vvcli.sock")
    for value in ("", "tmp"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", value)
        assert default_address() is None


@pytest.fixture
def listener(tmp_path: Path) -> ServerAddress:
    found = socket.socket(socket.AF_UNIX)
    found.bind(str(tmp_path / "s"))
    found.listen()
    found.detach()
    return ServerAddress(str(tmp_path / "s"))


def test_a_socket_of_our_own(listener: ServerAddress) -> None:
    connect.connect(listener).close()


def test_the_socket_of_another_user(
    listener: ServerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(NotOursError, match="belongs to another user"):
        connect.connect(listener)


def test_another_user_behind_a_file_of_our_own(
    listener: ServerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was replaced between the look at it and the connection."""
    monkeypatch.setattr(connect, "check_owner", lambda _: None)
    monkeypatch.setattr(connect, "SUPERUSER", -1)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(NotOursError, match="listens at"):
        connect.connect(listener)


def test_what_is_no_socket(listener: ServerAddress, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(listener.path)
    for name in ("file", "link"):
        with pytest.raises(NotOursError, match="is not a socket"):
            connect.connect(ServerAddress(str(tmp_path / name)))
    for path in (str(tmp_path / "none"), f"{tmp_path}/{'x' * 200}"):
        with pytest.raises(OSError, match=r"No such file|too long"):
            connect.connect(ServerAddress(path))
