"""The text of a document in a book, and the tree of its small XML files."""

from __future__ import annotations

import codecs
import html
import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from vvcli.errors import UsageError

MAX_DEPTH = 200  # of elements in one another
MAX_XML = 8 << 20  # bytes of a package, a table of contents and the like

_DECLARED = re.compile(
    rb"\A\s*<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._-]{1,40})"
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9._-]{1,40})", re.I)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Of text and of nothing else: Python has codecs that unpack, and some that take for ever.
_ENCODINGS = {
    *("ascii", "us-ascii", "utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "gb2312", "gbk"),
    *("gb18030", "big5", "shift_jis", "shift-jis", "euc-jp", "euc-kr", "koi8-r", "koi8-u"),
    *(f"iso-8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)),
    *(f"windows-125{number}" for number in range(9)),
}

# Numbers beyond Unicode, at which Python's own reading of references raises.
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9A-Fa-f]{8,});?")


def decode_document(raw: bytes) -> tuple[str, str | None]:
    """The text of a document, and why it is none; by its mark, its declaration, or as UTF-8."""
    mark, encoding = next((each for each in _MARKS if raw.startswith(each[0])), (b"", ""))
    raw = raw[len(mark) :]
    if not mark:
        head = raw[:1024]
        found = _DECLARED.search(head) or _CHARSET.search(head)
        encoding = found[1].decode().lower() if found else "utf-8"
        if head.count(0) > len(head) // 4:  # UTF-16 without its mark
            encoding = "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
        elif encoding not in _ENCODINGS:
            return "", f"its encoding {encoding} is not one that text has"
        elif encoding.startswith("utf-16"):  # said by a file whose every second byte is not zero
            encoding = "utf-8"
    try:
        return raw.decode(encoding), None
    except UnicodeDecodeError as error:
        byte = f"byte {error.start + 1} (0x{raw[error.start]:02x})"
        return "", f"{byte} is not {encoding.upper()}"


def unescape(text: str) -> str:
    """`text` with its character references replaced."""
    if "&" not in text:
        return text
    return html.unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", text))


def parse_xml(raw: bytes, where: str) -> Element:
    """The tree of a small XML file; tags and attributes are without namespaces and prefixes.

    Raises:
        UsageError: it is no XML, declares entities, or is nested too deeply.
    """
    text, failed = decode_document(raw)
    if failed is not None:
        raise UsageError(f"{where}: {failed}")
    builder = TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise UsageError(f"{where} is nested too deeply")
        builder.start(_local(tag), {_local(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(tag))

    def skipped(name: str, _is_parameter: bool) -> None:
        if depth:  # one of HTML's, which no file declares
            builder.data(html.unescape(f"&{name};"))

    def refuse(*_declaration: object) -> None:
        raise UsageError(f"{where} declares entities, which are refused")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.UseForeignDTD(True)  # so that an unknown entity is skipped, not an error
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.SkippedEntityHandler = skipped
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
        return builder.close()
    except expat.ExpatError as error:
        raise UsageError(f"{where} is not XML: {error}") from error


def declares_entities(text: str) -> bool:
    """Whether a document has declarations of entities, before its first element."""
    return "<!ENTITY" in text[:65536]


def _local(name: str) -> str:
    return name.rpartition(":")[2]
