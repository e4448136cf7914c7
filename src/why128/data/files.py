"""Opening what a path names, safely: only regular files, and never one that could make the reader wait."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

from why128.errors import InputRefused, SurroundingsError, Why128Error, shown

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# What a path itself can be blamed for; every other refusal of the operating system is the surroundings'.
PATH_FAULTS = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EINVAL}


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """The regular file at `path`, open for reading.

    Raises InputRefused when there is none, or something else of that name (a folder, FIFO, socket or device);
    SurroundingsError when the operating system refuses.
    """
    try:
        check_regular(path, os.stat(path).st_mode)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        file = os.fdopen(descriptor, "rb")
        check_regular(path, os.fstat(descriptor).st_mode)  # it may have been exchanged since it was looked at
    except (OSError, ValueError) as error:
        raise refusal(path, error) from error
    return file


def check_regular(path: str | os.PathLike[str], mode: int) -> None:
    """Raises InputRefused unless `mode` is that of a regular file."""
    if not stat.S_ISREG(mode):
        raise InputRefused(f"{shown(path)}: expected a file, found {KINDS.get(stat.S_IFMT(mode), 'something else')}")


def refusal(path: str | os.PathLike[str], error: Exception) -> Why128Error:
    """`error`, met on the way to `path`, as one of our refusals."""
    if isinstance(error, Why128Error):
        return error
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, ValueError) or getattr(error, "errno", None) in PATH_FAULTS:
        return InputRefused(f"{shown(path)}: cannot be opened: {shown(reason)}")
    return SurroundingsError(
        f"{shown(path)}: the system refuses to read it: {shown(reason)}", hint="check its permissions and its disk"
    )
