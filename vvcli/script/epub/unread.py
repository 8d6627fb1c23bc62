"""The elements of a document that are left out: what is hidden, and what only a page has."""

from __future__ import annotations

import re

from vvcli.script.epub.markup import Tag

# Beside the text, or said by the text itself, as what stands over a word in East Asian scripts.
UNREAD = {
    *("annotation", "annotation-xml", "audio", "datalist", "head", "iframe", "rp", "rt", "script"),
    *("select", "style", "svg", "template", "textarea", "video"),
}

# By `epub:type` and by ARIA role, which has `doc-` before most of these names. Notes are to be
# looked up where a mark stands, and are out of place in the middle of the text or after it.
_TYPES = {
    *("backlink", "endnote", "endnotes", "footnote", "footnotes", "index", "landmarks", "loa"),
    *("loi", "lot", "lov", "noteref", "page-list", "pagebreak", "pagelist", "rearnote"),
    *("rearnotes", "toc"),
}

# Names that converters and publishers give what has no type.
_CLASSES = {
    *("endnote", "endnotes", "fnanchor", "fnref", "footnote", "footnote-back", "footnote-ref"),
    *("footnoteref", "footnotes", "noteref", "pageno", "pagenum"),
}

_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.I)
_FILE_NAME = re.compile(r"\S+\.(?:jpe?g|png|gif|svg|webp|bmp|tiff?)", re.I)
_SAYS_NOTHING = {"", "image", "images", "img", "picture"}


def is_unread(tag: Tag) -> bool:
    """Whether the element that `tag` begins is left out."""
    attributes = tag.attributes
    if tag.name in UNREAD or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    roles = (role.removeprefix("doc-") for role in attributes.get("role", "").split())
    return (
        not _TYPES.isdisjoint((*attributes.get("type", "").split(), *roles))
        or not _CLASSES.isdisjoint(attributes.get("class", "").split())
        or _HIDDEN.search(attributes.get("style", "")) is not None
    )


def alternative(tag: Tag) -> str:
    """The words that an image has; none where they are the name of a file.

    >>> alternative(Tag("img", {"alt": "fig 1.png"}, True, True, 1))
    'fig 1.png'
    """
    words = tag.attributes.get("alt", "").strip()
    is_none = words.lower() in _SAYS_NOTHING or _FILE_NAME.fullmatch(words) is not None
    return "" if is_none else words
