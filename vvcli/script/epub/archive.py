"""The members of an EPUB file, read one at a time within limits."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import unicodedata
import zlib
from posixpath import dirname, join, normpath
from typing import IO, BinaryIO
from urllib.parse import unquote
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from vvcli.errors import UsageError

MAX_MEMBERS = 10_000
MAX_UNPACKED = 512 << 20  # bytes, of all that is read
MAX_DIRECTORY = 4 << 20  # bytes, of the list of members; 400 for each

BLOCK = 1 << 16  # bytes unpacked at a time

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

# What `zipfile` and what it calls raise for a file that is damaged, besides `BadZipFile`.
_DAMAGE = (
    *(BadZipFile, zlib.error, EOFError, struct.error),
    *(ValueError, OverflowError, IndexError, RuntimeError),
)


class Archive:
    """An EPUB file that is open for reading.

    Args:
        file: can seek.
        name: what messages call it.

    Raises:
        UsageError: from every method: it is not a ZIP archive, is damaged, or is beyond the limits.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        self._unpacked = 0
        try:
            self._zip = ZipFile(_BoundedReads(file))
        except _TooMuchError as error:
            raise UsageError(f"{name} has more than {MAX_MEMBERS} members") from error
        except _DAMAGE as error:
            raise UsageError(f"{name} is no EPUB, or is damaged: {error}") from error
        except OSError as error:
            if error.strerror and error.errno is not None and not _is_bad_seek(error):
                raise
            raise UsageError(f"{name} is no EPUB, or is damaged: {error}") from error
        if len(self._zip.infolist()) > MAX_MEMBERS:
            raise UsageError(f"{name} has more than {MAX_MEMBERS} members")
        # Made on Windows, names may differ in case from what refers to them, or have backslashes.
        self._loose: dict[str, ZipInfo] = {}
        for info in self._zip.infolist():
            self._loose.setdefault(_loosely(info.filename), info)

    def __contains__(self, member: str) -> bool:
        return self._find(member) is not None

    def read(self, member: str, limit: int) -> bytes:
        """The content of a member, which is there and of at most `limit` bytes."""
        info = self._find(member)
        if info is None:
            raise KeyError(member)
        self._check(info)
        content = bytearray()
        try:
            with self._zip.open(info) as file:
                while block := self._next(file):
                    content += block
                    if len(content) > limit:
                        raise UsageError(
                            f"{self.name}: {member} is longer than {limit} bytes when unpacked"
                        )
        except _DAMAGE as error:
            raise self._damaged(member, error) from error
        except OSError as error:
            if not _is_bad_seek(error):
                raise
            raise self._damaged(member, error) from error
        return bytes(content)

    def _find(self, member: str) -> ZipInfo | None:
        return self._zip.NameToInfo.get(member) or self._loose.get(_loosely(member))

    def _next(self, file: IO[bytes]) -> bytes:
        block = file.read(BLOCK)
        self._unpacked += len(block)
        if self._unpacked > MAX_UNPACKED:
            raise UsageError(f"{self.name} is longer than {MAX_UNPACKED >> 20} MiB when unpacked")
        return block

    def _check(self, info: ZipInfo) -> None:
        where = f"{self.name}: {info.filename}"
        if info.flag_bits & 1:
            raise UsageError(f"{where} is encrypted with a password: the book cannot be read")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise UsageError(f"{where} is compressed in a way that EPUB does not allow")
        mode = info.external_attr >> 16
        if info.create_system == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise UsageError(f"{where} is a link or a folder, not a file")

    def _damaged(self, member: str, error: Exception) -> UsageError:
        return UsageError(f"{self.name} is damaged: {member}: {error or type(error).__name__}")


def _loosely(member: str) -> str:
    return unicodedata.normalize("NFC", member.replace("\\", "/")).casefold()


class _TooMuchError(Exception):
    """More is to be read at once than a list of members takes."""


class _BoundedReads:
    """A file of which no more than `MAX_DIRECTORY` is read at once, as `zipfile` reads its list."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seekable, self.tell = file.seekable, file.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise _TooMuchError
        data = self._file.read(MAX_DIRECTORY + 1 if size < 0 else size)
        if len(data) > MAX_DIRECTORY:
            raise _TooMuchError
        return data


def _is_bad_seek(error: OSError) -> bool:
    """Whether the file asked for a place that it cannot have."""
    return isinstance(error, io.UnsupportedOperation) or error.errno in (None, 22)


def resolve(base: str, reference: str) -> str | None:
    """The member that `reference` in the member `base` names; None if it is outside of the book.

    >>> resolve("OEBPS/text/a.xhtml", "../b%20c.xhtml#d")
    'OEBPS/b c.xhtml'
    """
    path = unquote(reference.partition("#")[0]).strip()
    if _SCHEME.match(path) or path.startswith("//") or "\0" in path:
        return None
    if not path:
        return base
    found = normpath(join(dirname(base), path) if not path.startswith("/") else path.lstrip("/"))
    return None if found in (".", "..") or found.startswith("../") else found
