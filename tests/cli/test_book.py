"""`vvcli batch --book`: one file with chapters and tags, and what may be in its way."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from tests.audio.test_tags import chapters_of
from tests.batch.fakes import audio, speak
from tests.batch.process import FakeSynthesizer, fakes
from tests.conftest import TINY, InProcess, Result
from tests.script.epubs import TITLES, members, packed, png, write_epub
from vvcli.audio.pcm import S16LE
from vvcli.batch.book import assemble as assemble_module
from vvcli.batch.staging import StagedFile
from vvcli.script.record import Record

Batch = Callable[..., Result]

SILENCE = bytes(2 * 4800)  # 0.2 s


@pytest.fixture
def batch(vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """`vvcli batch` into `out` with a synthesizer that needs no model."""
    monkeypatch.chdir(tmp_path)
    for name, module in fakes().items():
        monkeypatch.setitem(sys.modules, name, module)

    def call(*arguments: str, stdin: bytes = b"") -> Result:
        given = ["-q", "-d", "out", "-m", str(TINY), "-V", "Ada", *arguments]
        return vvcli("batch", *given, stdin=stdin)

    return call


def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out/manifest.jsonl").read_text().splitlines()]


def pcm(path: str) -> bytes:
    soundfile = import_module("soundfile")

    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == 24000
    return bytes(samples.tobytes())


def in_out() -> set[str]:
    return {path.name for path in Path("out").iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "version", "chapters"),
    [
        *(("mp3", 3, 12), ("flac", 2, 12), ("flac", 3, 12), ("opus", 3, 12)),
        *(("wav", 3, 2), ("ogg", 3, 2)),
        pytest.param("mp3", 2, 12, marks=pytest.mark.slow),
        pytest.param("opus", 2, 12, marks=pytest.mark.slow),
    ],
)
def test_a_book_has_its_chapters(batch: Batch, name: str, version: int, chapters: int) -> None:
    write_epub(Path("moby.epub"), version, chapters)
    result = batch("moby.epub", "--book", f"moby.{name}")
    assert (result.status, result.stderr) == (0, "")
    assert in_out() == {f"moby.{name}", f"moby.{name}.chapters.json", "manifest.jsonl"}
    listed = json.loads(Path(f"out/moby.{name}.chapters.json").read_text())
    assert (listed["title"], listed["author"]) == ("A Made Book", "Ann Writer")
    found = chapters_of(Path(f"out/moby.{name}"))
    assert [title for title, _ in found] == TITLES[:chapters]
    assert found == [
        (each["title"], round(1000 * each["startTime"])) for each in listed["chapters"]
    ]
    [entry] = entries()
    assert (entry["audio_filepath"], entry["status"]) == (f"moby.{name}", "ok")
    assert entry["duration"] == pytest.approx(listed["chapters"][-1]["endTime"], abs=0.001)


def test_chapters_are_where_their_audio_is(batch: Batch) -> None:
    Path("in").mkdir()
    Path("in/1.txt").write_text("One.\n\nTwo.\n")
    Path("in/2.md").write_text("# *The* Second\n\nThree.\n")
    Path("in/3.jsonl").write_text('{"text": "Four.", "silence_after": 0.5}\n{"text": "Five."}\n')
    Path("in/4.txt").write_text("\n---\n")
    result = batch("in", "in/3.jsonl", "in/4.txt", "--book", "b.flac")
    assert (result.status, result.stderr) == (0, "")
    texts = [(0, "One."), (2, "Two."), (3, "The Second"), (4, "Three."), (7, "Four."), (8, "Five.")]
    spoken = [S16LE.encode(audio(Record(index, text))) for index, text in texts]
    gaps = [SILENCE, SILENCE, SILENCE, SILENCE, bytes(24000), b""]
    assert pcm("out/b.flac") == b"".join(a + b for a, b in zip(spoken, gaps, strict=True))
    ends = [len(b"".join(spoken[:n] + gaps[:n])) // 2 for n in range(7)]
    assert chapters_of(Path("out/b.flac")) == [
        *(("1", 0), ("The Second", round(ends[2] / 24)), ("3", round(ends[4] / 24))),
    ]


def test_a_gap_is_asked_for(batch: Batch) -> None:
    assert batch("-", "--book", "b.wav", "--gap", "0", stdin=b"One.\nTwo.\n").status == 0
    spoken = [S16LE.encode(audio(Record(i, text))) for i, text in enumerate(("One.", "Two."))]
    assert pcm("out/b.wav") == b"".join(spoken)
    assert batch("-", "--book", "b.wav", stdin=b"One.\nTwo.\n").status == 2
    result = batch("-", "--book", "b.wav", "--existing", "update", stdin=b"One.\nTwo.\n")
    assert result.status == 0
    assert pcm("out/b.wav") == SILENCE.join(spoken)


def test_tags_that_are_given_go_before_those_of_the_book(batch: Batch) -> None:
    import mutagen.flac

    write_epub(Path("moby.epub"), chapters=1)
    Path("c.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
    options = ("--title", "Moby\n Dick", "--author", "H. M.", "--cover", "c.jpg")
    assert batch("moby.epub", "--book", "b.flac", *options).status == 0
    found = mutagen.flac.FLAC("out/b.flac")
    assert (found["title"], found["artist"]) == (["Moby Dick"], ["H. M."])
    assert [picture.mime for picture in found.pictures] == ["image/jpeg"]
    assert batch("moby.epub", "moby.epub", "--book", "two books.flac").status == 0
    found = mutagen.flac.FLAC("out/two books.flac")
    assert (found["title"], found.get("artist"), found.pictures) == (["two books"], None, [])


@pytest.mark.parametrize(
    ("cover", "words"),
    [
        (None, "moby.epub: its cover 'OEBPS/p.png' is not in the file"),
        (b"GIF89a", "the cover of the .epub is neither a JPEG nor a PNG picture"),
    ],
)
def test_a_cover_that_is_missing_is_said(
    batch: Batch, vvcli: InProcess, cover: bytes | None, words: str
) -> None:
    content = members(2, 1)
    del content["OEBPS/p.png"]
    Path("moby.epub").write_bytes(packed(content | ({"OEBPS/p.png": cover} if cover else {})))
    given = ("moby.epub", "-d", "out", "-m", str(TINY), "-V", "Ada", "--book")
    said = f"vvcli: {words}: the book has no cover, unless --cover gives one\n"
    result = vvcli("batch", *given, "a.flac")
    assert (result.status, result.stderr.count(said)) == (0, 1)
    assert vvcli("batch", *given, "b.flac", "-q").stderr == ""
    Path("c.png").write_bytes(png())
    assert words not in vvcli("batch", *given, "c.flac", "--cover", "c.png").stderr


@pytest.mark.usefixtures("one_step")
@pytest.mark.parametrize("target", [-30.0, -5.0])
def test_a_book_has_one_loudness(vvcli: InProcess, tmp_path: Path, target: float) -> None:
    """One gain for all of its chapters, as much as its peak allows."""
    pyloudnorm, soundfile = import_module("pyloudnorm"), import_module("soundfile")
    (tmp_path / "1.txt").write_text("The first chapter.\n")
    (tmp_path / "2.txt").write_text("[[pause 500ms]] The second, which is longer.\nMore.\n")
    texts = (str(tmp_path / "1.txt"), str(tmp_path / "2.txt"))
    given = (*texts, "-q", "-d", str(tmp_path / "out"), "-m", str(TINY), "-V", "Ada")
    loudness = ("--loudness", str(target))
    assert vvcli("batch", *given, "--book", "plain.wav").status == 0
    assert vvcli("batch", *given, "--book", "even.flac", *loudness).status == 0
    plain, rate = soundfile.read(tmp_path / "out/plain.wav")
    even, _ = soundfile.read(tmp_path / "out/even.flac")
    gain = float(plain @ even / (plain @ plain))
    assert np.abs(even - gain * plain).max() < 2 / 32768
    measured = pyloudnorm.Meter(rate).integrated_loudness(even)
    peak = 20 * np.log10(np.abs(soxr.resample(even, rate, 8 * rate)).max())
    assert measured == pytest.approx(target, abs=0.2) or (
        measured < target and peak == pytest.approx(-1.1, abs=0.1)
    )
    assert peak <= -1
    lines = (tmp_path / "out/manifest.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["loudness"] == pytest.approx(measured, abs=0.2)
    starts = [chapters_of(tmp_path / f"out/{name}") for name in ("plain.wav", "even.flac")]
    assert starts[0] == starts[1]
    assert [title for title, _ in starts[0]] == ["1", "2"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--title", "x"), "--title is a tag of a book: it needs --book"),
        (("--cover", "x"), "--cover is a tag of a book: it needs --book"),
        (("--book", "b.mp3", "--join"), "--join names many"),
        (("--book", "b.mp3", "--name", "{n}"), "--name names many"),
        (("--book", "b"), "format to write it: give -f with one of mp3, wav, flac, opus"),
        (("--book", "b.pcm"), "s16le has no place for chapters: the formats of books are mp3"),
        (("--book", "b.mp3", "-f", "flac"), "says mp3, and -f says flac"),
        (("--book", "../b.mp3"), "has '..' in it"),
        (("--book", "/b.mp3"), "is an absolute path"),
        (("--book", "out/"), "is the name of a folder"),
        (("--book", "b.mp3", "-r", "23000"), "mp3 cannot hold 23000 Hz"),
        (("--book", "b.mp3", "--cover", "no.png"), "cannot read no.png: No such file"),
        (("--book", "b.mp3", "--cover", "in.txt"), "neither a JPEG nor a PNG"),
        (("--book", "b.mp3", "--cover", "/dev/zero"), "cannot read /dev/zero"),
        (("--book", "b.mp3", "--title", "\x00\n"), "--title is empty"),
        (("--book", ""), "it is empty"),
        (("--book", f"{'x' * 240}.mp3"), "is too long for a file name"),
    ],
)
def test_what_does_not_go_together(batch: Batch, arguments: tuple[str, ...], words: str) -> None:
    Path("in.txt").write_text("One.\n")
    result = batch("in.txt", *arguments)
    assert result.status == 2
    assert words in result.error
    assert not Path("out").exists()


def test_a_name_without_a_suffix_gets_that_of_the_format(batch: Batch) -> None:
    assert batch("-", "--book", "b", "-f", "ogg", stdin=b"One.\n").status == 0
    assert "b.opus" in in_out()


def test_a_book_that_is_an_input_is_kept(batch: Batch) -> None:
    Path("out").mkdir()
    Path("out/b.mp3").write_text("One.\n")
    result = batch("out/b.mp3", "--book", "b.mp3", "--existing", "overwrite")
    assert result.status == 2
    assert Path("out/b.mp3").read_text() == "One.\n"


def test_a_list_of_somebody_else_is_kept(batch: Batch) -> None:
    Path("out").mkdir()
    Path("out/b.mp3.chapters.json").write_text("theirs")
    result = batch("-", "--book", "b.mp3", stdin=b"One.\n")
    assert (result.status, "is there, and the book would replace it" in result.error) == (2, True)
    assert Path("out/b.mp3.chapters.json").read_text() == "theirs"
    assert batch("-", "--book", "b.mp3", "--existing", "overwrite", stdin=b"One.\n").status == 0
    assert b"startTime" in Path("out/b.mp3.chapters.json").read_bytes()


def test_a_link_is_no_folder_of_parts(batch: Batch) -> None:
    Path("out").mkdir()
    Path("elsewhere").mkdir()
    Path("elsewhere/0000000.pcm").write_text("precious")
    Path("out/.b.mp3.parts").symlink_to("../elsewhere")
    result = batch("-", "--book", "b.mp3", stdin=b"One.\n")
    assert (result.status, "is not a folder" in result.error) == (2, True)
    assert Path("elsewhere/0000000.pcm").read_text() == "precious"


def test_only_our_files_are_removed_with_the_parts(batch: Batch) -> None:
    Path("out/.b.mp3.parts").mkdir(parents=True)
    Path("out/.b.mp3.parts/notes.txt").write_text("mine")
    assert batch("-", "--book", "b.mp3", stdin=b"One.\n").status == 0
    assert [path.name for path in Path("out/.b.mp3.parts").iterdir()] == ["notes.txt"]


def test_the_same_command_makes_nothing_twice(batch: Batch) -> None:
    write_epub(Path("moby.epub"), chapters=2)
    assert batch("moby.epub", "--book", "b.mp3").status == 0
    before = Path("out/b.mp3").stat()
    assert batch("moby.epub", "--book", "b.mp3").status == 0
    after = Path("out/b.mp3").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(entries()) == 1
    result = batch("moby.epub", "--book", "b.mp3", "--author", "Another")
    assert (result.status, "from another text, voice or options" in result.error) == (2, True)


def test_a_book_with_failures_keeps_its_parts_for_another_try(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"One.\nfail\nThree.\n"
    result = batch("-", "--book", "b.wav", stdin=text)
    assert result.status == 3
    [entry] = entries()
    assert (entry["status"], entry["error"]) == ("truncated", "it failed")
    assert Path("out/.b.wav.parts/0000002.pcm").exists()
    assert batch("-", "--book", "b.wav", stdin=text).status == 3
    spoken: list[int] = []

    def better(_self: FakeSynthesizer, records: Any) -> Any:
        for record in records:
            spoken.append(record.index)
            yield from speak([Record(record.index, record.text.replace("fail", "Two."))])

    monkeypatch.setattr(FakeSynthesizer, "stream", better)
    assert batch("-", "--book", "b.wav", "--retry-failed", stdin=text).status == 0
    assert spoken == [1]
    assert entries()[-1]["status"] == "ok"
    assert not Path("out/.b.wav.parts").exists()


def test_a_book_of_failures_is_none(batch: Batch) -> None:
    result = batch("-", "--book", "b.wav", stdin=b"fail\n")
    assert result.status == 1
    assert not Path("out/b.wav").exists()
    assert entries()[0]["status"] == "failed"


def test_it_stops_at_the_first_failure(batch: Batch) -> None:
    result = batch("-", "--book", "b.wav", "--fail-fast", stdin=b"One.\nfail\nThree.\n")
    assert result.status == 1
    assert in_out() == {".b.wav.parts", "manifest.jsonl"}


def test_nothing_to_say(batch: Batch) -> None:
    result = batch("-", "--book", "b.wav", stdin=b"\n \n")
    assert (result.status, "the input held no text" in result.error) == (1, True)
    assert not Path("out").exists()


def test_a_dry_run_lists_the_chapters(batch: Batch, capsys: pytest.CaptureFixture[str]) -> None:
    write_epub(Path("moby.epub"), chapters=2)
    assert batch("moby.epub", "--book", "b.mp3", "--dry-run").status == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:2] == ["make", "out/b.mp3"]
    assert [line[2] for line in lines[1:3]] == ["Chapter 1", "Chapter 2"]
    assert lines[1][:2] == ["chapter", "about 0.0 s"]
    assert lines[3][0] == "length"
    assert lines[3][2] == "2 chapters"
    assert not Path("out").exists()


class Stop(BaseException):
    """As Terminated and KeyboardInterrupt."""


STEPS = [
    (StagedFile, "seal"),
    (StagedFile, "publish"),
    (assemble_module, "write_tags"),
    (assemble_module, "_write_list"),
]


@pytest.mark.parametrize(("where", "step"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("after", [1, 4, 5, 6])
def test_stopped_at_any_step_it_ends_the_same(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, where: Any, step: str, after: int
) -> None:
    Path("a.txt").write_text("One.\nTwo.\n")
    Path("b.txt").write_text("Three.\nFour.\n")
    assert batch("a.txt", "b.txt", "--book", "b.mp3").status == 0
    whole = {name: Path("out", name).read_bytes() for name in in_out() - {"manifest.jsonl"}}
    Path("out").rename("whole")
    original, left = getattr(where, step), after

    def stopping(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if not left:
            raise Stop
        return original(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(where, step, stopping)
        try:
            assert batch("a.txt", "b.txt", "--book", "b.mp3").status == 0
        except Stop:
            assert not left
    assert batch("a.txt", "b.txt", "--book", "b.mp3").status == 0
    assert {name: Path("out", name).read_bytes() for name in in_out() - {"manifest.jsonl"}} == whole
