"""`vvcli batch`: what is read, what is in the way, and what --dry-run says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.batch.fakes import files, layout
from tests.conftest import TINY, InProcess, Result
from tests.script.epubs import write_epub
from vvcli.batch.containment import OutputFolder
from vvcli.batch.inputs import expand
from vvcli.batch.plan import Plan, read_records

pytestmark = pytest.mark.usefixtures("one_step")

DATA = TINY.parent

Batch = Callable[..., Result]
DryRun = Callable[..., tuple[int, list[list[str]]]]


@pytest.fixture
def batch(vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """`vvcli batch` into `out`, with the tiny model and Ada, saying only what goes wrong."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, stdin: bytes = b"") -> Result:
        given = ["-q", "-d", "out", "-m", str(TINY), "-V", "Ada", *arguments]
        return vvcli("batch", *given, stdin=stdin)

    return call


@pytest.fixture
def dry(batch: Batch, capsys: pytest.CaptureFixture[str]) -> DryRun:
    """The status and the lines of --dry-run; it makes nothing."""

    def call(*arguments: str, stdin: bytes = b"") -> tuple[int, list[list[str]]]:
        before = sorted(Path().rglob("*"))
        result = batch("--dry-run", *arguments, stdin=stdin)
        new = set(Path().rglob("*")) - set(before)
        assert new <= {Path("stdin"), Path("stdout")}
        return result.status, [line.split("\t") for line in capsys.readouterr().out.splitlines()]

    return call


def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out/manifest.jsonl").read_text().splitlines()]


# --- what is read


@pytest.mark.parametrize(
    ("arguments", "stdin", "texts", "names"),
    [
        (["-0"], b"One\nline.\0Two.", ["One line.", "Two."], ["00001", "00002"]),
        (["--null"], b"One.\0\0Three.\0", ["One.", "Three."], ["00001", "00003"]),
        (["--paragraphs"], b"One\nmore.\n\n\nTwo.\n", ["One more.", "Two."], ["00001", "00002"]),
        (["--delimiter", "|"], b"a|One.\n\nb|Two|2.\n", ["One.", "Two|2."], ["00001", "00002"]),
        (["--delimiter", "::"], b"a::One.\n", ["One."], ["00001"]),
        (["--jsonl"], b'{"text": "One.", "id": "x"}\n', ["One."], ["00001"]),
    ],
)
def test_records_of_every_form(
    batch: Batch, arguments: list[str], stdin: bytes, texts: list[str], names: list[str]
) -> None:
    assert batch("-", *arguments, stdin=stdin).status == 0
    assert sorted(files(Path("out"))) == [f"stdin/{name}.wav" for name in names]
    assert [entry["text"] for entry in entries() if entry["text"]] == texts


def test_ids_of_lines_name_files(batch: Batch) -> None:
    assert batch("-", "--delimiter", "|", "--name", "{id}", stdin=b"a/x|One.\nb|Two.").status == 0
    assert sorted(files(Path("out"))) == ["a/x.wav", "b.wav"]
    assert [entry["id"] for entry in entries()] == ["a/x", "b"]


def test_paragraphs_of_a_file_joined(batch: Batch) -> None:
    Path("a.txt").write_text("One\nmore.\n\nTwo.\n")
    assert batch("a.txt", "--join", "--paragraphs").status == 0
    assert [entry["text"] for entry in entries()] == ["One more.\nTwo."]


def test_a_suffix_says_its_form_whatever_is_asked_for(dry: DryRun) -> None:
    Path("a.txt").write_text("One\nmore.\n\nTwo.\n")
    Path("b.jsonl").write_text('{"text": "Three."}\n')
    assert dry("a.txt", "b.jsonl", "--paragraphs") == (
        0,
        [
            ["make", "out/a/00001.wav", "One more."],
            ["make", "out/a/00002.wav", "Two."],
            ["make", "out/b/00001.wav", "Three."],
        ],
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-0", "--paragraphs"], "--null and --paragraphs cannot be used together"),
        (["--jsonl", "--delimiter", "|"], "cannot be used together"),
        (["--delimiter", ""], "--delimiter"),
        (["--jsonl"], "stdin:1: this is not JSON"),
    ],
)
def test_forms_that_cannot_be(batch: Batch, arguments: list[str], words: str) -> None:
    result = batch("-", *arguments, stdin=b"One.\n")
    assert result.status == 2
    assert words in result.error
    assert not Path("out").exists()


def book() -> None:
    Path("book").mkdir()
    Path("book/a.txt").write_text("One.\n")
    Path("book/b.rst").write_text("# Two\n")
    Path("book/c.txt").write_text("")
    Path("book/d.txt").write_text(" \n\n")
    Path("book/.hidden").write_text("")
    Path("book/cover.jpg").write_bytes(b"\xff\xd8")


def test_files_that_are_not_read_are_said(dry: DryRun, vvcli: InProcess) -> None:
    book()
    assert dry("book") == (
        0,
        [
            ["make", "out/a/00001.wav", "One."],
            ["skip", "book/b.rst", "not .txt, .md or .epub"],
            ["skip", "book/cover.jpg", "not .txt, .md or .epub"],
            ["skip", "book/c.txt", "empty"],
            ["skip", "book/d.txt", "empty"],
        ],
    )
    options = ["-d", "out", "-m", TINY, "-V", "Ada", "--progress", "plain"]
    found = vvcli("batch", "book", *options).stderr
    assert "2 files are skipped, not .txt, .md or .epub: book/b.rst, book/cover.jpg" in found
    assert "2 files are skipped, empty: book/c.txt, book/d.txt" in found


def test_a_book_makes_a_file_a_chapter(dry: DryRun) -> None:
    write_epub(Path("moby.epub"), chapters=2)
    status, lines = dry("moby.epub", "--join")
    assert (status, [line[:2] for line in lines]) == (
        0,
        [["make", "out/moby/01.wav"], ["make", "out/moby/02.wav"]],
    )
    _, lines = dry("moby.epub")
    assert lines[3] == ["make", "out/moby/01/00004.wav", "2. Another."]
    assert len(lines) == 14


def test_files_of_other_names_are_asked_for(dry: DryRun) -> None:
    book()
    status, lines = dry("book", "--glob", "*.rst")
    assert (status, lines[0]) == (0, ["make", "out/b/00001.wav", "# Two"])
    assert ["skip", "book/a.txt", "not *.rst"] in lines


def test_what_an_earlier_run_made_is_not_said(dry: DryRun, batch: Batch) -> None:
    Path("a.txt").write_text("One.\n")
    Path("b.rst").write_text("Two.\n")
    assert batch(".", "-d", ".").status == 0
    Path("a/00001.wav.part").write_bytes(b"left")
    status, lines = dry(".", "-d", ".")
    assert (status, [line for line in lines if line[0] != "skip"]) == (
        0,
        [["done", "./a/00001.wav", "One."]],
    )
    assert ["skip", "b.rst", "not .txt, .md or .epub"] in lines
    assert not [line for line in lines if line[0] == "skip" and "wav" in line[1]]


# --- dry runs that fail as the run would


def both(batch: Batch, dry: DryRun, *arguments: str, stdin: bytes = b"") -> list[list[str]]:
    status, lines = dry(*arguments, stdin=stdin)
    assert batch(*arguments, stdin=stdin).status == status
    for kind, path, *_ in lines:
        assert Path(path).exists() == (kind in ("make", "done", "keep"))
    return lines


@pytest.mark.parametrize(
    ("stdin", "status"),
    [
        (b'{"text": "Yes."}\n{"text": "No.", "voice": "Nobody"}\n', 3),
        (b'{"text": "No.", "voice": "Nobody"}\n', 1),
        (b'{"text": "No.", "voice": "/no/such.pt"}\n{"text": "Yes."}\n', 3),
    ],
)
def test_a_voice_that_is_not_there(batch: Batch, dry: DryRun, stdin: bytes, status: int) -> None:
    assert dry("-", "--jsonl", stdin=stdin)[0] == status
    lines = both(batch, dry, "-", "--jsonl", stdin=stdin)
    [failed] = [line for line in lines if line[0] == "failed"]
    assert "there is no voice" in failed[2]


def test_bytes_that_are_no_text(batch: Batch, dry: DryRun) -> None:
    lines = both(batch, dry, "-", stdin=b"Yes.\n\xff\n")
    assert [line[0] for line in lines] == ["make", "failed"]
    assert lines[1][2].startswith("stdin:2: byte 1 (0xff) is not UTF-8")


def test_a_joined_file_that_lacks_a_record(batch: Batch, dry: DryRun) -> None:
    lines = both(batch, dry, "-", "--join", stdin=b"Yes.\n\xff\n")
    assert lines == [["make", "out/stdin.wav", "Yes."]]
    assert batch("--dry-run", "-", "--join", stdin=b"Yes.\n\xff\n").status == 3


@pytest.mark.parametrize("text", ["Привет.", "日本"])
def test_text_that_the_embedded_voice_cannot_say(
    vvcli: InProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    result = vvcli(
        "batch", "-", "-d", tmp_path / "out", "--dry-run", stdin=f"Yes.\n{text}".encode()
    )
    assert result.status == 3
    assert [line[:6] for line in capsys.readouterr().out.splitlines()] == ["make\t/", "failed"]
    assert "stdin:2: " in result.error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["-V", "Nobody"], 4), (["-m", "/no"], 4), (["--name", "x"], 2), (["-d", "a.txt/x"], 2)],
)
def test_other_mistakes(batch: Batch, dry: DryRun, arguments: list[str], status: int) -> None:
    Path("a.txt").write_text("One.\nTwo.\n")
    assert dry("a.txt", *arguments) == (status, [])
    assert batch("a.txt", *arguments).status == status


@pytest.mark.slow
def test_no_torch_is_loaded_for_it(tmp_path: Path) -> None:
    code = (
        "import sys; from vvcli.cli import main;"
        "from vvcli.cli.environment import Environment;"
        f"arguments = ['batch', '-', '-d', {str(tmp_path / 'out')!r}, '--dry-run'];"
        "status = main.run(arguments, Environment.claim());"
        "sys.exit(9 if 'torch' in sys.modules else status)"
    )
    text = "Yes.\nПривет, 7!\n".encode()
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, check=False
    )
    assert done.returncode == 3, done.stderr


# --- what was there before


def test_a_second_run_says_what_failed_and_why(batch: Batch, dry: DryRun) -> None:
    Path("a.txt").write_bytes(b"Yes.\nb\xff\nNo.\n")
    assert batch("a.txt").status == 3
    result = batch("a.txt")
    assert result.status == 3
    assert result.stderr.splitlines() == [
        "vvcli: a/00002.wav failed in an earlier run: a.txt:2: byte 2 (0xff) is not UTF-8: "
        "convert the text first, for example with iconv",
        "vvcli: 1 of 3 files failed in an earlier run: --retry-failed tries again",
    ]
    status, lines = dry("a.txt")
    assert status == 3
    assert lines[1][:2] == ["failed", "out/a/00002.wav"]
    assert lines[1][2].startswith("a.txt:2: byte 2")


def test_many_that_failed_are_counted(batch: Batch) -> None:
    stdin = b"Yes.\n" + 15 * b"\xff\n"
    assert batch("-", stdin=stdin).status == 3
    lines = batch("-", stdin=stdin).stderr.splitlines()
    assert len(lines) == 12
    assert lines[10] == "vvcli: and 5 more: manifest.jsonl has the reasons"


@pytest.mark.slow
def test_update_remakes_ours_and_keeps_others(batch: Batch, dry: DryRun, vvcli: InProcess) -> None:
    def told(*arguments: str) -> list[str]:
        """What is said where not only mistakes are."""
        options = ["-d", "out", "-m", str(TINY), "-V", "Ada", "--progress", "plain"]
        result = vvcli("batch", "a.txt", *options, *arguments)
        assert result.status == 0
        return result.stderr.splitlines()

    Path("a.txt").write_text("One.\nTwo.\nThree.\nFour.\n")
    assert batch("a.txt").status == 0
    old = files(Path("out"))
    Path("out/a/00003.wav").write_bytes(b"theirs")
    garbage = bytes(len(old["a/00004.wav"]))
    Path("out/a/00004.wav").write_bytes(garbage)
    Path("out/a/00005.wav").write_bytes(b"theirs, too")
    Path("a.txt").write_text("One.\nOther.\nOthers.\nAnother.\nFive.\n")
    status, lines = dry("a.txt", "--existing", "update")
    assert (status, [line[0] for line in lines]) == (0, ["done", "make", "keep", "keep", "keep"])
    kept = {
        "a/00003.wav": "it was changed after vvcli had made it",
        "a/00004.wav": "it was changed after vvcli had made it",
        "a/00005.wav": "vvcli did not make it",
    }
    assert [line[1:] for line in lines[2:]] == [[f"out/{name}", kept[name]] for name in kept]
    said = [f"vvcli: {name} is kept: {why}" for name, why in kept.items()]
    said.append("vvcli: 5 files: 1 to replace, 1 unchanged, 3 kept")
    assert told("--existing", "update", "--dry-run") == said[-1:]
    assert told("--existing", "update", "--summary", "s.json")[:4] == said
    counts = json.loads(Path("s.json").read_text())["files"]
    assert (counts["ok"], counts["unchanged"], counts["kept"]) == (2, 1, 3)
    new = files(Path("out"))
    assert new["a/00001.wav"] == old["a/00001.wav"]
    assert new["a/00002.wav"] != old["a/00002.wav"]
    assert new["a/00003.wav"] == b"theirs"
    assert new["a/00004.wav"] == garbage
    assert new["a/00005.wav"] == b"theirs, too"
    assert batch("a.txt", "--existing", "update").status == 0
    assert files(Path("out")) == new
    # Options count as well as text; what was kept once is still known as ours.
    first, *_, last = told("--existing", "skip", "--seed", "1")
    assert first == "vvcli: a/00001.wav is kept: it was made from another text, voice or options"
    assert last == "vvcli: 5 files: 5 kept"
    assert files(Path("out")) == new
    assert batch("a.txt", "--existing", "update", "--seed", "1").status == 0
    newer = files(Path("out"))
    assert [name for name in new if newer[name] != new[name]] == ["a/00001.wav", "a/00002.wav"]


@pytest.mark.slow
def test_update_knows_a_file_whose_remaking_failed(batch: Batch) -> None:
    Path("a.txt").write_bytes(b"One.\nTwo.\n")
    assert batch("a.txt").status == 0
    old = files(Path("out"))
    Path("a.txt").write_bytes(b"One.\n\xff\n")
    assert batch("a.txt", "--existing", "update").status == 3
    assert files(Path("out")) == old
    Path("a.txt").write_bytes(b"One.\nOther.\n")
    assert batch("a.txt", "--existing", "update").status == 0
    assert files(Path("out"))["a/00002.wav"] != old["a/00002.wav"]


@pytest.mark.slow
def test_verify_finds_files_that_are_not_what_was_made(
    batch: Batch, dry: DryRun, vvcli: InProcess
) -> None:
    Path("a.txt").write_text("One.\nTwo.\nThree.\n")
    assert batch("a.txt").status == 0
    old = files(Path("out"))
    garbage = bytes(len(old["a/00002.wav"]))
    Path("out/a/00002.wav").write_bytes(garbage)
    assert batch("a.txt").status == 0
    for result in (batch("a.txt", "--verify"), batch("a.txt", "--verify", "--dry-run")):
        assert result.status == 2
        assert "out/a/00002.wav (of 3 files that were checked, 1 differ) is there" in result.error
    options = ["-d", "out", "-m", TINY, "-V", "Ada", "--progress", "plain"]
    again = vvcli("batch", "a.txt", "--verify", "--existing", "overwrite", *options)
    assert again.status == 0
    assert "out/a/00002.wav is not what was made" in again.stderr
    assert "3 files were checked, 1 is not what was made" in again.stderr
    Path("a.txt").write_text("One.\n")
    assert "1 file was checked, 0 are not" in vvcli("batch", "a.txt", "--verify", *options).stderr
    Path("a.txt").write_text("One.\nTwo.\nThree.\n")
    assert files(Path("out")) == old
    assert batch("a.txt", "--verify").status == 0
    Path("out/a/00002.wav").write_bytes(garbage)
    assert batch("a.txt", "--verify", "--existing", "skip").status == 0
    assert batch("a.txt", "--verify", "--existing", "update").status == 0
    assert files(Path("out"))["a/00002.wav"] == garbage


@pytest.mark.slow
def test_verify_does_not_count_files_that_it_has_no_entry_to_check_by(batch: Batch) -> None:
    Path("a.txt").write_text("One.\n")
    assert batch("a.txt").status == 0
    result = batch("a.txt", "--verify", "--seed", "7")
    assert result.status == 2
    assert "out/a/00001.wav was made from another text, voice or options" in result.error


def test_a_link_to_the_same_content_is_not_the_file(batch: Batch) -> None:
    Path("a.txt").write_text("One.\n")
    assert batch("a.txt").status == 0
    Path("out/a/00001.wav").rename("moved.wav")
    Path("out/a/00001.wav").symlink_to("../../moved.wav")
    for options in ([], ["--verify"]):
        result = batch("a.txt", *options)
        assert result.status == 2
        assert "is there, and is not what this command makes" in result.error
    assert batch("a.txt", "--existing", "update").status == 0
    assert Path("out/a/00001.wav").is_symlink()


def test_a_batch_of_0_1_goes_on(batch: Batch, dry: DryRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VVCLI_STEPS")  # its fingerprints have the default
    for name in ("a.txt", "l.jsonl"):
        Path(name).write_bytes((DATA / "batch-0.1" / name).read_bytes())
    Path("out").mkdir()
    Path("out/manifest.jsonl").write_bytes((DATA / "batch-0.1/manifest.jsonl").read_bytes())
    for entry in entries():
        if entry["size"]:
            path = Path("out", entry["audio_filepath"])
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(bytes(entry["size"]))
    status, lines = dry("a.txt", "l.jsonl")
    assert (status, [line[0] for line in lines]) == (
        3,
        ["done", "failed", "done", "done", "failed"],
    )
    assert batch("a.txt", "l.jsonl").status == 3
    assert len(entries()) == 6


# --- files that are two things


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["manifest.jsonl", "-d", "."], "INPUT manifest.jsonl and the manifest manifest.jsonl"),
        (["./x/../manifest.jsonl", "-d", "."], "are the same file"),
        (["soft.jsonl", "-d", "."], "INPUT soft.jsonl and the manifest"),
        (["hard.jsonl", "-d", "."], "INPUT hard.jsonl and the manifest"),
        (["a.txt", "--summary", "a.txt"], "INPUT a.txt and --summary a.txt"),
        (["x", "--summary", "x/b.txt"], "INPUT x/b.txt and --summary x/b.txt"),
        (["a.txt", "--summary", "out/manifest.jsonl"], "the manifest out/manifest.jsonl and --sum"),
        (["a.txt", "--summary", "out/a/00001.wav"], "a.txt:1 would make a/00001.wav, which is --s"),
        (["a.txt", "--summary", "out/a/00001.wav.part"], "a.txt:1 would make a/00001.wav, which"),
        (["y.wav", "-d", ".", "--name", "y"], " input"),
        (["y.wav", "-d", ".", "--name", "Y"], "y.wav:1 would make Y.wav, which is the input y.wav"),
        (["z.wav.part", "-d", ".", "--name", "z"], "would make z.wav, which is written as z.wav.p"),
        (["y.wav", "-d", ".", "--name", "hard"], "hard.wav is an input"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_one_file_for_two_things_is_refused(
    batch: Batch, arguments: list[str], words: str, dry_run: bool
) -> None:
    Path("x").mkdir()
    Path("out/a").mkdir(parents=True)
    for name in ("a.txt", "x/b.txt", "y.wav", "z.wav.part"):
        Path(name).write_text("One.\n")
    Path("hard.wav").hardlink_to("y.wav")
    if "jsonl" in arguments[0]:
        Path("manifest.jsonl").write_text('{"text": "One."}\n{"text": "Two."}')
        Path("hard.jsonl").hardlink_to("manifest.jsonl")
        Path("soft.jsonl").symlink_to("manifest.jsonl")
    ours = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = batch(*arguments, "--existing", "overwrite", *(["--dry-run"] if dry_run else []))
    assert result.status == 2
    assert words in result.error
    assert {path: path.read_bytes() for path in ours} == ours
    assert not Path("a").exists()


@pytest.mark.parametrize("content", [b'{"text": "One."}\n', b"precious", b'{"a": 1}\n{"b":'])
def test_a_manifest_of_somebody_else(batch: Batch, dry: DryRun, content: bytes) -> None:
    Path("out").mkdir()
    Path("out/manifest.jsonl").write_bytes(content)
    assert dry("-", stdin=b"One.") == (2, [])
    result = batch("-", stdin=b"One.")
    assert result.status == 2
    assert "out/manifest.jsonl is not a manifest of vvcli" in result.error
    assert Path("out/manifest.jsonl").read_bytes() == content
    assert [path.name for path in Path("out").iterdir()] == ["manifest.jsonl"]


@pytest.mark.slow
def test_an_input_that_a_crash_could_have_left_stays(batch: Batch) -> None:
    Path("a.txt").write_text("One.\n")
    assert batch("a.txt").status == 0
    Path("out/a/00001.wav.part").write_text("Two.\n")
    result = batch("out/a/00001.wav.part", "--name", "b")
    assert result.status == 0
    assert Path("out/a/00001.wav.part").read_text() == "Two.\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(batch: Batch, dry: DryRun) -> None:
    Path("a.txt").write_text("One.\n")
    Path("out").mkdir(mode=0o555)
    assert dry("a.txt") == (5, [])
    assert batch("a.txt").status == 5


@pytest.mark.slow
def test_a_plan_takes_little_memory(tmp_path: Path) -> None:
    """300 bytes a record are promised; the peak counts, with all names compared."""
    count = 5_000
    (tmp_path / "a.txt").write_text(count * "hello\n")
    tracemalloc.start()
    try:
        read = read_records(expand([tmp_path / "a.txt"]).files)
        plan = Plan(read, OutputFolder(tmp_path / "out"), layout())
        assert sum(1 for _ in plan.checked()) == count
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300 * count
