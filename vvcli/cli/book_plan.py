"""`batch --book`: the options of a book, and the plan that comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vvcli.audio.formats import FORMATS, format_from_name
from vvcli.audio.tags import MAX_COVER, Tags, check_tags, cover_type
from vvcli.batch.book.plan import BookPlan
from vvcli.batch.containment import OutputFolder
from vvcli.batch.plan import Layout, Read
from vvcli.checkpoint.regular_file import read_bounded
from vvcli.cli.audio_format import choose_format
from vvcli.cli.environment import Environment
from vvcli.cli.message_options import together
from vvcli.cli.request import RunRequest
from vvcli.cli.types import FileName, Text, was_typed
from vvcli.errors import UsageError, unreadable_as
from vvcli.script.title import plain_title

if TYPE_CHECKING:
    from vvcli.script.epub.book import Book

book_options = together(
    click.option(
        "--book",
        metavar="NAME",
        type=Text(),
        help="Make one file of all inputs, a chapter an input: NAME.mp3, .flac, .opus or .wav.",
    ),
    click.option(
        "--title",
        metavar="TEXT",
        type=Text(),
        help="Title of the book; default: as the .epub says, or NAME.",
    ),
    click.option(
        "--author", metavar="TEXT", type=Text(), help="Author; default: as the .epub says."
    ),
    click.option(
        "--cover",
        metavar="FILE",
        type=FileName(),
        help="Picture of the book, a JPEG or PNG file; default: that of the .epub.",
    ),
)

PART_FORMAT = "s16le"  # of what a book is put together from


@dataclass(frozen=True, kw_only=True)
class BookRequest(RunRequest):
    """The options of a run that may make a book."""

    book: str | None
    title: str | None
    author: str | None
    cover: str | None


_WITH_BOOK = ("title", "author", "cover")
_NOT_WITH_BOOK = {"template": "--name", "join": "--join"}


def check_book(context: click.Context, options: dict[str, Any]) -> None:
    """Check what goes with `--book`, and take the format from its name.

    Raises:
        UsageError: options contradict, or the name has no format of books.
    """
    book = options["book"]
    if book is None:
        for name in _WITH_BOOK:
            if was_typed(context, name):
                raise UsageError(f"--{name} is a tag of a book: it needs --book")
        return
    for name, flag in _NOT_WITH_BOOK.items():
        if was_typed(context, name):
            raise UsageError(f"--book makes one file, and {flag} names many: give one of them")
    typed = was_typed(context, "format_name")
    given = options["format_name"] if typed else None
    options["format_name"] = choose_format(
        f"{options['folder']}/{book}", given, typed=typed, is_book=True
    )
    if format_from_name(book) is None:
        options["book"] = book + FORMATS[options["format_name"]].suffixes[0]


def plan_book(
    environment: Environment,
    asked: BookRequest,
    read: Read,
    folder: OutputFolder,
    layout: Layout,
    taken: Mapping[str, str],
    books: Sequence[Book],
) -> BookPlan | None:
    """The plan of the book, if one is asked for, with its tags, else those of its one EPUB.

    A cover that the EPUB names and that cannot be taken over is said on stderr.

    Raises:
        UsageError: a name, a tag or the cover is wrong, or the format cannot hold it.
        UnavailableError: what writes tags is missing.
    """
    if asked.book is None:
        return None
    own = books[0] if len(books) == 1 else None
    if own is not None and asked.cover is None:
        picture, problem = _own_cover(own)
        if problem is not None and not asked.quiet:
            environment.say(f"{problem}: the book has no cover, unless --cover gives one")
    else:
        picture = _read_cover(asked.cover)
    tags = Tags(
        title=_tag("--title", asked.title)
        or (own and own.title)
        or plain_title(Path(asked.book).stem)
        or None,
        author=_tag("--author", asked.author) or (own and own.author) or None,
        cover=picture,
    )
    plan = BookPlan(read, folder, asked.book, layout, tags, taken)
    check_tags(asked.format_name, len(plan.chapters))
    return plan


def _tag(flag: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{flag} is not valid Unicode") from error
    if not (plain := plain_title(text)):
        raise UsageError(f"{flag} is empty")
    return plain


def _own_cover(own: Book) -> tuple[bytes | None, str | None]:
    if own.cover is not None and cover_type(own.cover) is None:
        return None, "the cover of the .epub is neither a JPEG nor a PNG picture"
    return own.cover, own.no_cover


def _read_cover(name: str | None) -> bytes | None:
    if name is None:
        return None
    with unreadable_as(UsageError, name):
        content = read_bounded(Path(name), MAX_COVER)
    if cover_type(content) is None:
        raise UsageError(f"--cover {name} is neither a JPEG nor a PNG picture")
    return content
