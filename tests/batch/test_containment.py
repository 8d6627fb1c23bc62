from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vvcli.batch.containment import OutputFolder, same_name
from vvcli.batch.staging import StagedFile
from vvcli.errors import OutputError, UsageError


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "not the name of a file"),
        ("a/", "not the name of a file"),
        ("/etc/x.wav", "absolute"),
        ("//x.wav", "absolute"),
        ("../x.wav", "'..' in it"),
        ("a/../../x.wav", "'..' in it"),
        ("a/./x.wav", "'.' in it"),
        ("a//x.wav", "'//' in it"),
        (".", "'.' in it"),
        ("a\0.wav", "control character .0x00"),
        ("a\n.wav", "control character .0x0a"),
        ("a\x1b[31m.wav", "control character"),
        (251 * "x", "too long"),
        (f"{251 * 'x'}/y", "too long"),
        (126 * "é", "too long"),
        ("/".join(5000 * "x"), "too long"),
        ("\ud800.wav", "not valid Unicode"),
    ],
)
def test_names_that_are_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        OutputFolder(tmp_path).place(name)


@pytest.mark.parametrize("name", ["x.wav", "a/b/c.wav", "...", "a..b", "~x", "-x", 250 * "x"])
def test_names_that_are_not(tmp_path: Path, name: str) -> None:
    assert OutputFolder(tmp_path).place(name) == name


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "away").symlink_to(tmp_path)
    (out / "far").symlink_to("/nowhere/at/all")
    for name in ("away/x.wav", "away/deeper/x.wav", "far/x.wav"):
        with pytest.raises(UsageError, match="leads out of"):
            OutputFolder(out).place(name)
    assert OutputFolder(out).place("away") == "away"  # replaced, not followed


def test_a_link_within_the_folder_is_one_file_by_two_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    folder = OutputFolder(tmp_path)
    assert folder.place("link/x.wav") == folder.place("real/x.wav") == "real/x.wav"


def test_the_folder_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    assert OutputFolder(tmp_path / "out").place("a/x.wav") == "a/x.wav"


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="is not a folder"):
        OutputFolder(tmp_path).place("a/x.wav")


def test_a_file_where_a_folder_goes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(UsageError, match="a is not a folder"):
        OutputFolder(tmp_path).place("a/b/x.wav")
    with pytest.raises(UsageError, match="a is not a folder"):
        OutputFolder(tmp_path / "a").place("x.wav")


@pytest.mark.parametrize(
    ("flags", "reason"), [(os.ST_RDONLY, "Read-only file system"), (0, "Permission denied")]
)
def test_where_nothing_can_be_written_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int, reason: str
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=flags))
    with pytest.raises(OutputError, match=f"cannot write to {tmp_path / 'out'}: {reason}"):
        OutputFolder(tmp_path / "out").check_writable()


def test_a_folder_that_becomes_a_link_leads_nowhere(tmp_path: Path) -> None:
    """Planted between the plan and the file."""
    out = tmp_path / "out"
    folder = OutputFolder(out)
    name = folder.place("a/b/x.wav")
    (tmp_path / "away/b").mkdir(parents=True)
    out.mkdir()
    (out / "a").symlink_to("../away")
    for make in (True, False):
        with pytest.raises(OutputError, match=r"a/b/x\.wav: (Not a directory|Too many levels)"):
            folder.open_parent(name, make=make)
    with pytest.raises(OutputError):
        StagedFile(folder, name)
    assert list((tmp_path / "away/b").iterdir()) == []
    assert list(out.iterdir()) == [out / "a"]


def test_a_folder_that_is_not_there_is_made_or_not(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        folder.open_parent("a/x.wav")
    os.close(folder.open_parent("a/x.wav", make=True))
    assert (tmp_path / "out/a").is_dir()


def test_a_folder_below_one_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OutputError, match="cannot write to out: No such file"):
        OutputFolder(Path("out"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_files_are_made_in_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o333)
    os.close(OutputFolder(tmp_path).open_parent("a/x.wav"))


PIECES = st.sampled_from(
    [
        "..",
        ".",
        "/",
        "//",
        "a",
        "link",
        "up",
        "\0",
        "\n",
        "é",
        "~",
        "\\",
        " ",
        "..\\",
        "%2e",
        "\udc80",
    ]
)


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20))
def test_whatever_is_accepted_stays_inside(name: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        out = Path(parent, "out")
        (out / "a").mkdir(parents=True)
        (out / "link").symlink_to("a")
        (out / "up").symlink_to("..")
        try:
            path = out / OutputFolder(out).place(name)
        except UsageError:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.is_dir() or path.is_symlink() or path.name == "a"
        real = Path(os.path.realpath(path.parent))
        assert real == Path(os.path.realpath(out)) or Path(os.path.realpath(out)) in real.parents


@pytest.mark.parametrize(
    ("one", "other"), [("A/b.wav", "a/B.wav"), ("é.wav", "e\u0301.wav"), ("Straße", "STRASSE")]
)
def test_names_that_some_system_takes_for_one(one: str, other: str) -> None:
    assert same_name(one) == same_name(other)
