from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.fakes import layout, lines, plan
from vvcli.batch.containment import OutputFolder
from vvcli.batch.inputs import Input, expand
from vvcli.batch.plan import Job, Plan, read_records
from vvcli.batch.record_list import RecordList
from vvcli.errors import UsageError
from vvcli.script.record import Record

OUT = Path("/nowhere/out")


def paths(jobs: list[Job]) -> list[str | None]:
    return [None if job.path is None else str(job.path) for job in jobs]


def test_numbers_are_lines_and_blank_ones_have_no_file() -> None:
    jobs = plan(OUT, lines("One.", "", "Three."))
    assert paths(jobs) == ["book/00001.wav", None, "book/00003.wav"]
    assert [job.index for job in jobs] == [0, 1, 2]


def test_inputs_are_numbered_through(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_text("One.\n\nThree.\n")
    (tmp_path / "b/x.txt").write_text("Four.\n")
    (tmp_path / "c.jsonl").write_text('{"text": "Five."}\n\n{"text": "Six.", "output": "six"}\n')
    read = read_records(expand([tmp_path, tmp_path / "c.jsonl"]).files)
    jobs = list(Plan(read, OutputFolder(OUT), layout()).checked())
    assert [(job.index, job.text) for job in jobs] == [
        *((0, "One."), (1, ""), (2, "Three."), (3, "Four."), (4, "Five."), (5, "Six."))
    ]
    assert paths(jobs) == [
        *("a/00001.wav", None, "a/00003.wav", "b/x/00001.wav", "c/00001.wav", "six.wav")
    ]
    assert list(Plan(read, OutputFolder(OUT), layout())) == jobs


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("a.wav", "a.wav"),
        ("a", "a.wav"),
        ("a.WAV", "a.WAV"),
        ("a.mp3", "a.mp3.wav"),
        ("x/.wav", "x/.wav.wav"),
    ],
)
def test_suffixes(output: str, path: str) -> None:
    assert paths(plan(OUT, lines("Hello.", output=output))) == [path]


def test_names_from_ids_voices_and_words() -> None:
    records = [Record(0, "Hello there.", id="a/1"), Record(1, "Yes!", id="b", voice="Ben")]
    shape = layout("{voice}/{id}-{slug}-{n}")
    assert paths(plan(OUT, records, shape)) == ["Ada/a/1-hello-there-1.wav", "Ben/b-yes-2.wav"]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (Record(0, "Hi.", "l:1", id="../x"), r"l:1: '\.\./x\.wav' has '\.\.' in it"),
        (Record(0, "Hi.", "l:1", id="/x"), "l:1: .* is an absolute path"),
        (Record(0, "Hi.", "l:1", id="x" * 260), "l:1: .* is too long"),
        (Record(0, "Hi.", "l:1", id="a\0"), "l:1: .* control character"),
        (Record(0, "Hi.", "l:1"), "l:1 has no id"),
        (Record(0, "Hi.", "l:1", id="x", output="a/"), "l:1: 'a/' is not the name of a file"),
    ],
)
def test_names_that_cannot_be(record: Record, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        plan(OUT, [record], layout("{id}"))
    of_id = "name" if record.id is None else "rename"
    assert caught.value.remedy == (None if record.output else of_id)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (("a", "b", "a"), "l:1 and l:3 both make a.wav"),
        (("a", "A"), "l:1 and l:2 both make A.wav"),
        (("é", "e\u0301"), "both make"),
        (("a", "a.wav"), "both make a.wav"),
        (("a", "a.wav/b"), "l:1 makes the file a.wav, l:2 a folder of that name"),
        (("A.WAV/c/b", "a"), "l:2 makes the file a.wav, l:1 a folder"),
        (("a", "a.wav.part/b"), "l:1 makes the file a.wav, l:2 a folder"),
        (("manifest.jsonl/x",), "the manifest makes the file manifest.jsonl"),
        (("a",) * 9, "; and 5 more"),
    ],
)
def test_collisions(outputs: tuple[str, ...], words: str) -> None:
    records = [Record(i, "x", f"l:{i + 1}", output=name) for i, name in enumerate(outputs)]
    with pytest.raises(UsageError, match=words):
        plan(OUT, records)


def test_a_link_does_not_hide_a_collision(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    records = [Record(0, "x", "l:1", output="real/a"), Record(1, "x", "l:2", output="link/a")]
    with pytest.raises(UsageError, match="both make"):
        plan(tmp_path, records)


@given(st.lists(st.text(st.sampled_from("ab/."), min_size=1, max_size=5), max_size=6))
def test_paths_are_different_and_safe_or_refused(outputs: list[str]) -> None:
    records = [Record(i, "x", output=name) for i, name in enumerate(outputs)]
    try:
        jobs = plan(OUT, records)
    except UsageError:
        return
    found = [path for path in paths(jobs) if path is not None]
    assert len({path.casefold() for path in found}) == len(outputs)
    assert not any(".." in PurePosixPath(path).parts for path in found)


def test_join_makes_one_file_an_input() -> None:
    one, two = lines("One.", "", "Three."), lines("Four.", "", first=3)
    read = [
        (Input(Path("a.txt"), "a"), RecordList(one, 0, "book.txt:")),
        (Input(Path("b.txt"), "b"), RecordList(two, 3, "book.txt:")),
    ]
    shape = layout("{n}-{stem}-{slug}", join=True, gap=0.5)
    jobs = list(Plan(read, OutputFolder(OUT), shape).checked())
    assert paths(jobs) == ["1-a-one.wav", "2-b-four.wav"]
    assert [(job.index, job.text, job.id) for job in jobs] == [
        (0, "One.\nThree.", None),
        (3, "Four.", None),
    ]
    assert [job.gaps for job in jobs] == [(0.5, 0.0, 0.0), (0.0, 0.0)]
    assert jobs[0].voice == "Ada"


def test_silence_a_record_asks_for_is_made_in_any_case() -> None:
    records = [
        Record(0, "One.", silence_after=2.0),
        Record(1, "Two."),
        Record(2, "Three.", silence_after=1.0),
    ]
    assert [job.gaps for job in plan(OUT, records)] == [(2.0,), (0.0,), (1.0,)]
    assert plan(OUT, records, layout("{stem}", join=True))[0].gaps == (2.0, 0.1, 1.0)


def test_what_join_cannot_do() -> None:
    with pytest.raises(UsageError, match=r"has no {id}"):
        plan(OUT, lines("One."), layout("{id}", join=True))
    with pytest.raises(UsageError, match='1 has an "output"'):
        plan(OUT, lines("One.", output="x"), layout("{stem}", join=True))
    assert paths(plan(OUT, lines("", " "), layout("{stem}", join=True))) == [None]


def test_a_wrong_line_in_a_manifest_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Hi."}\n{"txt": "Hi."}\n{\n')
    with pytest.raises(UsageError, match=r'a\.jsonl:2: unknown key "txt".* \(and 1 more\)'):
        read_records(expand([tmp_path / "a.jsonl"]).files)
