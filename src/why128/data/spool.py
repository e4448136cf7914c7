"""Where pixels are put: in memory where they are few, on disk where they are many; either way they are held once.

Both are files without a name.  Whoever is handed the descriptor maps the same pixels, so that a second process costs no
second copy; and however a process ends, nothing is left behind.  A person's own files are never mapped: one that is cut
while a study reads it would end the study without a word (SIGBUS), one that is changed would change what it learns from.
"""

from __future__ import annotations

import errno
import io
import math
import mmap
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import numpy as np

from why128.data.room import check_disk, check_room, is_memory
from why128.errors import SurroundingsError, shown

# Bytes of one array that are put into memory: more than twice Fashion-MNIST.  Larger ones would crowd out training; from
# disk they come no slower where there is memory, since the system keeps there what it has room for.
MOST = 1 << 27
# Bytes looked at together: what is made of them on the way (eight times as much as float64) stays small.
PIECE = 1 << 20
HEAD = 4096  # bytes in which an NPY header ends
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Shape = tuple[int, ...]


class Nameless:
    """A file without a name, in memory or on disk; it is gone when nobody has it any more."""

    def __init__(self, in_memory: bool, where: str):
        """Raises SurroundingsError, naming `where` its bytes come from, where it cannot be made or, later, written."""
        self.where, self.on_disk, self.descriptor, self.written = where, False, -1, 0
        self.held = True  # in memory, of which the system gets nothing back
        if in_memory:
            with suppress(OSError):  # a kernel, or who set it up, may refuse: then on disk
                self.descriptor = os.memfd_create("why128")
                return
        self.on_disk, self.held = True, is_memory(folder())
        try:
            with tempfile.TemporaryFile(dir=folder(), buffering=0) as file:
                self.descriptor = os.dup(file.fileno())
        except OSError as error:
            raise self._refused(error) from None

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def reserve(self, size: int) -> None:
        """Take the room for so many bytes, so that a full disk is told before they are read."""
        try:
            if self.on_disk and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self.descriptor, 0, size)
        except OSError as error:
            if error.errno in FULL:  # a file system that cannot reserve may still take them
                raise self._refused(error) from None

    def write(self, data: bytes | memoryview) -> None:
        """Put these bytes after the others.  By writing, not through a map: a full disk is told, and pages cost a tenth."""
        left = memoryview(data)
        try:
            while left:
                count = os.write(self.descriptor, left)
                self.written, left = self.written + count, left[count:]
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> SurroundingsError:
        full = "the disk is full" if error.errno in FULL else shown(error.strerror or error)
        return SurroundingsError(
            f"{self.where}: its pixels cannot be put on disk, in {shown(folder())}: {full}",
            hint="free some room there, or name another folder for them: TMPDIR=FOLDER",
        )


class Mapped(mmap.mmap):
    """Such a file, an NPY one, as memory."""

    file: Nameless
    start: int  # bytes before the elements


class Spool:
    """An array that comes row by row, put where so many bytes belong."""

    def __init__(self, shape: Shape, dtype: np.dtype | type, where: str):
        """Raises SurroundingsError, naming `where` it comes from, when there is no room for it; nothing is left of it then."""
        self.shape, self.dtype = shape, np.dtype(dtype)
        size = math.prod(shape) * self.dtype.itemsize
        small = size <= MOST
        if small:
            check_room(size, where)
        else:
            check_disk(size, folder(), where)
            if is_memory(folder()):
                check_room(size, where)
        self._file = Nameless(small and hasattr(os, "memfd_create"), where)
        head = io.BytesIO()
        about = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(head, about)
        self._start, self._end = head.tell(), head.tell() + size
        self._file.reserve(self._end)
        self._file.write(head.getvalue())

    def add(self, rows: np.ndarray) -> None:
        """The next rows, brought to its type."""
        self.write(np.ascontiguousarray(rows, self.dtype).reshape(-1).view(np.uint8).data)

    def write(self, data: memoryview) -> None:
        """The next rows as they are to lie there."""
        self._file.write(data)

    @property
    def array(self) -> np.ndarray:
        """The array, once all its rows are there."""
        assert self._file.written == self._end, "all rows are there"
        mapped = Mapped(self._file.descriptor, self._end)
        mapped.file, mapped.start = self._file, self._start
        return np.ndarray(self.shape, self.dtype, mapped, self._start)


def made(shape: Shape, dtype: np.dtype | type, blocks: Iterable[np.ndarray], where: str) -> np.ndarray:
    """An array of these blocks of rows, one after another."""
    spool = Spool(shape, dtype, where)
    for block in blocks:
        spool.add(block)
    return spool.array


def poured(
    fill: Callable[[memoryview], int], shape: Shape, dtype: np.dtype, where: str
) -> tuple[np.ndarray | None, int]:
    """An array of the bytes with which `fill` fills a buffer, and how many these were; None where they end too early."""
    spool, buffer, done = Spool(shape, dtype, where), memoryview(bytearray(PIECE)), 0
    size = math.prod(shape) * dtype.itemsize
    while done < size:
        some = buffer[: size - done]
        count = fill(some)
        spool.write(some[:count])
        done += count
        if count < len(some):
            return None, done
    return spool.array, done


def pieces(array: np.ndarray) -> Iterator[slice]:
    """Rows of `array`, so many at a time that they are about a megabyte."""
    count = max(1, PIECE * len(array) // max(1, array.nbytes))
    return (slice(start, start + count) for start in range(0, len(array), count))


def blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """`array`, so many rows at a time."""
    return (array[rows] for rows in pieces(array))


def shared(array: np.ndarray, where: str) -> np.ndarray:
    """The same array in a file of its own, which has a `descriptor`: itself, where it lies in one."""
    base = _base(array)
    if base is not None and array.flags.c_contiguous and array.nbytes == len(base) - base.start:
        return array
    return made(array.shape, array.dtype, blocks(array), where)


def descriptor(array: np.ndarray) -> int:
    """The open file in which a `shared` array lies, for as long as the array lives."""
    base = _base(array)
    assert base is not None, "it is in no file"
    return base.file.descriptor


def received(descriptor: int) -> np.ndarray:
    """The array in the file of a `descriptor` that another process handed on: mapped, only to be read."""
    head = io.BytesIO(os.pread(descriptor, HEAD, 0))
    np.lib.format.read_magic(head)
    shape, _, dtype = np.lib.format.read_array_header_1_0(head)
    return np.ndarray(shape, dtype, mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ), head.tell())


def in_memory(array: np.ndarray) -> int:
    """How many bytes of memory `array` takes that the system cannot take back: none where it lies on disk."""
    base = _base(array)
    return 0 if base is not None and not base.file.held else array.nbytes


def folder() -> str:
    """Where files are put that are on disk: TMPDIR, or else /var/tmp, because /tmp may be memory (file-hierarchy(7))."""
    own = os.environ.get("TMPDIR")
    return own or ("/var/tmp" if os.access("/var/tmp", os.W_OK) else tempfile.gettempdir())


def _base(array: np.ndarray) -> Mapped | None:
    """The file of ours in which `array` lies, or a part of which it is."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, Mapped) else None


class Pile:
    """Arrays that come one after another, nobody knows how many: in memory, and those beyond MOST bytes on disk."""

    def __init__(self, where: str):
        self.where = where
        self._near: list[np.ndarray] = []
        self._forms: list[tuple[Shape, np.dtype]] = []
        self._known: dict[tuple[Shape, np.dtype], tuple[Shape, np.dtype]] = {}  # each form once
        self._starts: list[int] = []  # of those on disk
        self._file: Nameless | None = None
        self._map: mmap.mmap | None = None
        self._left, self._end, self._checked = MOST, 0, 0  # bytes: of memory; on disk; for which there was room there

    def __len__(self) -> int:
        return len(self._forms)

    def add(self, array: np.ndarray) -> int:
        """Adds an array; gives its number.  Raises SurroundingsError where there is no room for it."""
        form = (array.shape, array.dtype)
        if array.nbytes <= self._left:
            self._left -= array.nbytes
            check_room(MOST - self._left, self.where)
            self._near.append(array)
        else:
            self._left = 0
            self._write(array)
        self._forms.append(self._known.setdefault(form, form))
        return len(self) - 1

    def form(self, number: int) -> tuple[Shape, np.dtype]:
        """The shape and the type of the array of this number."""
        return self._forms[number]

    def __getitem__(self, number: int) -> np.ndarray:
        if number < len(self._near):
            return self._near[number]
        assert self._file is not None
        if self._map is None:
            self._map = mmap.mmap(self._file.descriptor, 0, access=mmap.ACCESS_READ)
        return np.ndarray(*self._forms[number], self._map, self._starts[number - len(self._near)])

    def _write(self, array: np.ndarray) -> None:
        if self._end + array.nbytes > self._checked:
            check_disk(array.nbytes + MOST, folder(), self.where)
            self._checked = self._end + array.nbytes + MOST
        self._file, self._map = self._file or Nameless(False, self.where), None
        self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        self._starts.append(self._end)
        self._end += array.nbytes
