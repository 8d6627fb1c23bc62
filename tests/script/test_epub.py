"""Books in EPUB 2 and 3: chapters, blocks, title and cover."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.script.epubs import SPOKEN, TITLES, members, packed, page, png, write_epub
from vvcli.errors import UsageError
from vvcli.script.epub.archive import resolve
from vvcli.script.epub.book import Book, read_book, read_epub
from vvcli.script.sources import Form, read_files
from vvcli.script.title import MAX_TITLE, plain_title


def book(content: dict[str, str | bytes]) -> Book:
    return read_book(io.BytesIO(packed(content)), "b.epub")


def changed(version: int = 3, **texts: str) -> Book:
    """A book of 3 chapters with other documents: `c2` is the text of its second."""
    content = members(version, 3)
    for name, text in texts.items():
        content[f"OEBPS/text/{name}.xhtml"] = text
    return book(content)


def replaced(content: dict[str, str | bytes], member: str, old: str, new: str) -> None:
    text = str(content[member])
    assert old in text
    content[member] = text.replace(old, new)


def titles(found: Book) -> list[str]:
    return [chapter.title for chapter in found.chapters]


def texts(found: Book) -> list[list[str]]:
    return [[passage.text for passage in chapter.passages] for chapter in found.chapters]


@pytest.mark.parametrize("version", [2, 3])
def test_a_book_is_its_chapters(version: int) -> None:
    found = book(members(version))
    assert (found.title, found.author, found.language) == ("A Made Book", "Ann Writer", "en")
    assert found.cover == png()
    assert titles(found) == TITLES
    assert texts(found)[6] == [text.format(n=7) for text in SPOKEN]
    passages = found.chapters[6].passages
    assert [passage.is_heading for passage in passages] == [True] + [False] * 7
    assert passages[1].source == "b.epub:OEBPS/text/c7.xhtml:5"


def test_records_are_numbered_through() -> None:
    file = io.BytesIO(packed(members(3, 2)))
    records = list(read_epub(file, "b.epub", 5))
    assert [record.index for record in records] == list(range(5, 5 + 2 * len(SPOKEN)))
    assert [record.is_heading for record in records].count(True) == 2
    assert records[7].is_blank


def test_speak_reads_a_book_by_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Before.\n")
    path = write_epub(tmp_path / "B.EPUB", 2, 1)
    for form in (Form.LINES, Form.JSONL):
        records = list(read_files([tmp_path / "a.txt", path][form is Form.JSONL :], 0, form))
        assert [record.error for record in records] == [None] * len(records)
        assert records[-2].text == "a white square"
        assert [record.index for record in records] == list(range(len(records)))


def test_chapters_begin_where_the_contents_say() -> None:
    content = members(3, 2)
    content["OEBPS/text/c1.xhtml"] = page(
        '<p>Before.</p><h1 id="a">One</h1><p>1.</p><p>In <a id="b"/>two.</p><p id="c">End.</p>'
    )
    replaced(
        content,
        "OEBPS/nav.xhtml",
        '<a href="text/c1.xhtml#top">Chapter 1</a>',
        '<a href="text/c1.xhtml#a">One</a><ol><li><a href="text/c1.xhtml#b">Two</a></li></ol>',
    )
    found = book(content)
    assert titles(found) == ["A Made Book", "One", "Two", "Chapter 2"]
    assert texts(found)[:3] == [["Before."], ["One", "1."], ["In two.", "End."]]


def test_what_the_contents_leave_out_belongs_to_the_chapter_before() -> None:
    content = members(3, 3)
    replaced(content, "OEBPS/nav.xhtml", '<li><a href="text/c2.xhtml#top">Chapter 2</a></li>', "")
    found = book(content)
    assert titles(found) == ["Chapter 1", "Chapter 3"]
    assert len(found.chapters[0].passages) == 2 * len(SPOKEN)


def test_contents_in_another_order_are_read_as_the_spine_is() -> None:
    content = members(3, 3)
    replaced(content, "OEBPS/nav.xhtml", "c1.xhtml", "cX.xhtml")
    replaced(content, "OEBPS/nav.xhtml", "c3.xhtml", "c1.xhtml")
    replaced(content, "OEBPS/nav.xhtml", "cX.xhtml", "c3.xhtml")
    assert titles(book(content)) == ["Chapter 3", "Chapter 2", "Chapter 1"]


def test_entries_of_one_place_are_one_chapter() -> None:
    content = members(2, 2)
    replaced(
        content,
        "OEBPS/toc.ncx",
        "<navMap>",
        '<navMap><navPoint><navLabel><text>Part\n One</text></navLabel><content src="text/c1.xhtml"'
        "/></navPoint>",
    )
    assert titles(book(content)) == ["Part One: Chapter 1", "Chapter 2"]


LINE = '<li><a href="text/c{}.xhtml">{}</a></li>'


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        # Parts, which often are words alone: a list of the chapters that stand under them.
        (
            f"<li><span>Part<br/>One</span>\n<ol>{LINE.format(1, 'A')}{LINE.format(2, 'B')}</ol>"
            f"</li><li>Part Two<ol>{LINE.format(3, 'C')}</ol></li>",
            ["Part, One: A", "B", "Part Two: C"],
        ),
        (
            "<li><a>Book</a><ol><li><span>Part</span><ol>"
            f"{LINE.format(1, 'A')}</ol></li><li><span>Next</span><ol>{LINE.format(2, 'B')}"
            f"</ol></li></ol></li>{LINE.format(3, 'C')}",
            ["Book: Part: A", "Next: B", "C"],
        ),
        # Ends of items may be left out; a part whose chapters are not in the book is nobody's.
        (
            '<li>Gone<ol><li><a href="no.xhtml">No</a></ol><li>Part<ol>'
            '<li><a href="text/c1.xhtml">A</a><li><a href="text/c2.xhtml">B</a></ol>',
            ["Part: A", "B"],
        ),
        (
            '<li>See <a href="text/c1.xhtml">A</a>, <a href="text/c2.xhtml">B</a>'
            f"<ol>{LINE.format(3, 'C')}</ol></li>",
            ["A", "B", "C"],
        ),
        # Titles are read as headings are.
        (
            LINE.format(1, "CHAPTER I<br/>The Sea")
            + LINE.format(2, "What?<br />\nThat<sup>†</sup> <i>is</i> <q>it</q>")
            + LINE.format(3, '<img src="x.png" alt="Three"/><span hidden="">3</span>'),
            ["CHAPTER I, The Sea", "What? That is “it”", "Three"],
        ),
    ],
)
def test_titles_and_parts_of_the_contents(lines: str, found: list[str]) -> None:
    content = members(3, 3)
    nav = f'<nav epub:type="toc"><h1>Contents</h1><ol>{lines}</ol></nav>'
    content["OEBPS/nav.xhtml"] = page(nav)
    assert titles(book(content)) == found


def test_a_part_of_epub_2_may_have_no_place() -> None:
    content = members(2, 3)
    point = '<navPoint><navLabel><text>{}</text></navLabel>{}<content src="text/c{}.xhtml"/>'
    head = str(content["OEBPS/toc.ncx"]).partition("<navMap>")[0]
    content["OEBPS/toc.ncx"] = (
        f"{head}<navMap><navPoint><navLabel><text>Part</text></navLabel>"
        f"{point.format('A', '', 1)}</navPoint>{point.format('B', '', 2)}</navPoint></navPoint>"
        f"{point.format('C', '', 3)}</navPoint></navMap></ncx>"
    )
    assert titles(book(content)) == ["Part: A", "B", "C"]


@pytest.mark.parametrize("nav", ["", page("<p>No contents.</p>"), "<nav epub:type='toc'>"])
def test_without_contents_a_document_with_a_heading_is_a_chapter(nav: str) -> None:
    content = members(3, 3)
    content["OEBPS/nav.xhtml"] = nav
    content["OEBPS/text/c2.xhtml"] = page("<p>More of the first.</p>")
    found = book(content)
    assert titles(found) == ["Chapter 1, of twelve", "Chapter 3, of twelve"]
    assert texts(found)[0][-1] == "More of the first."


def test_a_chapter_with_nothing_to_say_is_left_out() -> None:
    found = changed(c1=page('<div><img src="../p.png" alt=""/><hr/></div>'))
    assert titles(found) == ["Chapter 2", "Chapter 3"]


def test_a_book_without_headings_is_called_as_the_book() -> None:
    content = members(3, 1)
    content["OEBPS/nav.xhtml"] = ""
    content["OEBPS/text/c1.xhtml"] = page("<p>Words.</p>")
    assert titles(book(content)) == ["A Made Book"]
    replaced(content, "OEBPS/book.opf", "<dc:title>A Made Book</dc:title>", "")
    assert titles(book(content)) == ["b"]


def test_documents_that_are_beside_the_text_are_not_read() -> None:
    content = members(3, 2)
    replaced(content, "OEBPS/book.opf", 'idref="c1"', 'idref="c1" linear="no"')
    assert titles(book(content)) == ["Chapter 2"]


@pytest.mark.parametrize(
    ("creators", "author"),
    [
        ("<dc:creator>A</dc:creator><dc:creator>B</dc:creator>", "A, B"),
        ('<dc:creator opf:role="ill">A</dc:creator><dc:creator opf:role="aut">B</dc:creator>', "B"),
        (
            '<dc:creator id="x">A</dc:creator><meta refines="#x" property="role">trl</meta>'
            "<dc:creator>B\u202e\x0a C</dc:creator>",
            "B C",
        ),
        ("<dc:creator/>", None),
    ],
)
def test_authors(creators: str, author: str | None) -> None:
    content = members(3, 1)
    replaced(content, "OEBPS/book.opf", "<dc:creator>Ann Writer</dc:creator>", creators)
    replaced(content, "OEBPS/book.opf", "<metadata ", '<metadata xmlns:opf="x" ')
    assert book(content).author == author


def test_a_cover_that_cannot_be_read_is_left_out_and_named() -> None:
    content = members(2, 1)
    found = book(content | {"OEBPS/p.png": bytes(11 << 20)})
    assert found.cover is None
    assert "OEBPS/p.png is longer than" in (found.no_cover or "")
    del content["OEBPS/p.png"]
    found = book(content)
    assert found.cover is None
    assert found.no_cover == "b.epub: its cover 'OEBPS/p.png' is not in the file"
    replaced(content, "OEBPS/book.opf", ' properties="cover-image"', "")
    replaced(content, "OEBPS/book.opf", 'content="pic"', 'content="gone"')
    assert "its cover 'gone' is" in (book(content).no_cover or "")
    replaced(content, "OEBPS/book.opf", '<meta name="cover" content="gone"/>', "")
    assert (book(content).cover, book(content).no_cover) == (None, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [('content="pic"', 'content="p.png"'), ('<meta name="cover" content="pic"/>', "")],
)
def test_a_cover_is_found_by_its_file_and_by_its_name(old: str, new: str) -> None:
    content = members(2, 1)
    replaced(content, "OEBPS/book.opf", ' properties="cover-image"', "")
    replaced(content, "OEBPS/book.opf", old, new)
    replaced(content, "OEBPS/book.opf", 'id="pic"', 'id="Cover-Image"')
    assert book(content).cover == png()


def test_lists_of_pages_are_not_read() -> None:
    content = members(2, 3)
    guide = (
        '</spine><guide><reference type="toc" href="text/c1.xhtml"/>'
        '<reference type="toc" href="text/c2.xhtml#top"/><reference type="text" href="{}"/></guide>'
    )
    listed = guide.format("text/c2.xhtml")
    replaced(content, "OEBPS/book.opf", "</spine>", listed)
    assert titles(book(content)) == ["Chapter 2", "Chapter 3"]
    # One that is text as well, and one that is all of the book, are.
    replaced(content, "OEBPS/book.opf", listed, guide.format("text/c1.xhtml"))
    assert len(book(content).chapters) == 3


@pytest.mark.parametrize("name", ["oebps/Text/C1.XHTML", "OEBPS\\text\\c1.xhtml"])
def test_names_of_windows_are_found(name: str) -> None:
    content = members(3, 1)
    content[name] = content.pop("OEBPS/text/c1.xhtml")
    found = book(content)
    assert titles(found) == ["Chapter 1"]
    assert all(passage.error is None for passage in found.chapters[0].passages)


def test_entities_of_html_are_read_without_their_declaration() -> None:
    content = members(2, 1)
    replaced(content, "OEBPS/toc.ncx", "Chapter 1", "Caf&eacute;&nbsp;1 &amp; 2")
    content["OEBPS/text/c1.xhtml"] = page("<p>Caf&eacute; &#8212; &lt;b&gt;</p>")
    found = book(content)
    assert titles(found) == ["Café 1 & 2"]
    assert texts(found) == [["Café — <b>"]]


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("utf-16", page("<p>Zoë</p>").replace("utf-8", "utf-16").encode("utf-16")),
        ("utf-16-be", page("<p>Zoë</p>").encode("utf-16-be")),
        ("latin", page("<p>Zoë</p>").replace("utf-8", "ISO-8859-1").encode("latin-1")),
        ("mark", page("<p>Zoë</p>").encode("utf-8-sig")),
        ("meta", b'<html><head><meta charset="windows-1252"></head><p>Zo\xeb'),
    ],
)
def test_a_document_is_read_in_its_encoding(encoding: str, raw: bytes) -> None:
    content = members(3, 1)
    content["OEBPS/text/c1.xhtml"] = raw
    assert texts(book(content)) == [["Zoë"]], encoding


def encryption(*encrypted: tuple[str, str]) -> str:
    """An `encryption.xml` of algorithms and members."""
    data = "".join(
        f'<enc:EncryptedData><enc:EncryptionMethod Algorithm="{algorithm}"/><enc:CipherData>'
        f'<enc:CipherReference URI="{member}"/></enc:CipherData></enc:EncryptedData>'
        for algorithm, member in encrypted
    )
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        f'xmlns:enc="http://www.w3.org/2001/04/xmlenc#">{data}</encryption>'
    )


AES = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"


def test_fonts_may_be_obfuscated_and_pictures_encrypted() -> None:
    content = members(3, 1)
    content["META-INF/encryption.xml"] = encryption(
        ("http://www.idpf.org/2008/embedding", "OEBPS/font.otf"),
        ("http://ns.adobe.com/pdf/enc#RC", "OEBPS/other.otf"),
        (AES, "OEBPS/picture.jpg"),
    )
    assert titles(book(content)) == ["Chapter 1"]


@pytest.mark.parametrize("member", ["text/c2.xhtml", "text/c%32.xhtml", "nav.xhtml"])
def test_an_encrypted_book_is_an_error(member: str) -> None:
    content = members(3, 3)
    content["META-INF/encryption.xml"] = encryption((AES, f"OEBPS/{member}"))
    with pytest.raises(UsageError, match=r"b\.epub has digital rights management"):
        book(content)


@pytest.mark.parametrize(
    ("base", "reference", "found"),
    [
        ("OEBPS/book.opf", "text/a.xhtml", "OEBPS/text/a.xhtml"),
        ("OEBPS/book.opf", "../a%20b.xhtml#x", "a b.xhtml"),
        ("book.opf", "/OEBPS/a.xhtml", "OEBPS/a.xhtml"),
        ("OEBPS/nav.xhtml", "#x", "OEBPS/nav.xhtml"),
        ("OEBPS/book.opf", "../../etc/passwd", None),
        ("OEBPS/book.opf", "%2e%2e/%2e%2e/etc/passwd", None),
        ("OEBPS/book.opf", "http://example.com/a.xhtml", None),
        ("OEBPS/book.opf", "file:///etc/passwd", None),
        ("OEBPS/book.opf", "//example.com/a", None),
        ("OEBPS/book.opf", "..", None),
    ],
)
def test_references(base: str, reference: str, found: str | None) -> None:
    assert resolve(base, reference) == found


def test_titles_are_one_line_that_can_be_shown() -> None:
    assert plain_title(" a\n\x1b[31mb\u202e c ") == "a [31mb c"
    assert len(plain_title("x" * 10_000)) == MAX_TITLE
