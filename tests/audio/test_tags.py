"""Tags and chapters inside files, as mutagen and ffprobe read them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
from mutagen.flac import Picture
from mutagen.id3 import ID3

from tests.script.epubs import png
from vvcli.audio import tags as tags_module
from vvcli.audio.chapters import ChapterMark, chapter_marks, chapters_json
from vvcli.audio.output_file import open_output
from vvcli.audio.tags import MAX_CHAPTERS, Tags, check_tags, cover_type, write_tags
from vvcli.audio.writer import open_writer
from vvcli.errors import OutputError, UsageError

SECONDS = 3
TITLES = ("Första", "Two & <b>", "Three\N{SNOWMAN}")


def written(folder: Path, name: str) -> Path:
    """A tone of 3 s in a file."""
    path = folder / f"a.{name}"
    tone = 0.3 * np.sin(np.arange(SECONDS * 24000) * 0.05)
    with open_output(path) as output:
        writer = open_writer(name, output, 24000)
        writer.write(tone.astype(np.float32))
        writer.finish()
    return path


def tag(path: Path, tags: Tags) -> bool:
    with path.open("r+b") as file:
        return write_tags(file.fileno(), path.suffix[1:], tags, str(path))


def marks(*titles: str) -> tuple[ChapterMark, ...]:
    step = SECONDS * 1000 // len(titles)
    return tuple(ChapterMark(t, i * step, (i + 1) * step) for i, t in enumerate(titles))


GOOD = Tags("Bök", "A, B", png(), marks(*TITLES, "4"))


def chapters_of(path: Path) -> list[tuple[str, int]]:
    """Titles and starts in milliseconds, by mutagen."""
    found = mutagen.File(path)
    if path.suffix in (".mp3", ".wav"):
        frames = sorted(found.tags.getall("CHAP"), key=lambda frame: frame.start_time)
        return [(str(frame.sub_frames["TIT2"]), frame.start_time) for frame in frames]
    result = []
    for number in range(1, 1000):
        if f"CHAPTER{number:03}" not in found:
            break
        hours, minutes, seconds = found[f"CHAPTER{number:03}"][0].split(":")
        time = round(1000 * (3600 * int(hours) + 60 * int(minutes) + float(seconds)))
        result.append((found[f"CHAPTER{number:03}NAME"][0], time))
    return result


@pytest.mark.parametrize("name", MAX_CHAPTERS)
def test_tags_are_in_the_file(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    assert tag(path, GOOD)
    assert chapters_of(path) == [(mark.title, mark.start) for mark in GOOD.chapters]
    found: Any = mutagen.File(path)
    assert abs(found.info.length - SECONDS) < 0.1
    if name in ("mp3", "wav"):
        assert (str(found["TIT2"]), str(found["TALB"]), str(found["TPE1"])) == (
            "Bök",
            "Bök",
            "A, B",
        )
        assert (found["APIC:"].data, found["APIC:"].mime) == (png(), "image/png")
        assert found["CHAP:chp1"].end_time == 1500
        assert found["CTOC:toc"].child_element_ids == ["chp0", "chp1", "chp2", "chp3"]
    else:
        assert (found["title"], found["album"], found["artist"]) == (["Bök"], ["Bök"], ["A, B"])
        if name == "flac":
            [picture] = found.pictures
        else:
            picture = Picture(base64.b64decode(found["metadata_block_picture"][0]))
        assert (picture.data, picture.mime, picture.type) == (png(), "image/png", 3)


@pytest.mark.parametrize("name", MAX_CHAPTERS)
def test_tags_leave_the_audio_as_it_is(tmp_path: Path, name: str) -> None:
    soundfile = import_module("soundfile")

    path = written(tmp_path, name)
    before = soundfile.read(path)[0]
    tag(path, GOOD)
    assert np.array_equal(soundfile.read(path)[0], before)


@pytest.mark.parametrize("name", sorted(set(MAX_CHAPTERS) - {"opus"}))
def test_the_same_tags_make_the_same_file(tmp_path: Path, name: str) -> None:
    made = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        path = written(tmp_path / folder, name)
        tag(path, GOOD)
        made.append(path.read_bytes())
    assert made[0] == made[1]


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")
@pytest.mark.parametrize("name", MAX_CHAPTERS)
def test_ffprobe_finds_them(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    tag(path, GOOD)
    shown = ["-show_chapters", "-show_format", "-show_streams", "-of", "json"]
    done = subprocess.run(
        ["ffprobe", "-v", "error", *shown, str(path)], check=True, capture_output=True
    )
    found = json.loads(done.stdout)
    assert done.stderr == b""
    starts = [float(chapter["start_time"]) for chapter in found["chapters"]]
    assert starts == [mark.start / 1000 for mark in GOOD.chapters]
    assert [chapter["tags"]["title"] for chapter in found["chapters"]] == [*TITLES, "4"]
    assert [stream["codec_type"] for stream in found["streams"]] == ["audio", "video"]
    holder = found["streams"][0] if name == "opus" else found["format"]
    assert {key.lower(): value for key, value in holder["tags"].items()}["title"] == "Bök"


def test_more_chapters_than_one_table_has() -> None:
    found = ID3()
    tags_module._add_frames(found, Tags(chapters=marks(*map(str, range(600)))))
    top = found["CTOC:toc"].child_element_ids
    children = [name for each in top for name in found[f"CTOC:{each}"].child_element_ids]
    assert children == [f"chp{number}" for number in range(600)]
    assert max(len(frame.child_element_ids) for frame in found.getall("CTOC")) <= 255


def test_no_tags_are_no_trouble(tmp_path: Path) -> None:
    for name in MAX_CHAPTERS:
        path = written(tmp_path, name)
        assert tag(path, Tags())
        assert chapters_of(path) == []


def test_formats_that_have_no_chapters() -> None:
    for name in ("s16le", "f32le", "au"):
        with pytest.raises(UsageError, match="has no place for chapters"):
            check_tags(name, 1)
    check_tags("opus", 999)
    with pytest.raises(UsageError, match="opus has at most 999 chapters, and these are 1000"):
        check_tags("opus", 1000)
    check_tags("mp3", 1000)


def test_a_wav_file_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "wav")
    before = path.read_bytes()
    monkeypatch.setattr(tags_module, "MAX_RIFF_DATA", (1 << 24) + 100)
    assert not tag(path, GOOD)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", MAX_CHAPTERS)
def test_a_file_that_is_none_is_an_output_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"a.{name}"
    path.write_bytes(b"")
    if name == "mp3":  # which takes anything
        path.chmod(0o444)
        with path.open("rb") as file, pytest.raises(OutputError, match=r"cannot write to .*a\.mp3"):
            write_tags(file.fileno(), name, GOOD, str(path))
        return
    with pytest.raises(OutputError, match=rf"cannot write to .*a\.{name}: "):
        tag(path, GOOD)


def test_times_are_exact_to_a_millisecond() -> None:
    samples = [0, 1, 11, 12, 13, 35, 36, 37, 24000, 1_036_800_011, 1_036_800_013]
    found = chapter_marks([(str(s), s) for s in samples], 2_000_000_000)
    for mark, start in zip(found, samples, strict=True):
        assert abs(mark.start - start / 24) <= 0.5
    assert [mark.end for mark in found[:-1]] == [mark.start for mark in found[1:]]
    assert chapter_marks([("a", 480)], 24000) == (ChapterMark("a", 0, 1000),)
    assert chapter_marks([], 24000) == ()


def test_the_list_in_json() -> None:
    found = json.loads(chapters_json(GOOD.chapters, "Bök", None))
    assert found["title"] == "Bök"
    assert "author" not in found
    assert found["chapters"][1] == {"startTime": 0.75, "endTime": 1.5, "title": "Two & <b>"}


def test_covers() -> None:
    assert cover_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert cover_type(png()) == "image/png"
    assert cover_type(b"GIF89a") is None
    assert cover_type(b"") is None
