"""Title, author, cover and chapters inside a finished audio file, through mutagen."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any

from vvcli.audio.chapters import ChapterMark, clock
from vvcli.audio.wav import MAX_RIFF_DATA
from vvcli.errors import OutputError, UnavailableError, UsageError

# The most chapters of a format: a comment of Vorbis has three digits for its number.
MAX_CHAPTERS = {"mp3": 65_535, "wav": 65_535, "flac": 999, "opus": 999}

MAX_COVER = 10 << 20  # bytes; a block of FLAC holds 16 MiB

_MAX_IN_CONTENTS = 255  # chapters in one frame CTOC of ID3, whose number is a byte


@dataclass(frozen=True)
class Tags:
    """What a file says of itself."""

    title: str | None = None
    author: str | None = None
    cover: bytes | None = None  # a JPEG or PNG image
    chapters: tuple[ChapterMark, ...] = ()


def check_tags(format_name: str, chapters: int) -> None:
    """Check, before any work is done, that a format has chapters, and so many.

    Raises:
        UsageError: it has not.
        UnavailableError: mutagen is not installed.
    """
    if format_name not in MAX_CHAPTERS:
        names = ", ".join(MAX_CHAPTERS)
        raise UsageError(
            f"{format_name} has no place for chapters: the formats of books are {names}"
        )
    if chapters > MAX_CHAPTERS[format_name]:
        limit = MAX_CHAPTERS[format_name]
        raise UsageError(f"{format_name} has at most {limit} chapters, and these are {chapters}")
    try:
        import_module("mutagen")
    except ImportError as error:
        raise UnavailableError(
            f"chapters need the Python package mutagen ({error}): pip install mutagen"
        ) from error


def cover_type(content: bytes) -> str | None:
    """The media type of a cover by its first bytes; None if it is neither JPEG nor PNG."""
    kinds = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
    return next((kind for start, kind in kinds if content.startswith(start)), None)


def write_tags(descriptor: int, format_name: str, tags: Tags, name: str) -> bool:
    """Put `tags` into the finished file that `descriptor` can read and write.

    Returns:
        Whether they are in it: a WAV file of 4 GiB has no room for them.

    Raises:
        OutputError: the file cannot be written; `name` is what messages call it.
    """
    from mutagen import MutagenError

    size = os.fstat(descriptor).st_size
    if format_name == "wav" and size + len(tags.cover or b"") > MAX_RIFF_DATA - (1 << 24):
        return False
    try:
        with os.fdopen(os.dup(descriptor), "r+b") as file:
            file.seek(0)
            _WRITERS[format_name](file, tags)
    except (OSError, MutagenError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot write to {name}: {reason}") from error
    return True


def _write_mp3(file: IO[bytes], tags: Tags) -> None:
    from mutagen.id3 import ID3

    found = ID3()
    _add_frames(found, tags)
    found.save(file)
    _order_chapters(file, 0)


def _write_wav(file: IO[bytes], tags: Tags) -> None:
    from mutagen.wave import WAVE

    audio = WAVE(file)
    audio.add_tags()
    _add_frames(audio.tags, tags)
    file.seek(0)
    audio.save(file)
    position = 12
    while True:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        if head[:4].lower() == b"id3 ":
            _order_chapters(file, position + 8)
            return
        size = int.from_bytes(head[4:], "little")
        position += 8 + size + size % 2


def _write_flac(file: IO[bytes], tags: Tags) -> None:
    from mutagen.flac import FLAC

    audio = FLAC(file)
    if audio.tags is None:
        audio.add_tags()
    audio.update(_comments(tags))
    if tags.cover is not None:
        audio.add_picture(_picture(tags.cover))
    file.seek(0)
    audio.save(file)


def _write_opus(file: IO[bytes], tags: Tags) -> None:
    from mutagen.oggopus import OggOpus

    audio = OggOpus(file)
    audio.update(_comments(tags))
    if tags.cover is not None:
        audio["METADATA_BLOCK_PICTURE"] = b64encode(_picture(tags.cover).write()).decode()
    file.seek(0)
    audio.save(file)


_WRITERS: dict[str, Callable[[IO[bytes], Tags], None]] = {
    "mp3": _write_mp3,
    "wav": _write_wav,
    "flac": _write_flac,
    "opus": _write_opus,
}


def _add_frames(found: Any, tags: Tags) -> None:
    """The frames of ID3 2.4, with those of its chapter addendum 1.0."""
    from mutagen import id3

    utf8 = id3.Encoding.UTF8
    if tags.title is not None:
        found.add(id3.TIT2(encoding=utf8, text=[tags.title]))
        found.add(id3.TALB(encoding=utf8, text=[tags.title]))
    if tags.author is not None:
        found.add(id3.TPE1(encoding=utf8, text=[tags.author]))
    if tags.cover is not None:
        kind = cover_type(tags.cover)
        front = id3.PictureType.COVER_FRONT
        found.add(id3.APIC(encoding=utf8, mime=kind, type=front, desc="", data=tags.cover))
    nowhere = 0xFFFFFFFF  # the times count, not the bytes
    for number, chapter in enumerate(tags.chapters):
        found.add(
            id3.CHAP(
                element_id=f"chp{number}",
                start_time=chapter.start,
                end_time=chapter.end,
                start_offset=nowhere,
                end_offset=nowhere,
                sub_frames=[id3.TIT2(encoding=utf8, text=[chapter.title])],
            )
        )
    for name, children, is_top in _contents(len(tags.chapters)):
        flags = id3.CTOCFlags.ORDERED | (id3.CTOCFlags.TOP_LEVEL if is_top else 0)
        found.add(id3.CTOC(name, flags, children, []))


def _order_chapters(file: IO[bytes], position: int) -> None:
    """Put the chapters of the tag at `position` in order: mutagen sorts frames by their length.

    Not all players go by the table of contents.
    """
    file.seek(position)
    size = _syncsafe(file.read(10)[6:])
    tag = file.read(size)
    frames, start = [], 0
    while start + 10 <= size and tag[start]:
        end = start + 10 + _syncsafe(tag[start + 4 : start + 8])
        frames.append(tag[start:end])
        start = end
    frames.sort(key=lambda frame: (frame[:4] == b"CHAP", _number(frame)))
    file.seek(position + 10)
    file.write(b"".join(frames))


def _number(frame: bytes) -> int:
    """The number of a chapter, from its name; 0 of what is none."""
    return int(frame[13 : frame.index(0, 13)]) if frame[:4] == b"CHAP" else 0


def _syncsafe(data: bytes) -> int:
    """A number of ID3 2.4: seven bits a byte."""
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number


def _contents(chapters: int) -> Iterator[tuple[str, list[str], bool]]:
    """Tables of contents: one, or one of several where there are too many chapters."""
    names = [f"chp{number}" for number in range(chapters)]
    if not names:
        return
    if len(names) <= _MAX_IN_CONTENTS:
        yield "toc", names, True
        return
    groups = [names[i : i + _MAX_IN_CONTENTS] for i in range(0, len(names), _MAX_IN_CONTENTS)]
    for number, group in enumerate(groups):
        yield f"toc{number}", group, False
    yield "toc", [f"toc{number}" for number in range(len(groups))], True


def _comments(tags: Tags) -> dict[str, str]:
    """Vorbis comments; chapters as https://wiki.xiph.org/Chapter_Extension has them."""
    found: dict[str, str] = {}
    if tags.title is not None:
        found |= {"TITLE": tags.title, "ALBUM": tags.title}
    if tags.author is not None:
        found["ARTIST"] = tags.author
    for number, chapter in enumerate(tags.chapters, start=1):
        found[f"CHAPTER{number:03}"] = clock(chapter.start)
        found[f"CHAPTER{number:03}NAME"] = chapter.title
    return found


def _picture(cover: bytes) -> Any:
    from mutagen.flac import Picture

    picture = Picture()
    picture.type, picture.mime, picture.data = 3, cover_type(cover) or "", cover
    return picture
