"""EPUB files that are damaged, or made to fill the memory or to lead elsewhere."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from tests.script.epubs import CONTAINER, members, packed, page
from vvcli.errors import UsageError
from vvcli.script.epub import archive as archive_module
from vvcli.script.epub import book as book_module
from vvcli.script.epub.book import Book, read_book
from vvcli.script.epub.xml import MAX_DEPTH, parse_xml
from vvcli.script.sources import read_files

BOMB = (
    '<!DOCTYPE package [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">'
    '<!ENTITY c SYSTEM "file:///etc/passwd">]>'
)


def book(content: dict[str, str | bytes]) -> Book:
    return read_book(io.BytesIO(packed(content)), "b.epub")


def refused(content: dict[str, str | bytes] | bytes) -> str:
    """The one sentence that a file is refused with."""
    raw = content if isinstance(content, bytes) else packed(content)
    with pytest.raises(UsageError, match=r"^b\.epub") as found:
        read_book(io.BytesIO(raw), "b.epub")
    sentence = str(found.value)
    assert "\n" not in sentence
    return sentence


def errors(found: Book) -> list[str]:
    return [
        passage.error
        for chapter in found.chapters
        for passage in chapter.passages
        if passage.error is not None
    ]


@pytest.mark.parametrize("member", ["META-INF/container.xml", "OEBPS/book.opf", "OEBPS/toc.ncx"])
def test_entities_are_refused(member: str) -> None:
    content = members(2, 1)
    text = str(content[member])
    head = text.partition("?>")[0] + "?>" if text.startswith("<?xml") else ""
    body = text.removeprefix(head)
    if body.startswith("<!DOCTYPE"):
        body = body.partition(">")[2]
    content[member] = head + BOMB + body
    assert refused(content).endswith(f"{member} declares entities, which are refused")


def test_a_document_with_entities_fails_alone() -> None:
    content = members(3, 2)
    content["OEBPS/text/c1.xhtml"] = BOMB + page("<p>&b;</p>")
    found = book(content)
    assert errors(found) == ["b.epub:OEBPS/text/c1.xhtml: it declares entities, which are refused"]
    assert len(found.chapters) == 2


@pytest.mark.parametrize("raw", [b"<a>\xff</a>", b"\x80", page("x").encode("utf-16")[:-1]])
def test_a_document_that_is_no_text_fails_alone(raw: bytes) -> None:
    content = members(3, 2)
    content["OEBPS/text/c1.xhtml"] = raw
    assert len(errors(book(content))) == 1


@pytest.mark.parametrize("encoding", ["zip", "idna", "unicode_escape", "rot13", "x" * 40, "utf-7"])
def test_encodings_that_are_none(encoding: str) -> None:
    content = members(3, 2)
    content["OEBPS/text/c1.xhtml"] = page("<p>a</p>").replace("utf-8", encoding)
    assert errors(book(content)) == [
        f"b.epub:OEBPS/text/c1.xhtml: its encoding {encoding} is not one that text has"
    ]


def test_a_control_character_fails_its_paragraph() -> None:
    content = members(3, 1)
    content["OEBPS/text/c1.xhtml"] = page("<p>a\x01b</p><p>c&#7;</p><p>d</p>")
    found = book(content)
    assert len(errors(found)) == 1
    assert [passage.text for passage in found.chapters[0].passages] == ["", "c", "d"]


def test_a_missing_document_fails_alone() -> None:
    content = members(3, 2)
    del content["OEBPS/text/c1.xhtml"]
    found = book(content)
    assert errors(found) == ["b.epub:OEBPS/text/c1.xhtml is not in the file"]
    assert [chapter.title for chapter in found.chapters] == ["Chapter 1", "Chapter 2"]


@pytest.mark.parametrize(
    "href", ["", "../../../etc/passwd", "file:///etc/passwd", "https://example.org/c.xhtml"]
)
def test_a_document_that_is_not_in_the_manifest_or_the_book_fails_alone(href: str) -> None:
    content = members(3, 1)
    opf = str(content["OEBPS/book.opf"]).replace("<spine>", '<spine><itemref idref="lost"/>')
    if href:
        item = f'<item id="lost" href="{href}" media-type="application/xhtml+xml"/>'
        opf = opf.replace("<manifest>", f"<manifest>{item}")
    content["OEBPS/book.opf"] = opf
    found = book(content)
    assert errors(found) == [f"b.epub:{href or 'lost'} is not in the file"]
    assert sum(len(chapter.passages) for chapter in found.chapters) == 9


@pytest.mark.parametrize(
    ("member", "text", "words"),
    [
        ("META-INF/container.xml", None, "is no EPUB: META-INF/container.xml is not in it"),
        ("META-INF/container.xml", "<container/>", "its package '' is not in it"),
        ("META-INF/container.xml", CONTAINER.replace("OEBPS/book", "../../x"), "its package"),
        ("META-INF/container.xml", CONTAINER.replace("OEBPS/", "/etc/"), "its package"),
        ("OEBPS/book.opf", "<package>", "is not XML"),
        ("OEBPS/book.opf", "", "is not XML"),
        ("OEBPS/book.opf", "<package/>", "has no spine"),
        ("OEBPS/book.opf", "<package><spine/></package>", "has no spine"),
        (
            "OEBPS/book.opf",
            "<package><spine><itemref idref='x'/></spine></package>",
            "has no document in its spine",
        ),
        ("OEBPS/book.opf", "<a>" * (MAX_DEPTH + 1), "is nested too deeply"),
        ("OEBPS/book.opf", "\x00\x01", "is not XML"),
    ],
)
def test_packages_that_are_wrong(member: str, text: str | None, words: str) -> None:
    content = members(3, 1)
    if text is None:
        del content[member]
    else:
        content[member] = text
    assert words in refused(content)


def test_names_that_lead_elsewhere_are_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.xhtml").write_text(page("<p>secret</p>"))
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    absolute = f"{tmp_path}/secret.xhtml"
    for href in ("../../secret.xhtml", absolute, f"file://{absolute}", "../" * 9 + "etc/passwd"):
        content = members(3, 2)
        content["../secret.xhtml"] = content[absolute] = page("<p>planted</p>")
        opf = str(content["OEBPS/book.opf"]).replace("text/c1.xhtml", href)
        found = book(content | {"OEBPS/book.opf": opf})
        words = [passage.text for chapter in found.chapters for passage in chapter.passages]
        assert "secret" not in words
        assert "planted" not in words
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "secret.xhtml"]


def test_a_link_is_no_document() -> None:
    content = members(3, 1)
    del content["OEBPS/text/c1.xhtml"]
    raw = io.BytesIO(packed(content))
    with zipfile.ZipFile(raw, "a") as file:
        link = zipfile.ZipInfo("OEBPS/text/c1.xhtml")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    assert "is a link or a folder" in refused(raw.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(method: int) -> None:
    assert "compressed in a way that EPUB does not allow" in refused(packed(members(3, 1), method))


def test_a_password_is_said() -> None:
    raw = bytearray(packed(members(3, 1)))
    place = raw.rfind(b"PK\x01\x02", 0, raw.rfind(b"META-INF/container.xml"))
    raw[place + 8] |= 1
    assert "is encrypted with a password" in refused(bytes(raw))


@pytest.mark.parametrize("extra", ["", "application/zip"])
def test_the_media_type_may_be_missing_or_wrong(extra: str) -> None:
    content = members(3, 1)
    del content["mimetype"]
    if extra:
        content["mimetype"] = extra
    assert len(book(content).chapters) == 1


def test_a_document_that_is_repeated_is_read_once() -> None:
    content = members(3, 1)
    opf = str(content["OEBPS/book.opf"])
    content["OEBPS/book.opf"] = opf.replace('<itemref idref="c1"/>', '<itemref idref="c1"/>' * 9999)
    assert len(book(content).chapters[0].passages) == 8


def test_fallbacks_in_a_loop_end() -> None:
    content = members(3, 1)
    opf = str(content["OEBPS/book.opf"])
    content["OEBPS/book.opf"] = opf.replace(
        "<manifest>",
        '<manifest><item id="x" href="x" media-type="a/b" fallback="y"/>'
        '<item id="y" href="y" media-type="a/b" fallback="x"/>'
        '<item id="z" href="z" media-type="a/b" fallback="c1"/>',
    ).replace("<spine>", '<spine><itemref idref="x"/><itemref idref="z"/>')
    assert len(book(content).chapters) == 1


def test_contents_that_lead_to_themselves() -> None:
    content = members(3, 2)
    content["OEBPS/nav.xhtml"] = page(
        '<nav epub:type="toc"><ol><li><a href="nav.xhtml">Contents</a><ol><li><a href="#x">X</a>'
        '<li><a href="">Y</a><li><a>Z</a><li><a href="text/c1.xhtml#no">One'
    )
    assert [chapter.title for chapter in book(content).chapters] == ["One"]


def test_deep_nesting_and_huge_attributes_are_read() -> None:
    deep = "<div>" * 20_000 + "<p>a</p>" + "</div>" * 20_000
    huge = f'<p title="{"x" * (1 << 20)}" id="{"y" * (1 << 20)}">b</p>'
    content = members(3, 1)
    content["OEBPS/text/c1.xhtml"] = page(deep + huge)
    assert [passage.text for passage in book(content).chapters[0].passages] == ["a", "b"]


# --- limits


def test_a_bomb_is_cut_off_where_the_document_may_end() -> None:
    content = members(3, 1)
    content["OEBPS/text/c1.xhtml"] = bytes(book_module.MAX_DOCUMENT + 1)
    assert "OEBPS/text/c1.xhtml is longer than" in refused(content)


def test_all_that_is_unpacked_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    content = members(3, 12)
    monkeypatch.setattr(archive_module, "MAX_UNPACKED", 5_000)
    assert "is longer than 0 MiB when unpacked" in refused(content)
    monkeypatch.setattr(archive_module, "MAX_UNPACKED", 500 << 20)
    monkeypatch.setattr(book_module, "MAX_MARKUP", 5_000)
    assert "is longer than" in refused(content)
    monkeypatch.setattr(book_module, "MAX_MARKUP", 64 << 20)
    monkeypatch.setattr(book_module, "MAX_BLOCKS", 50)
    assert "has more than 50 paragraphs" in refused(content)
    monkeypatch.setattr(book_module, "MAX_BLOCKS", 500)
    monkeypatch.setattr(book_module, "MAX_ENTRIES", 11)
    assert "has more than 11 lines of contents" in refused(content)


def test_members_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    content = members(3, 1)
    monkeypatch.setattr(archive_module, "MAX_MEMBERS", len(content) - 1)
    assert f"has more than {len(content) - 1} members" in refused(content)


def test_a_list_of_members_that_is_too_long_is_not_read() -> None:
    names = {f"{n:05d}{'x' * 900}": "" for n in range(5000)}
    assert "has more than 10000 members" in refused(packed(members(3, 1) | names))
    raw = packed(members(3, 1))
    end = raw.rindex(b"PK\x05\x06")
    liar = bytearray(raw + bytes(8))
    struct.pack_into("<I", liar, end + 12, 0xFFFFFFF0)
    refused(bytes(liar))


def test_a_paragraph_without_end_fails() -> None:
    content = members(3, 1)
    content["OEBPS/text/c1.xhtml"] = page(f"<p>{'a' * (1 << 20)}b</p><p>c</p>")
    assert "the paragraph is longer than" in errors(book(content))[0]


# --- damage


def test_cut_anywhere_it_is_one_sentence() -> None:
    raw = packed(members(3, 1))
    for length in range(0, len(raw), 37):
        refused(raw[:length])


def test_changed_anywhere_it_is_a_book_or_one_sentence() -> None:
    raw = packed(members(2, 1), zipfile.ZIP_STORED)
    for place in range(0, len(raw), 11):
        damaged = bytearray(raw)
        damaged[place] ^= 0xFF
        try:
            read_book(io.BytesIO(bytes(damaged)), "b.epub")
        except UsageError as error:
            assert str(error).startswith("b.epub")  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017


def test_a_member_that_is_damaged_is_named() -> None:
    raw = bytearray(packed(members(3, 1), zipfile.ZIP_STORED))
    raw[raw.index(b"The text of chapter")] ^= 0xFF
    assert "is damaged: OEBPS/text/c1.xhtml: Bad CRC-32" in refused(bytes(raw))


@pytest.mark.parametrize("kind", ["pipe", "folder", "text"])
def test_files_that_are_no_book(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "b.epub"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("Only text.\n")
    else:
        reader, writer = os.pipe()
        os.write(writer, packed(members(3, 1)))
        os.close(writer)
        with os.fdopen(reader, "rb") as file, pytest.raises(UsageError, match="not from a pipe"):
            read_book(file, "b.epub")
        return
    with pytest.raises(UsageError, match=r"b\.epub"):
        list(read_files([path]))


def test_xml_is_without_namespaces() -> None:
    tree = parse_xml(b'<a:x xmlns:a="u" a:b="1"><a:c>t</a:c></a:x>', "x")
    assert (tree.tag, tree.get("b"), tree.findtext("c")) == ("x", "1", "t")
