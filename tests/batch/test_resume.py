"""A run, and the same run again: what is made, kept, refused and recovered."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.batch.fakes import files, layout, lines, make_runner, plan, run, speak
from vvcli.batch.entry import Outcome
from vvcli.batch.job_steps import JobSteps
from vvcli.batch.manifest import FILE_NAME, Manifest, read_entries
from vvcli.batch.resume import Decision, Existing, JobStep
from vvcli.errors import OutputError, UsageError
from vvcli.script.record import Record

TEXTS = ("One.", "Two.", "", "fail", "Five, cut.", "Six.")


def decisions(steps: list[JobStep]) -> str:
    return "".join(step.decision.name[0] for step in steps)


def test_a_second_run_makes_nothing(tmp_path: Path) -> None:
    jobs = plan(tmp_path, lines(*TEXTS))
    steps, made = run(tmp_path, jobs)
    assert decisions(steps) == "MMBMMM"
    assert [entry.status.value for entry in made] == ["ok", "ok", "failed", "truncated", "ok"]
    manifest = (tmp_path / FILE_NAME).read_bytes()
    before = files(tmp_path)
    assert len(before) == 4
    steps, made = run(tmp_path, jobs)
    assert (decisions(steps), made) == ("DDBFDD", [])
    assert (tmp_path / FILE_NAME).read_bytes() == manifest
    assert files(tmp_path) == before


def test_retrying_what_failed(tmp_path: Path) -> None:
    jobs = plan(tmp_path, lines(*TEXTS))
    run(tmp_path, jobs)
    steps, made = run(tmp_path, jobs, retry_failed=True)
    assert decisions(steps) == "DDBMMD"
    assert [entry.index for entry in made] == [3, 4]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8),
    st.lists(st.integers(0, 16), max_size=3),
    st.booleans(),
)
def test_stopped_anywhere_and_resumed_is_as_if_never_stopped(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], stops: list[int], join: bool
) -> None:
    folder = tmp_path_factory.mktemp("run")
    shape = layout("{stem}", join=True) if join else None
    for limit in [*stops, None]:
        run(folder / "parts", plan(folder / "parts", lines(*texts), shape), limit=limit)
    run(folder / "whole", plan(folder / "whole", lines(*texts), shape))
    assert files(folder / "parts") == files(folder / "whole")
    assert read_entries(folder / "parts") == read_entries(folder / "whole")
    for name in ("parts", "whole"):
        entries = (folder / name / FILE_NAME).read_text().splitlines()
        keys = [(json.loads(line)["audio_filepath"], json.loads(line)["index"]) for line in entries]
        assert len(keys) == len(set(keys))


def test_changed_text_is_in_the_way(tmp_path: Path) -> None:
    run(tmp_path, plan(tmp_path, lines("One.", "Two.", "Three.")))
    old = files(tmp_path)
    jobs = plan(tmp_path, lines("One.", "Other.", "Three.", "Four."))
    with pytest.raises(UsageError, match=r"00002\.wav was made from another text"):
        run(tmp_path, jobs)
    assert files(tmp_path) == old

    steps, made = run(tmp_path, jobs, Existing.SKIP)
    assert decisions(steps) == "DKDM"
    assert [entry.index for entry in made] == [3]
    assert files(tmp_path).items() > old.items()
    assert read_entries(tmp_path)["book/00002.wav"].status is Outcome.SKIPPED
    size = (tmp_path / FILE_NAME).stat().st_size
    steps, _ = run(tmp_path, jobs, Existing.SKIP)
    assert decisions(steps) == "DKDD"
    assert (tmp_path / FILE_NAME).stat().st_size == size

    steps, made = run(tmp_path, jobs, Existing.OVERWRITE)
    assert decisions(steps) == "DMDD"
    assert files(tmp_path)["book/00002.wav"] != old["book/00002.wav"]
    steps, _ = run(tmp_path, jobs)
    assert decisions(steps) == "DDDD"


def test_what_another_command_kept_is_still_done_for_the_one_that_made_it(tmp_path: Path) -> None:
    ours, others = (plan(tmp_path, lines(*texts)) for texts in (("One.", "Two."), ("1", "2")))
    run(tmp_path, ours)
    for _ in range(2):
        steps, made = run(tmp_path, others, Existing.SKIP)
        assert (decisions(steps), made) == ("KK", [])
        assert {step.in_the_way for step in steps} == {
            "it was made from another text, voice or options"
        }
    manifest = (tmp_path / FILE_NAME).read_text()
    assert manifest.count("another file of this name is there") == 2, "each is noted once"
    steps, made = run(tmp_path, ours)
    assert (decisions(steps), made) == ("DD", [])
    again = JobSteps(ours, steps, read_entries(tmp_path))
    assert [step.entry and step.entry.samples for step in again] == [
        step.entry and step.entry.samples for step in steps
    ]
    with pytest.raises(UsageError, match="was made from another text"):
        run(tmp_path, others)
    (tmp_path / str(ours[0].path)).write_bytes(b"changed")
    with pytest.raises(UsageError, match="is not what this command makes"):
        run(tmp_path, ours)


def moved(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)


def without_manifest(folder: Path) -> None:
    (folder / FILE_NAME).unlink()


@pytest.mark.parametrize("remove", [moved, emptied, without_manifest])
@pytest.mark.parametrize("chunks", range(1, 5))
def test_a_folder_that_goes_in_the_middle_ends_the_run(
    tmp_path: Path, remove: Callable[[Path], None], chunks: int
) -> None:
    out = tmp_path / "out"
    jobs = plan(out, lines("One.", "Two.", "Three."), layout("{n}"))
    with Manifest(out) as manifest:
        runner = make_runner(manifest, out)
        steps = [JobStep(job, Decision.MAKE) for job in jobs]
        events = runner.make(steps, speak(record for job in jobs for record in job.records))
        for _ in range(chunks):
            next(events)
        remove(out)
        with pytest.raises(OutputError, match=r"cannot write to|has removed or replaced"):
            list(events)
    assert not out.exists() or not (out / FILE_NAME).exists()
    # Nothing has a name that no manifest has.
    left = out.with_name("moved") if remove is moved else out
    named = {name for name in files(left) if not name.endswith(".part")} if left.exists() else set()
    assert named <= {entry.audio_filepath for entry in read_entries(left).values()} or (
        remove is without_manifest
    )


def test_a_file_of_another_length_is_in_the_way(tmp_path: Path) -> None:
    jobs = plan(tmp_path, lines("One."))
    run(tmp_path, jobs)
    whole = files(tmp_path)
    os.truncate(tmp_path / "book/00001.wav", 50)
    with pytest.raises(UsageError, match="00001"):
        run(tmp_path, jobs)
    run(tmp_path, jobs, Existing.OVERWRITE)
    assert files(tmp_path) == whole


def test_a_file_of_somebody_else_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book/00001.wav").write_bytes(b"theirs")
    (tmp_path / "book/00002.wav").symlink_to(tmp_path / "theirs")
    jobs = plan(tmp_path, lines("One.", "Two."))
    with pytest.raises(UsageError, match=r"00001\.wav \(and 1 more\) is there"):
        run(tmp_path, jobs)
    run(tmp_path, jobs, Existing.SKIP)
    assert (tmp_path / "book/00001.wav").read_bytes() == b"theirs"
    run(tmp_path, jobs, Existing.OVERWRITE)
    assert not (tmp_path / "book/00002.wav").is_symlink()
    assert not (tmp_path / "theirs").exists()


def test_a_deleted_file_is_made_again(tmp_path: Path) -> None:
    jobs = plan(tmp_path, lines("One.", "Two."))
    run(tmp_path, jobs)
    whole = files(tmp_path)
    (tmp_path / "book/00002.wav").unlink()
    steps, _ = run(tmp_path, jobs)
    assert decisions(steps) == "DM"
    assert files(tmp_path) == whole


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "book/00001.wav").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"00001\.wav is a folder"):
        run(tmp_path, plan(tmp_path, lines("One.")), Existing.OVERWRITE)


def test_a_line_put_in_front_leaves_named_files_as_they_are(tmp_path: Path) -> None:
    old = [Record(0, "One.", id="a"), Record(1, "Two.", id="b")]
    new = [Record(0, "Zero.", id="z"), Record(1, "One.", id="a"), Record(2, "Two.", id="b")]
    run(tmp_path, plan(tmp_path, old, layout("{id}")))
    steps, _ = run(tmp_path, plan(tmp_path, new, layout("{id}")))
    assert decisions(steps) == "MDD"


def cut_off(folder: Path) -> Path:
    """As a crash leaves it between a file's entry and its name."""
    run(folder, plan(folder, lines("One.", "Two.")))
    path = folder / "book/00002.wav"
    return path.rename(f"{path}.part")


def test_a_whole_file_without_its_name_gets_it(tmp_path: Path) -> None:
    part = cut_off(tmp_path)
    inode = part.stat().st_ino
    steps, made = run(tmp_path, plan(tmp_path, lines("One.", "Two.")))
    assert (decisions(steps), made) == ("DD", [])
    assert part.with_suffix("").stat().st_ino == inode
    assert not part.exists()


def test_a_part_that_is_not_whole_is_made_anew(tmp_path: Path) -> None:
    part = cut_off(tmp_path)
    whole = part.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        part.with_suffix("").unlink(missing_ok=True)
        part.write_bytes(damaged)
        steps, _ = run(tmp_path, plan(tmp_path, lines("One.", "Two.")))
        assert decisions(steps) == "DM"
        assert part.with_suffix("").read_bytes() == whole
        assert not part.exists()


def test_a_part_is_not_followed_when_it_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "out/book").mkdir(parents=True)
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out/book/00001.wav.part").symlink_to(tmp_path / "precious")
    run(tmp_path / "out", plan(tmp_path / "out", lines("One.")))
    assert (tmp_path / "precious").read_text() == "precious"
    assert set(files(tmp_path / "out")) == {"book/00001.wav"}


def test_a_hostile_manifest_moves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, plan(out, lines("One.")))
    (tmp_path / "x.wav.part").write_bytes((out / "book/00001.wav").read_bytes())
    line = json.loads((out / FILE_NAME).read_text())
    for path in ("../x.wav", str(tmp_path / "x.wav"), "a\0", ""):
        (out / FILE_NAME).write_text(json.dumps(line | {"audio_filepath": path}) + "\n")
        run(out, plan(out, lines("One.")), Existing.SKIP)
    assert (tmp_path / "x.wav.part").exists()
    assert not (tmp_path / "x.wav").exists()
