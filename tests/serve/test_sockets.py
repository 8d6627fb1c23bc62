"""Where a server may listen, and what it may read: folders, files, addresses, systemd."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from vvcli.errors import OutputError, UnavailableError, UsageError
from vvcli.serve.access_log import AccessLog
from vvcli.serve.tcp_socket import listen, parse_address
from vvcli.serve.unix_socket import UnixSocket, default_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_the_socket_is_its_owners_alone(folder: Path) -> None:
    mask = os.umask(0)
    try:
        server = UnixSocket(folder / "s")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((folder / "s").lstat().st_mode) == 0o600
    server.close()
    assert [*folder.iterdir()] == []
    other = UnixSocket(folder / "s")
    server.close()  # twice is once: it does not touch the other one's
    with pytest.raises(UnavailableError, match="already"):
        UnixSocket(folder / "s")
    other.close()


def test_a_lock_that_is_removed_while_it_is_waited_for_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server opens the lock of one that ends before it is locked: the next one's is another."""
    ending = UnixSocket(folder / "s")
    lock, calls = fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            ending.close()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    server = UnixSocket(folder / "s")
    assert len(calls) == 2
    with pytest.raises(UnavailableError, match="already"):
        UnixSocket(folder / "s")
    server.close()
    assert [*folder.iterdir()] == []


def test_one_server_a_socket(folder: Path) -> None:
    server = UnixSocket(folder / "s")
    with pytest.raises(UnavailableError, match=r"a server listens at .* already"):
        UnixSocket(folder / "s")
    server.close()
    UnixSocket(folder / "s").close()


def test_a_socket_that_was_left_behind_is_replaced(folder: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(folder / "s"))
    left.close()
    server = UnixSocket(folder / "s")
    server.close()


def test_a_socket_that_somebody_listens_at_is_not(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "s"))
        other.listen()
        with pytest.raises(UnavailableError, match="already"):
            UnixSocket(folder / "s")
        assert (folder / "s").is_socket()


def test_nothing_else_is_replaced(folder: Path) -> None:
    (folder / "file").write_text("mine")
    (folder / "link").symlink_to(folder / "file")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="there is a file that is no socket of ours"):
            UnixSocket(folder / name)
    assert {path.name for path in folder.iterdir()} == {"file", "link"}
    assert (folder / "file").read_text() == "mine"
    (folder / "s.lock").symlink_to(folder / "file")
    with pytest.raises(UnavailableError, match=r"cannot use .*s\.lock"):
        UnixSocket(folder / "s")


def test_the_socket_of_another_server_is_not_removed(folder: Path) -> None:
    server = UnixSocket(folder / "s")
    (folder / "s").unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "s"))
        server.close()
        assert (folder / "s").is_socket()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777, 0o707])
def test_a_folder_that_others_write_to(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(UsageError, match="other users can write to its folder"):
        UnixSocket(folder / "s")
    assert [*folder.iterdir()] == []


def test_a_path_that_cannot_be(folder: Path) -> None:
    with pytest.raises(UnavailableError, match="No such file"):
        UnixSocket(folder / "none" / "s")
    with pytest.raises(UnavailableError, match="cannot listen at"):
        UnixSocket(folder / ("x" * 150))
    assert [*folder.iterdir()] == []


def test_the_default_is_in_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert default_path() == Path("/run/user/7/vvcli.sock")
    for value in ("", "relative/run"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", value)
        assert default_path() is None
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert default_path() is None


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:8880", ("127.0.0.1", 8880)), ("[::1]:0", ("::1", 0)), ("a.b:1", ("a.b", 1))],
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    assert parse_address(text) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "8880", ":8880", "::1:8880"),
        *("a:b", "a:65536", "a:-1", "a:１", "a:" + "9" * 5000),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not HOST:PORT( with a PORT from 0 to 65535|: an I)"):
        parse_address(text)


def test_beyond_loopback_only_with_a_token() -> None:
    for host in ("0.0.0.0", "::"):  # noqa: S104
        with pytest.raises(UsageError, match="that needs a token") as caught:
            listen(host, 0, has_token=False)
        assert caught.value.remedy == "token file"
    (found,) = listen("127.0.0.1", 0, has_token=False)
    port = found.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"cannot listen at 127.0.0.1:{port}: "):
        listen("127.0.0.1", port, has_token=False)
    found.close()


def test_a_line_of_the_log_is_one_line_of_ascii(folder: Path) -> None:
    path = folder / "log"
    log = AccessLog(path)
    log.write("request", path="/\n\x1b[2J\u2028é\ud800")
    path.rename(folder / "old")
    log.write("request", path="/two")
    log.reopen()
    log.write("request", path="/three")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().count(b"\n") == 1
    old = (folder / "old").read_bytes()
    assert (old.count(b"\n"), old.isascii()) == (2, True)
    assert b"\x1b" not in old
    path.unlink()
    path.symlink_to(folder / "old")
    log.reopen()  # it stays where it was
    log.write("request")
    assert (folder / "old").read_bytes() == old
    with pytest.raises(OutputError, match="cannot write to"):
        AccessLog(path)


def test_a_log_that_is_full_is_said_once(folder: Path) -> None:
    said: list[str] = []
    log = AccessLog(Path("/dev/full"), said.append)
    log.write("request")
    log.write("request")
    (sentence,) = said
    assert sentence.startswith("requests are not logged: cannot write to /dev/full: No space")


ACTIVATED = """
import os, socket, sys
from vvcli.errors import UsageError
from vvcli.serve.systemd import inherited
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.dup2(int(sys.argv[2]), 3)
try:
    (found,) = inherited(has_token=sys.argv[1] == "token")
    print(found.getsockname(), os.get_inheritable(found.fileno()), "LISTEN_FDS" in os.environ)
except UsageError as error:
    print(error)
"""


def activated(listener: socket.socket, *, token: str = "") -> str:
    """What a process says that was started with `listener`."""
    done = subprocess.run(
        [sys.executable, "-c", ACTIVATED, token, str(listener.fileno())],
        pass_fds=[listener.fileno()],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_sockets_from_systemd(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(folder / "s"))
        (folder / "s").chmod(0o600)
        assert "does not listen" in activated(local)
        local.listen()
        assert activated(local) == f"{folder / 's'} False False"
        (folder / "s").chmod(0o660)
        assert "SocketMode=0600" in activated(local)
    with socket.socket() as loopback:
        loopback.bind(("127.0.0.1", 0))
        loopback.listen()
        assert activated(loopback).startswith("('127.0.0.1', ")
    with socket.socket() as everywhere:
        everywhere.bind(("", 0))
        everywhere.listen(1)
        assert "that needs a token" in activated(everywhere)
        assert activated(everywhere, token="token").startswith("('0.0.0.0', ")  # noqa: S106
