"""Compiled programs, kept in the user's cache folder: the second study of its shape compiles nothing.

For processes that are ours alone (the crew's, the command line's): it changes how all of JAX behaves in them.
"""

from __future__ import annotations

import os
import time
import warnings
from contextlib import suppress
from pathlib import Path

import jax

from why128.data.catalogue import cache

UNUSED = 30 * 86_400  # seconds after which a program that nobody has made or asked for again is thrown away


def keep_programs() -> None:
    """From here on compiled programs are kept, and those that are kept are used; nothing where that is not possible.

    A kept program is code that will run: a folder that others may write to is not used (SECURITY.md).
    """
    folder = cache() / "programs"
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _ours(folder):
        return
    _tidy(folder)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # many small ones are a second too
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    # A full disk, or a damaged entry: then it is compiled as ever.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache", UserWarning)


def _ours(folder: Path) -> bool:
    """Whether this user alone may write there."""
    try:
        found = folder.stat()
    except OSError:
        return False
    owned = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
    return owned and os.access(folder, os.W_OK)


def _tidy(folder: Path) -> None:
    """Throw away what has not been used for a month; another process may do so at the same time."""
    oldest = time.time() - UNUSED
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                if max(path.stat().st_mtime, path.stat().st_atime) < oldest:
                    path.unlink()
