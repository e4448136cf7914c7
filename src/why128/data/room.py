"""Room for arrays: a file's declared size is compared with this machine's memory before anything is allocated."""

from __future__ import annotations

import os

from why128.errors import SurroundingsError

SHARE = 0.5  # of the physical memory that one array may take: the other half is for training on it
UNKNOWN = 8 << 30  # bytes of memory assumed where the system does not tell (Windows)


def memory() -> int:
    """Physical memory in bytes."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return UNKNOWN


def check_room(size: int, where: str) -> None:
    """Raises SurroundingsError when an array of `size` bytes, declared at `where`, is too large for this machine."""
    limit = int(memory() * SHARE)
    if size > limit:
        raise SurroundingsError(
            f"{where}: too large for the memory of this machine: {size:,} bytes are declared, the limit is {limit:,} bytes",
            hint="use fewer or smaller images, or a machine with more memory",
        )
