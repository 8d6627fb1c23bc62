from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vvcli.batch.containment import OutputFolder, same_name
from vvcli.errors import UsageError


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
