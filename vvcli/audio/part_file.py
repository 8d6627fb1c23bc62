"""The one writer of `.part` files: a file is `NAME.part` until it is whole, then `NAME`.

No two processes write one `NAME.part`, no link in its place is followed and no FIFO waited on.
Whoever writes it holds a lock on it (flock) until it has its final name. A `NAME.part` that
nobody holds was left by a crash, or was put there by somebody else, and is replaced.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from vvcli.audio.descriptors import lock, open_folder, open_with_any_rights
from vvcli.audio.file_rights import keep_rights
from vvcli.audio.part_name import part_name
from vvcli.errors import OutputError, UsageError

# Each attempt fails only if another process has just made or removed the file.
MAX_ATTEMPTS = 100


class PartFile:
    """`NAME.part`, locked and open for reading and writing.

    One of `publish`, `keep` and `discard` ends it and closes `descriptor`.

    Args:
        path: the final name.
        folder: a descriptor of the folder of `path`, which the object owns from now on. The
            folder is opened by its name if this is left out.
        tag: of this writer, who alone has it: the file is then `NAME.TAG.part`.

    Raises:
        UsageError: another process is writing the file, or may be where files cannot be locked.
        OutputError: from every method, when the file system refuses.
    """

    path: Path  # the final name
    descriptor: int
    _folder: int
    _closed: bool

    def __init__(self, path: Path, folder: int | None = None, tag: str = "") -> None:
        self._attach(path, folder, tag, mine=bool(tag))
        try:
            self.descriptor = self._create()
        except BaseException as error:
            os.close(self._folder)
            if isinstance(error, OSError):
                raise self._error(error) from error
            raise

    @classmethod
    def adopt(
        cls, path: Path, folder: int | None = None, tag: str = "", *, mine: bool = False
    ) -> PartFile | None:
        """The `NAME.part` that an earlier process left; none if there is no such regular file.

        `mine` says that nobody else has a part in it any more, whatever locks say.

        Raises:
            UsageError: another process is writing it.
        """
        part = cls.__new__(cls)
        part._attach(path, folder, tag, mine=mine)
        descriptor = None
        try:
            descriptor = part._open_unlocked()
        except OSError as error:
            raise part._error(error) from error
        finally:
            if descriptor is None:
                os.close(part._folder)
        if descriptor is None:
            return None
        part.descriptor = descriptor
        return part

    def sync(self) -> None:
        """Put everything written on the disk, with the rights that the file is to have."""
        try:
            if (old := self._stat(self._name)) is not None:
                keep_rights(self.descriptor, old, self.path)
            os.fsync(self.descriptor)
            # Network file systems report errors of writing at close. The lock has to last until
            # the file has its name, and it does: closing a copy does not release it.
            os.close(os.dup(self.descriptor))
        except OSError as error:
            raise self._error(error) from error

    def publish(self, *, sync_folder: bool = False) -> None:
        """Rename the synced file to its final name, in place of what has that name.

        A link of that name is replaced, not followed. With `sync_folder`, the name is on the disk
        when this returns, where the file system can do that.
        """
        try:
            if not self._has_name(self.descriptor):
                reason = f"another program has removed or replaced {self._part}"
                raise OutputError(f"cannot write to {self.path}: {reason}")
            os.rename(self._part, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            if sync_folder:
                with suppress(OSError):
                    os.fsync(self._folder)
        except OSError as error:
            raise self._error(error) from error
        finally:
            self.keep()

    def keep(self) -> None:
        """Close; the file stays `NAME.part`."""
        if self._closed:
            return
        self._closed = True
        for descriptor in (self.descriptor, self._folder):
            with suppress(OSError):
                os.close(descriptor)

    def discard(self) -> None:
        """Close and remove what was written."""
        if not self._closed:
            with suppress(OSError):
                if self._has_name(self.descriptor):
                    os.unlink(self._part, dir_fd=self._folder)
        self.keep()

    def __del__(self) -> None:
        # An exception out of a signal handler can strike before anyone has the object; the lock
        # must not stay until the process ends.
        if hasattr(self, "descriptor"):
            self.keep()

    def _attach(self, path: Path, folder: int | None, tag: str, *, mine: bool) -> None:
        self.path = path
        self._name, self._part = path.name, part_name(path.name, tag)
        self._closed, self._mine = False, mine
        try:
            self._folder = open_folder(path.parent) if folder is None else folder
        except OSError as error:
            raise self._error(error) from error

    def _create(self) -> int:
        """A new file under the name, locked."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        for _ in range(MAX_ATTEMPTS):
            self._remove_leftover()
            old = self._stat(self._name)
            # Never readable for more people than the file that it replaces.
            mode = 0o666 if old is None else stat.S_IMODE(old.st_mode) & 0o777
            try:
                descriptor = os.open(self._part, flags, mode, dir_fd=self._folder)
            except FileExistsError:
                continue
            try:
                # Between open and lock, another process may have taken it for a leftover.
                if lock(descriptor) is not False and self._has_name(descriptor):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise self._busy()

    def _remove_leftover(self) -> None:
        """Remove what has the name, unless another process is writing it."""
        try:
            status = os.stat(self._part, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISREG(status.st_mode):
            self._unlink()
            return
        descriptor = self._open_unlocked()
        if descriptor is not None:
            try:
                self._unlink()
            finally:
                os.close(descriptor)

    def _unlink(self) -> None:
        try:
            os.unlink(self._part, dir_fd=self._folder)
        except PermissionError as error:  # another user's, in a folder such as /tmp
            raise OutputError(
                f"cannot write to {self.path}: {self._part} is there and cannot be removed: "
                f"{error.strerror}"
            ) from error

    def _open_unlocked(self) -> int | None:
        """The regular file that has the name, locked; none if there is none."""
        for _ in range(MAX_ATTEMPTS):
            if self._stat(self._part) is None:
                return None
            try:
                descriptor = self._open_existing()
            except FileNotFoundError:
                return None
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    os.close(descriptor)
                    continue
                locked = lock(descriptor)
                if locked is None and not self._mine:
                    raise UsageError(
                        f"{self.path.parent / self._part} is there, and this file system cannot "
                        "tell if it is in use: remove it if no other vvcli is writing it"
                    )
                if locked is False and not self._mine:
                    raise self._busy()
                # Its writer may have given it its final name in the meantime.
                if self._has_name(descriptor):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise self._busy()

    def _open_existing(self) -> int:
        """Open the file of that name for locking, with whatever rights it gives."""
        try:
            return open_with_any_rights(self._part, self._folder)
        except PermissionError as error:
            raise OutputError(
                f"cannot write to {self.path}: {self._part} is there and cannot be opened: "
                f"{error.strerror}"
            ) from error

    def _stat(self, name: str) -> os.stat_result | None:
        """The status of the regular file of that name; none if there is none."""
        try:
            status = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def _has_name(self, descriptor: int) -> bool:
        named, mine = self._stat(self._part), os.fstat(descriptor)
        return named is not None and os.path.samestat(named, mine)

    def _busy(self) -> UsageError:
        return UsageError(
            f"another vvcli is writing {self.path}: wait for it, or give another name"
        )

    def _error(self, error: OSError) -> OutputError:
        name = self._part if isinstance(error, IsADirectoryError) else self._name
        return OutputError(f"cannot write to {self.path.parent / name}: {error.strerror}")
