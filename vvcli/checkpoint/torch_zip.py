"""The zip files of `torch.save`: a small pickle, and one member of raw bytes per storage."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from vvcli.checkpoint.regular_file import open_regular
from vvcli.checkpoint.restricted_pickle import PickleError, run_pickle, shown
from vvcli.errors import UnavailableError, unreadable_as

# The published presets need 10 kB.
MAX_PICKLE_BYTES = 1 << 20

# zipfile reads the list of members whole, and takes ten times as much memory for it.
MAX_DIRECTORY_BYTES = 4 << 20


class _BoundedReader(io.BufferedReader):
    """A file of which at most `limit` bytes are read at once; more is damage."""

    limit = MAX_DIRECTORY_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        if (left if size is None or size < 0 else min(left, size)) > self.limit:
            raise PickleError(f"its list of members is over {MAX_DIRECTORY_BYTES >> 20} MiB")
        return super().read(size)


def read_torch_zip(path: Path) -> object:
    """The object in a `torch.save` file, read without `torch.load`; `run_pickle` says its types.

    Memory is bounded by the file's size, and nothing the file names is imported or called.

    Raises:
        UnavailableError: the file is damaged, names something a voice has no business with, or
            holds anything else than the published voices do.
    """
    try:
        with (
            unreadable_as(UnavailableError, path),
            _BoundedReader(open_regular(path).detach()) as file,
            zipfile.ZipFile(file) as archive,
        ):
            size = file.limit = os.fstat(file.fileno()).st_size
            members = _stored_members(archive, size)
            prefix = _prefix(members)

            def storage(key: str) -> bytearray:
                name = f"{prefix}/data/{key}"
                if name not in members:
                    raise PickleError(f"storage {shown(key)} is missing")
                return bytearray(archive.read(name))

            _check_byte_order(archive, members, prefix)
            if members[f"{prefix}/data.pkl"] > MAX_PICKLE_BYTES:
                raise PickleError(f"its data.pkl is over {MAX_PICKLE_BYTES >> 20} MiB")
            return run_pickle(archive.read(f"{prefix}/data.pkl"), storage)
    except UnavailableError:
        raise
    except PickleError as error:
        raise UnavailableError(f"{path} is not a voice this program reads: {error}") from error
    # Damage surfaces in zipfile and pickletools as a dozen exception classes (struct.error,
    # NotImplementedError, EOFError, ...). Whatever the bytes are, the user gets one sentence.
    except Exception as error:
        raise UnavailableError(
            f"{path} is not a voice file, or it is damaged: {shown(str(error))}"
        ) from error


def _stored_members(archive: zipfile.ZipFile, size: int) -> Mapping[str, int]:
    """Bytes by member name; together no more than the file has, so that reading is bounded."""
    infos = archive.infolist()
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise PickleError("it has compressed members, which torch never writes")
    if sum(info.file_size for info in infos) > size:
        raise PickleError("its members overlap")
    return {info.filename: info.file_size for info in infos}


def _prefix(members: Mapping[str, int]) -> str:
    found = [name for name in members if re.fullmatch(r"[^/]+/data\.pkl", name)]
    if len(found) != 1:
        raise PickleError("it was not written by torch.save: it needs one folder with a data.pkl")
    return found[0].removesuffix("/data.pkl")


def _check_byte_order(archive: zipfile.ZipFile, members: Mapping[str, int], prefix: str) -> None:
    name = f"{prefix}/byteorder"
    # Before torch 2.1 there was no such member, and the order was little.
    if name in members and archive.read(name) != b"little":
        raise PickleError("its byte order is not little")
