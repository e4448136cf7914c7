"""Checkpoints: where a cohort's training stands, on disk, so that it can go on after anything.

A file a cohort, written aside, synced and renamed, by a thread of its own: training does not wait for the disk.  One that
is damaged, or does not fit, is as good as none: then the cohort begins anew, and comes to the same numbers.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from why128.data.files import opened
from why128.data.room import check_room
from why128.errors import SurroundingsError
from why128.formats import aside

EVERY = 0.1  # seconds of training from one to the next: what an end at any moment may cost
SHARE = 0.015  # of a core, at most, for packing and writing them: large networks are kept less often
DIGEST = 32  # bytes of SHA-256, at the front

# NumPy reads the head of an array with Python's own parser, which until 3.11.8 fails now and then ("AST constructor recursion
# depth mismatch", CPython issue 106905) where two threads use it at once, as two cohorts that go on do.
_ONE_AT_A_TIME = threading.Lock()

Arrays = Mapping[str, np.ndarray]


class Checkpoint:
    """The checkpoint of one cohort: `folder/name`; no folder, none is kept."""

    def __init__(self, folder: Path | None, name: str):
        self.path = folder and folder / f"{name}.npz"
        self._due = time.monotonic() + EVERY
        self._writing: threading.Thread | None = None

    def read(self) -> dict[str, np.ndarray] | None:
        """What was kept; None where there is nothing, or nothing sound."""
        if self.path is None:
            return None
        try:
            with opened(self.path) as file:
                check_room(os.fstat(file.fileno()).st_size, self.path.name)
                raw = file.read()
            if self._digest(raw[DIGEST:]) != raw[:DIGEST]:
                return None
            with _ONE_AT_A_TIME, np.load(io.BytesIO(raw[DIGEST:]), allow_pickle=False) as kept:
                return dict(kept)
        except (OSError, ValueError, zipfile.BadZipFile):  # refusals are of these too
            return None

    @property
    def due(self) -> bool:
        """Whether it is time for the next: not while a slow disk still takes the last one."""
        writing = self._writing is not None and self._writing.is_alive()
        return self.path is not None and not writing and time.monotonic() >= self._due

    def write(self, arrays: Arrays) -> None:
        """Keep these arrays, as they are now; on disk they are after `settle`, or a little later.

        A disk that refuses costs work, no result: the training goes on.
        """
        if self.path is None:
            return
        self.settle()
        began, packed = time.thread_time(), io.BytesIO()
        np.savez(packed, **dict(arrays))  # type: ignore[arg-type]
        self._writing = threading.Thread(target=self._write, args=(packed.getvalue(), time.thread_time() - began))
        self._writing.start()

    def settle(self) -> None:
        """Wait until what was written last is on disk."""
        if self._writing is not None:
            self._writing.join()

    def _write(self, raw: bytes, packing: float) -> None:
        """In a thread of its own; `packing` is the processor's time that these bytes have taken already, in seconds."""
        assert self.path is not None
        with suppress(SurroundingsError):
            aside.write(self.path, self._digest(raw) + raw)
        self._due = time.monotonic() + max(EVERY, (packing + time.thread_time()) / SHARE)

    def _digest(self, raw: bytes) -> bytes:
        """Of its name too: another cohort's, copied here, is none of this one's."""
        assert self.path is not None
        return hashlib.sha256(self.path.name.encode() + raw).digest()

    def remove(self) -> None:
        """It has served."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()
