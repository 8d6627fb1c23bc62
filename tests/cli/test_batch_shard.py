"""`vvcli batch --shard`: what is asked, what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import TINY, InProcess

SCRIPT = "\n".join(f"Line {n}." for n in range(12))
MODEL = ("-q", "-m", TINY, "-V", "Ada")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("script.txt").write_text(SCRIPT)


Capture = pytest.CaptureFixture[str]


def planned(capsys: Capture) -> list[tuple[str, str]]:
    """Decisions and paths, as they were printed."""
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    return [(decision, path) for decision, path, _ in lines]


def test_dry_runs_of_all_shares_make_the_whole(vvcli: InProcess, capsys: Capture) -> None:
    vvcli("batch", "script.txt", "-d", "out", "--dry-run", *MODEL)
    whole = planned(capsys)
    found = []
    for number in (1, 2, 3):
        share = f"{number}/3"
        result = vvcli("batch", "script.txt", "-d", "out", "--dry-run", "--shard", share, *MODEL)
        assert result.status == 0
        names = planned(capsys)
        assert f"share {share}: {len(names)} of 12 files\n" in result.stderr
        found += names
    assert len(whole) == 12
    assert sorted(found) == whole
    assert not Path("out").exists()


@pytest.mark.slow
def test_shares_make_the_files_of_a_whole_run(
    vvcli: InProcess, one_step: None, capsys: Capture
) -> None:
    options = ("--deterministic", *MODEL)
    assert vvcli("batch", "script.txt", "-d", "whole", *options).status == 0
    summaries = []
    for share in ("1/2", "2/2"):
        command = ("script.txt", "-d", "out", "--shard", share, "--summary", "summary.json")
        assert vvcli("batch", *command, *options).status == 0
        summaries.append(json.loads(Path("summary.json").read_text()))
    assert [each["shard"] for each in summaries] == ["1/2", "2/2"]
    assert sum(each["files"]["ok"] for each in summaries) == 12
    for path in Path("whole/script").iterdir():
        assert (Path("out/script") / path.name).read_bytes() == path.read_bytes()
    assert {path.name for path in Path("out").iterdir()} == {
        *("manifest.1-2.jsonl", "manifest.2-2.jsonl", "script")
    }
    capsys.readouterr()
    for shares in (("--shard", "1/2"), ("--shard", "1/5"), ()):
        assert vvcli("batch", "script.txt", "-d", "out", "--dry-run", *shares, *options).status == 0
        assert {decision for decision, _ in planned(capsys)} == {"done"}


def test_an_empty_share_is_no_error(vvcli: InProcess) -> None:
    Path("one.txt").write_text("One line.")
    results = [
        vvcli("batch", "one.txt", "-d", "out", "--shard", f"{n}/999", "-m", TINY) for n in (1, 2)
    ]
    assert [result.status for result in results] == [0, 0]
    assert [result.stderr for result in results] == [
        f"vvcli: share {n}/999: 0 of 1 files\n" for n in (1, 2)
    ]
    assert not Path("out").exists()


@pytest.mark.parametrize("share", ["", "3", "0/4", "5/4", "a/b", "1/2/3", "1/1000001", "9" * 5000])
def test_a_wrong_share_is_a_sentence(vvcli: InProcess, share: str) -> None:
    result = vvcli("batch", "script.txt", "-d", "out", "--shard", share, *MODEL)
    assert result.status == 2
    assert "--shard" in result.error
    limits = "is not a share: it is I/N with N from 1 to 1000000 and I from 1 to N, as in 3/16"
    assert limits in result.error or "it is empty" in result.error
    assert len(result.error) < 300


@pytest.mark.parametrize("other", [["--join"], ["--book", "book.mp3"]])
def test_one_file_of_many_records_has_no_shares(vvcli: InProcess, other: list[str]) -> None:
    result = vvcli("batch", "script.txt", "-d", "out", "--shard", "1/2", *other, *MODEL)
    assert result.status == 2
    assert "--shard" in result.error
    assert other[0] in result.error


def test_a_share_is_of_a_run_and_not_in_the_config_file(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("config.toml").write_text('[batch]\nshard = "1/2"\n')
    monkeypatch.setenv("VVCLI_CONFIG", "config.toml")
    result = vvcli("batch", "script.txt", "-d", "out", *MODEL)
    assert result.status == 2
    assert "batch has no option 'shard'" in result.error
