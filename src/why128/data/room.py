"""Room for arrays: a file's declared size is compared with this machine's memory, or disk, before anything is allocated."""

from __future__ import annotations

import os
import shutil

from why128.errors import SurroundingsError, shown

SHARE = 0.5  # of the physical memory that one array may take: the other half is for training on it
UNKNOWN = 8 << 30  # bytes of memory assumed where the system does not tell (Windows)
IN_MEMORY = {"tmpfs", "ramfs"}  # file systems that are memory
SHARE_OF_DISK = 0.9  # of what is free: the rest is for the study's own files, and for others


def memory() -> int:
    """Physical memory in bytes."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return UNKNOWN


def is_memory(folder: str) -> bool:
    """Whether what is put into this folder lies in memory (tmpfs), as /tmp does on many machines; false where the system does not tell."""
    try:
        device = os.stat(folder).st_dev
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            lines = mounts.read().splitlines()
    except OSError:
        return False
    kinds = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        kinds[before.split()[2]] = after.split()[0]  # by "major:minor"
    return kinds.get(f"{os.major(device)}:{os.minor(device)}") in IN_MEMORY


def check_room(size: int, where: str) -> None:
    """Raises SurroundingsError when an array of `size` bytes, declared at `where`, is too large for this machine."""
    limit = int(memory() * SHARE)
    if size > limit:
        raise SurroundingsError(
            f"{where}: too large for the memory of this machine: {size:,} bytes are declared, the limit is {limit:,} bytes",
            hint="use fewer or smaller images, or a machine with more memory",
        )


def check_disk(size: int, folder: str, where: str) -> None:
    """Raises SurroundingsError when `size` bytes of what `where` declares are too many for the disk of `folder`."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise SurroundingsError(
            f"{where}: its pixels are to be put on disk, but there is no folder {shown(folder)}: {shown(error.strerror)}",
            hint="name a folder for them: TMPDIR=FOLDER",
        ) from None
    if size > SHARE_OF_DISK * free:
        raise SurroundingsError(
            f"{where}: too large for the disk: its pixels take {size:,} bytes in {shown(folder)}, of which {free:,} are free",
            hint="free some room there, or name another folder for them: TMPDIR=FOLDER",
        )
