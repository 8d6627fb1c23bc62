"""Gives a new file the owner, the rights and the access list of the file that it replaces.

Where one of them cannot be set, nobody gets a right that he did not have.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

ACCESS_LIST = "system.posix_acl_access"


def keep_rights(descriptor: int, old: os.stat_result, path: Path) -> None:
    """Make the open file as accessible as `path`, whose status is `old`.

    Raises:
        OSError: the file system refuses.
    """
    mode = stat.S_IMODE(old.st_mode) & 0o777
    # In a file with an access list, the bits of the group are the most that the list can give.
    if not _keep_owner(descriptor, old) or not _copy_access_list(path, descriptor):
        mode &= ~0o070
    with suppress(PermissionError):  # vfat and others have no rights to set
        os.fchmod(descriptor, mode)


def _keep_owner(descriptor: int, old: os.stat_result) -> bool:
    """Set owner and group as far as we may; false if the group is another one."""
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        for owner in (old.st_uid, -1):
            with suppress(OSError):
                os.fchown(descriptor, owner, old.st_gid)
                break
    return os.fstat(descriptor).st_gid == old.st_gid


def _copy_access_list(path: Path, descriptor: int) -> bool:
    """Copy the access list of `path`; true also where there is none."""
    try:
        access_list = os.getxattr(path, ACCESS_LIST, follow_symlinks=False)
    except (OSError, AttributeError):  # only Linux has the call
        return True
    with suppress(OSError):
        os.setxattr(descriptor, ACCESS_LIST, access_list)
        return True
    return False
