"""EPUB files made for tests, of both versions."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""

TITLES = [f"Chapter {n}" for n in range(1, 13)]


def png(width: int = 2) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sum_ = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum_)

    head = struct.pack(">IIBBBBB", width, width, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\xff" * width) * width
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def page(body: str, head: str = "<title>x</title>") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head>{head}</head>\n'
        f"<body>{body}</body></html>"
    )


def chapter(n: int) -> str:
    """A chapter with a list, a table, a picture and a note."""
    return page(
        f'<section epub:type="chapter"><h1 id="top">Chapter {n}<br/>of twelve</h1>\n'
        f"<p>The text of chapter {n}, with a "
        f'note<a epub:type="noteref" href="#n1">1</a> in <em>it</em>.</p>\n'
        "<ol><li>One thing.</li><li>Another.</li></ol>\n"
        "<table><tr><th>Name</th><th>Age</th></tr><tr><td>Ada</td><td>36</td></tr></table>\n"
        '<figure><img src="../p.png" alt="a white square"/></figure><hr/>\n'
        f'<aside epub:type="footnote" id="n1"><p>A note to {n}.</p></aside></section>'
    )


SPOKEN = [
    "Chapter {n}, of twelve",
    "The text of chapter {n}, with a note in it.",
    "1. One thing.",
    "2. Another.",
    "Name, Age",
    "Ada, 36",
    "a white square",
    "",
]


def members(version: int = 3, chapters: int = 12) -> dict[str, str | bytes]:
    """The members of a good book; a test changes what it is about."""
    numbers = range(1, chapters + 1)
    items = [
        f'<item id="c{n}" href="text/c{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in numbers
    ]
    items.append('<item id="pic" href="p.png" media-type="image/png" properties="cover-image"/>')
    spine = "".join(f'<itemref idref="c{n}"/>' for n in numbers)
    found: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/p.png": png(),
        **{f"OEBPS/text/c{n}.xhtml": chapter(n) for n in numbers},
    }
    if version == 3:
        items.append(
            '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        )
        lines = "".join(f'<li><a href="text/c{n}.xhtml#top">Chapter {n}</a></li>' for n in numbers)
        found["OEBPS/nav.xhtml"] = page(
            f'<nav epub:type="toc"><h1>Contents</h1><ol>{lines}</ol></nav>'
            '<nav epub:type="landmarks"><ol><li><a href="text/c3.xhtml">Start</a></li></ol></nav>'
        )
        extra, toc = "", ""
    else:
        items.append('<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>')
        points = "".join(
            f'<navPoint id="p{n}" playOrder="{n}"><navLabel><text>Chapter {n}</text></navLabel>'
            f'<content src="text/c{n}.xhtml"/></navPoint>'
            for n in numbers
        )
        found["OEBPS/toc.ncx"] = (
            '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
            '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
            '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">'
            f"<navMap>{points}</navMap></ncx>"
        )
        extra, toc = '<meta name="cover" content="pic"/>', ' toc="ncx"'
    found["OEBPS/book.opf"] = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" '
        f'version="{version}.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>A Made Book</dc:title><dc:creator>Ann Writer</dc:creator>"
        f"<dc:language>en</dc:language>{extra}</metadata>"
        f"<manifest>{''.join(items)}</manifest><spine{toc}>{spine}</spine></package>"
    )
    return found


def packed(content: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return file.getvalue()


def write_epub(path: Path, version: int = 3, chapters: int = 12) -> Path:
    path.write_bytes(packed(members(version, chapters)))
    return path
