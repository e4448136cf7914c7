"""Arrays of images with their labels: from NPZ files, folders of NPY files, and what is in memory."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from why128.data import npy
from why128.data.files import opened
from why128.data.found import TEST, TRAIN, Found, Part
from why128.data.layout import PAIRS, array_pairs, quoted
from why128.data.objects import as_array, dimensions
from why128.data.stream import MOST_RATIO, STEP, Stream
from why128.errors import InputRefused, UsageError, shown

MOST_MEMBERS = 1_000  # arrays in one NPZ file: a data set has two to six
ENCRYPTED = 0x1  # bit of a zip member's flags
ARRAY_NAMES = {name for _, images, labels in PAIRS for name in (images, labels)}


class Member:
    """One array inside an open NPZ file, as a source of bytes; a fault of the zip file is refused by InputRefused."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str):
        self.where = f"{where}: {shown(info.filename, 60)}"
        self.info = info
        check_member(info, self.where)
        with zip_faults(self.where):
            self.file: IO[bytes] = archive.open(info)

    def __enter__(self) -> Member:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    @property
    def most(self) -> int:
        """The most bytes that can be in it: what the directory says, when its compressed bytes can hold as much."""
        return min(self.info.file_size, self.info.compress_size * MOST_RATIO)

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer at the end, where the checksum is verified."""
        buffer = bytearray(count)
        return bytes(buffer[: self.fill(memoryview(buffer))])

    def fill(self, buffer: memoryview) -> int:
        """Reads into `buffer` until it is full or the end is reached; how many bytes were read."""
        done = 0
        with zip_faults(self.where):
            while done < len(buffer):
                piece = self.file.read(min(STEP, len(buffer) - done))
                if not piece:
                    break
                buffer[done : done + len(piece)] = piece
                done += len(piece)
        return done


def check_member(info: zipfile.ZipInfo, where: str) -> None:
    """Raises InputRefused for a member that NumPy would not have written."""
    if info.flag_bits & ENCRYPTED:
        raise InputRefused(
            f"{where}: encrypted, expected a plain member", hint="unpack it with its password and save it again"
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputRefused(
            f"{where}: compression method {info.compress_type} is unsupported, expected stored or deflated as NumPy writes them"
        )


@contextmanager
def zip_faults(where: str) -> Iterator[None]:
    """Turns what zipfile raises for a corrupt file into InputRefused."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        struct.error,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OverflowError,
    ) as error:
        if isinstance(error, InputRefused):
            raise
        raise InputRefused(
            f"{where}: the zip file is corrupt or truncated: {shown(error, 80) or type(error).__name__}",
            hint="copy or save the file again",
        ) from None


def read_npz(path: Path) -> Found:
    """The arrays of an NPZ file; raises InputRefused naming the member at fault.  No member becomes a file with a name."""
    where = shown(path)
    with opened(path) as file:
        if not os.fstat(file.fileno()).st_size:
            raise InputRefused(f"{where}: empty (0 bytes), expected an NPZ file")
        if not file.read(2) == b"PK":
            raise InputRefused(f"{where}: not an NPZ file: an NPZ file is a zip file and starts with PK")
        with zip_faults(where):
            archive = zipfile.ZipFile(file)
        with archive:
            members = members_of(archive, where)
            return read_pairs(path, members, lambda name: Member(archive, members[name], where))


def members_of(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    """The arrays in `archive` by name, without the ending; raises InputRefused for a name that occurs twice."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise InputRefused(
            f"{where}: too many members for a data set: {len(infos):,}, the limit is {MOST_MEMBERS:,}; there are no keys x and y to look for"
        )
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename.removesuffix(".npy")
        if name in members:
            raise InputRefused(
                f"{where}: {shown(info.filename, 60)} occurs twice (a duplicate member): readers would differ on which one counts"
            )
        members[name] = info
    return members


def read_npy_folder(folder: Path) -> Found:
    """A folder with x.npy and y.npy, or the other names of NPZ members."""
    names = {name[:-4]: folder / name for name in npy_files(folder)}
    return read_pairs(folder, names, lambda name: Stream(names[name]))


def npy_files(folder: Path) -> list[str]:
    """The NPY files of `folder` under a name that says images or labels."""
    return sorted(
        name for name in os.listdir(folder) if name.lower().endswith(".npy") and name[:-4].lower() in ARRAY_NAMES
    )


def read_npy_file(path: Path) -> Found:
    """One NPY file of images, with the labels that lie beside it; refused when it is no array, or has none."""
    with Stream(path) as stream:
        npy.read_body(stream, npy.read_header(stream))
    stem = path.name[:-4] if path.name.lower().endswith(".npy") else path.name
    if stem.lower() in ARRAY_NAMES and path.name in npy_files(path.parent) and len(npy_files(path.parent)) > 1:
        return read_npy_folder(path.parent)
    raise InputRefused(
        f"{shown(path)}: one array, without labels",
        hint="put x.npy and y.npy into a folder and name the folder, or save both: numpy.savez('data.npz', x=images, y=labels)",
    )


def read_pairs(path: Path, names: dict[str, Any], source: Callable[[str], Any]) -> Found:
    """The parts among the arrays `names`; `source(name)` opens one.  Headers are compared before a body is read."""
    where = shown(path)
    pairs = array_pairs(names, where)
    parts: dict[str, Part] = {}
    for part, (images, labels) in pairs.items():
        with source(images) as image_source, source(labels) as label_source:
            parts[part] = read_part(image_source, label_source)
    used = {name for pair in pairs.values() for name in pair}
    ignored = [name for name in names if name not in used]
    warnings = (f"{where}: arrays that were not asked for are left unread: {quoted(ignored)}",) if ignored else ()
    return Found(where, path.name or str(path), parts, warnings=warnings)


def read_part(images: npy.Source, labels: npy.Source) -> Part:
    """Images and labels from their sources, of which the counts must match."""
    image_header, label_header = npy.read_header(images), npy.read_header(labels)
    check_header(images, image_header)
    count, due = image_header.shape[0], label_header.shape[0] if label_header.shape else 0
    if count != due:
        raise InputRefused(f"{images.where}: the counts do not match: {count:,} images, but {due:,} labels")
    read_labels = npy.read_body(labels, label_header)
    return Part(npy.read_body(images, image_header), read_labels)


def check_header(images: npy.Source, header: npy.Header) -> None:
    """Raises InputRefused when an array cannot be images, by its header alone."""
    if header.dtype.kind not in "biuf":
        raise InputRefused(f"{images.where}: text (dtype {header.dtype}), expected numbers for images")
    if len(header.shape) < 2:
        raise InputRefused(
            f"{images.where}: {len(header.shape)} dimension{'s'[: len(header.shape) != 1]}"
            f", expected images of the shape (N, height, width) or (N, height, width, channels)"
        )


def read_arrays(source: tuple[Any, ...]) -> Found:
    """`(x, y)` or `((x, y), (x_test, y_test))`; raises UsageError for another form, InputRefused for what is in it."""
    pairs = (
        source
        if source
        and all(isinstance(pair, (tuple, list)) and len(pair) == 2 and dimensions(pair[0]) > 1 for pair in source)
        else (source,)
    )
    if len(pairs) > 2 or any(len(pair) != 2 for pair in pairs):
        raise UsageError(f"arrays: expected (x, y) or ((x, y), (x_test, y_test)), got a tuple of {len(source)}")
    parts = {name: array_part(*pair) for name, pair in zip((TRAIN, TEST), pairs, strict=False)}
    return Found("arrays", "arrays", parts)


def array_part(x: Any, y: Any) -> Part:
    """Images `x` and labels `y` as a part."""
    pixels, labels = as_array(x, "arrays: x"), as_array(y, "arrays: y")
    for name, array, kinds in (("x", pixels, "biuf"), ("y", labels, "biufUS")):
        if array.dtype.kind == "O" and name == "y" and all(isinstance(label, str) for label in array.ravel()):
            labels = array.astype(str)
        elif array.dtype.kind not in kinds:
            raise InputRefused(
                f"arrays: {name} has dtype {shown(array.dtype, 40)}, expected numbers{' or text' * (name == 'y')}"
            )
    if pixels.ndim < 2:
        raise InputRefused(
            f"arrays: x has {pixels.ndim} dimension{'s'[: pixels.ndim != 1]}, expected images of the shape (N, height, width) or (N, height, width, channels)"
        )
    if len(pixels) != (len(labels) if labels.ndim else 0):
        raise InputRefused(
            f"arrays: the counts do not match: {len(pixels):,} images, but {len(labels) if labels.ndim else 0:,} labels"
        )
    return Part(pixels, labels)
