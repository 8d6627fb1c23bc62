"""The package of a book: what it is called, and which documents it has in which order."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from vvcli.errors import UsageError
from vvcli.script.epub.archive import Archive, resolve
from vvcli.script.epub.xml import MAX_XML, parse_xml
from vvcli.script.title import plain_title

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"

# With which fonts are made useless outside of the book; nothing that is read is.
_FONT_OBFUSCATIONS = {
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
}

_DOCUMENTS = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "image/svg+xml"}
_LISTS = {"index", "loi", "lot", "toc"}  # of a guide
_COVER_NAMES = {"cover", "cover-image", "cover_image", "coverimage"}  # of what is not marked as it
_COVERS = ("image/jpeg", "image/jpg", "image/png")


@dataclass(frozen=True)
class _Item:
    """An item of the manifest."""

    identifier: str
    href: str  # as it is written
    member: str | None  # None if it is outside of the book
    kind: str  # its media type
    properties: frozenset[str]
    fallback: str | None  # the id of another item


@dataclass(frozen=True)
class Package:
    """What the package of a book says.

    Attributes:
        title, author, language: of the book; None where it does not say.
        spine: the documents that are read, in order, each once.
        nav, ncx: the tables of contents of EPUB 3 and 2, if it has them.
        cover: the image, if it names one: a JPEG or PNG, where it has such a one.
    """

    title: str | None
    author: str | None
    language: str | None
    spine: tuple[str, ...]
    nav: str | None
    ncx: str | None
    cover: str | None


def read_package(archive: Archive) -> Package:
    """The package of the book, whose documents can be read.

    Raises:
        UsageError: it is missing or wrong, has no spine, or a document is encrypted.
    """
    where = archive.name
    if CONTAINER not in archive:
        raise UsageError(f"{where} is no EPUB: {CONTAINER} is not in it")
    container = parse_xml(archive.read(CONTAINER, MAX_XML), f"{where}: {CONTAINER}")
    paths = (root.get("full-path") for root in container.iter("rootfile"))
    path = next((found for found in paths if found), None)
    member = None if path is None else resolve("", path)
    if member is None or member not in archive:
        raise UsageError(f"{where} is damaged: its package {path or ''!r} is not in it")
    tree = parse_xml(archive.read(member, MAX_XML), f"{where}: {member}")
    package = _package(tree, member, where)
    encrypted = _encrypted(archive)
    read = [*package.spine, *filter(None, (package.nav, package.ncx))]
    locked = next((document for document in read if document in encrypted), None)
    if locked is not None:
        raise UsageError(
            f"{where} has digital rights management (DRM): {locked} is encrypted and cannot be read"
        )
    return package


def _package(tree: Element, member: str, where: str) -> Package:
    items: dict[str, _Item] = {}
    for item in tree.iterfind("manifest/item"):
        items.setdefault(
            item.get("id", ""),
            _Item(
                item.get("id", ""),
                item.get("href", ""),
                resolve(member, item.get("href", "")) if item.get("href") else None,
                item.get("media-type", "").lower(),
                frozenset(item.get("properties", "").split()),
                item.get("fallback"),
            ),
        )
    spine = tree.find("spine")
    references = [] if spine is None else spine.findall("itemref")
    if spine is None or not references:
        raise UsageError(f"{where} has no spine, the list of its documents in order")
    documents: dict[str, None] = {}
    for reference in references:
        if reference.get("linear") == "no":
            continue  # beside the text, such as the page of a picture
        identifier = reference.get("idref", "")
        # What the manifest does not have is missing, and fails as a file that is not there.
        document = _document(items, identifier) if identifier in items else identifier
        if document:
            documents.setdefault(document)
    if items.keys().isdisjoint(each.get("idref", "") for each in references) or not documents:
        raise UsageError(f"{where} has no document in its spine that can be read")
    lists = documents.keys() & _beside_text(tree, member)
    if len(lists) < len(documents):
        documents = {each: None for each in documents if each not in lists}
    nav = next((item for item in items.values() if "nav" in item.properties), None)
    ncx = items.get(spine.get("toc", "")) or next(
        (item for item in items.values() if item.kind == "application/x-dtbncx+xml"), None
    )
    return Package(
        title=_text(tree, "title"),
        author=_authors(tree),
        language=_text(tree, "language"),
        spine=tuple(documents),
        nav=None if nav is None else nav.member,
        ncx=None if ncx is None else ncx.member,
        cover=_cover(tree, items),
    )


def _document(items: dict[str, _Item], identifier: str) -> str | None:
    """The member of an item, or of the first that stands for it and is a document.

    The reference of one that is outside of the book, where it is not read.
    """
    seen: set[str] = set()
    while identifier not in seen and (item := items.get(identifier)) is not None:
        seen.add(identifier)
        if item.kind in _DOCUMENTS:
            return item.member or item.href
        identifier = item.fallback or identifier
    return None


def _cover(tree: Element, items: dict[str, _Item]) -> str | None:
    marked = [item for item in items.values() if "cover-image" in item.properties]
    missing: list[str] = []
    for meta in tree.iterfind("metadata/meta"):  # as EPUB 2 says it
        if meta.get("name") == "cover" and (name := meta.get("content")):
            named = [items[name]] if name in items else []
            marked += named or [item for item in items.values() if item.href == name]
            missing += [] if marked else [name]
    pictures = [item for item in items.values() if item.kind in _COVERS]
    called = [item for item in pictures if item.identifier.lower() in _COVER_NAMES]
    found = next((item for item in [*marked, *called] if item.kind in _COVERS), None)
    if found is None and marked:
        found = marked[0]
    return next(iter(missing), None) if found is None else found.member or found.href


def _beside_text(tree: Element, member: str) -> set[str | None]:
    """The documents that are lists of pages by their whole, as EPUB 2 says it in its guide."""
    pages: dict[bool, set[str | None]] = {True: set(), False: set()}
    for reference in tree.iterfind("guide/reference"):
        href = reference.get("href", "")
        if href and "#" not in href:
            pages[reference.get("type", "").lower() in _LISTS].add(resolve(member, href))
    return pages[True] - pages[False]


def _text(tree: Element, tag: str) -> str | None:
    metadata = tree.find("metadata")
    found = () if metadata is None else metadata.iter(tag)
    return next(filter(None, (plain_title("".join(each.itertext())) for each in found)), None)


def _authors(tree: Element) -> str | None:
    """All creators who are authors, as far as it is said who is."""
    metadata = tree.find("metadata")
    creators = [] if metadata is None else list(metadata.iter("creator"))
    roles = (
        {}
        if metadata is None
        else {
            meta.get("refines", "").removeprefix("#"): (meta.text or "").strip()
            for meta in metadata.iter("meta")
            if meta.get("property") == "role"
        }
    )
    names: dict[str, None] = {}
    for creator in creators:
        role = creator.get("role") or roles.get(creator.get("id", ""), "aut")
        name = plain_title("".join(creator.itertext()))
        if name and role == "aut":
            names.setdefault(name)
    return plain_title(", ".join(names)) or None


def _encrypted(archive: Archive) -> set[str]:
    """The members that are encrypted by anything but the obfuscation of fonts."""
    if ENCRYPTION not in archive:
        return set()
    tree = parse_xml(archive.read(ENCRYPTION, MAX_XML), f"{archive.name}: {ENCRYPTION}")
    found = set()
    for data in tree.iter("EncryptedData"):
        method = data.find("EncryptionMethod")
        algorithm = "" if method is None else method.get("Algorithm", "")
        if algorithm in _FONT_OBFUSCATIONS:
            continue
        for reference in data.iter("CipherReference"):
            member = resolve("", reference.get("URI", ""))
            if member is not None:
                found.add(member)
    return found
