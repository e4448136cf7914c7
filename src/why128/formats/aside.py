"""Writing a file whole or not at all: aside in the same folder, flushed to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator

from why128.errors import SurroundingsError, shown

PART = ".why128-*.part"  # what is being written; found later, it is what something ended that was writing

HINTS = {
    errno.ENOENT: "create the folder first, or choose another",
    errno.ENOTDIR: "choose a path inside a folder",
    errno.EISDIR: "give the name of a file inside it",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENOSPC: "free some space, or choose another disk",
    errno.EDQUOT: "free some space, or choose another disk",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def write(path: str | os.PathLike, data: bytes, lasting: bool = True) -> None:
    """`data` as the file `path`; until the last moment an older file stays as it was.

    A symbolic link is followed.  What is not `lasting` may be gone after a power cut, and is not
    waited for.  Raises SurroundingsError where the disk or a permission refuses; then nothing was
    changed and nothing is left behind.
    """
    with _refusing(path) as target:
        _replaced(target, data, lasting)


def check(path: str | os.PathLike) -> None:
    """Raises SurroundingsError where `write` could not write: the folder is missing, or may not be written to."""
    with _refusing(path) as target:
        folder = os.path.dirname(target)
        os.stat(folder)
        if not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            code = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(code, os.strerror(code))


@contextlib.contextmanager
def _refusing(path: str | os.PathLike) -> Iterator[str]:
    """The file that is meant; what the system refuses becomes a SurroundingsError."""
    try:
        target = os.path.realpath(path)
        if os.path.isdir(target):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        yield target
    except (OSError, ValueError) as fault:  # ValueError: a NUL in the path
        reason = getattr(fault, "strerror", None) or str(fault)
        hint = HINTS.get(getattr(fault, "errno", 0))
        raise SurroundingsError(
            f"{shown(path)}: could not be written: {reason}; nothing was changed", hint=hint
        ) from fault


def _replaced(target: str, data: bytes, lasting: bool) -> None:
    folder = os.path.dirname(target)
    # a short name of its own: the target's may be as long as the file system allows
    aside = os.path.join(folder, PART.replace("*", secrets.token_hex(6)))
    try:
        with open(aside, "xb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.replace(aside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise
    if lasting:
        _folder_flushed(folder)


def _folder_flushed(folder: str) -> None:
    """Makes the renaming itself last through a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
