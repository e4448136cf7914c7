"""The zip archive that a `.keras` file is: read with nothing trusted and nothing unpacked, written byte for byte alike.

Members that nobody asks for are never touched, so a traversing name or a link in the archive can do nothing.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from why128.errors import InputRefused, SurroundingsError, shown

# Python's zipfile holds the archive's whole list of contents, about ten times its size on disk, before one can look.
MOST_CONTENTS = 1 << 20
END, END_SIZE, LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16
ENCRYPTED = 0x1
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # the others can ask for gigabytes of working memory
# What a damaged archive makes Python's zipfile raise.
DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OverflowError,
    OSError,
    zlib.error,
    struct.error,
)


class Archive:
    """An open archive: which members it has, and the bytes of one."""

    def __init__(self, file: BinaryIO):
        try:
            _check_contents(file)
            self._zip = zipfile.ZipFile(file)
        except DAMAGE as fault:
            raise InputRefused(
                f"the zip archive is damaged or truncated: {shown(fault)}", hint="copy or download it again"
            ) from None
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            if info.filename in self._members:
                raise InputRefused(f"the zip archive has the member '{shown(info.filename)}' twice; expected each once")
            self._members[info.filename] = info

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names, as the archive spells them."""
        return tuple(self._members)

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a member that is there; raises InputRefused where they would be more than `most`, or are damaged."""
        info = self._members[name]
        if info.file_size > most:
            raise InputRefused(f"{name} is too large: {info.file_size:,} bytes, the limit here is {most:,}")
        if info.flag_bits & ENCRYPTED:
            raise InputRefused(f"{name} is encrypted; expected a plain zip archive")
        if info.compress_type not in METHODS:
            raise InputRefused(f"{name} is compressed by method {info.compress_type}; expected stored or deflated")
        try:
            with self._zip.open(info) as member:
                data = member.read(info.file_size)
        except DAMAGE as fault:
            raise InputRefused(f"{name} is damaged: {shown(fault)}", hint="copy or download the file again") from None
        if len(data) != info.file_size:
            raise InputRefused(
                f"{name} is truncated: {len(data):,} bytes, {info.file_size:,} were due",
                hint="copy or download the file again",
            )
        return data


def _check_contents(file: BinaryIO) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - END_SIZE - LONGEST_COMMENT))
    tail = file.read()
    for at in {len(tail) - END_SIZE, tail.rfind(END)}:  # the two places where zipfile looks
        if at >= 0 and tail[at : at + 4] == END and len(tail) - at >= END_SIZE:
            contents = struct.unpack_from("<I", tail, at + 12)[0]
            if contents > MOST_CONTENTS:
                raise ValueError(f"its list of contents takes {contents:,} bytes, the limit here is {MOST_CONTENTS:,}")


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """The plain file at `path`, open for reading.

    Raises InputRefused where there is none (a folder, a pipe), SurroundingsError where it may not or cannot be read.
    """
    try:
        mode = os.stat(path).st_mode
        file = open(path, "rb") if stat.S_ISREG(mode) else None  # noqa: SIM115 closed below; opening a pipe would wait for its writer
    except PermissionError as fault:
        raise SurroundingsError(
            "may not be read: permission denied", hint="check its owner and mode with ls -l"
        ) from fault
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the path
        raise InputRefused("there is no such file; expected a .keras file", hint="check the path") from None
    except OSError as fault:
        raise SurroundingsError(f"cannot be opened: {fault.strerror}") from fault
    if file is None:
        what = "a folder" if stat.S_ISDIR(mode) else "not a plain file"
        raise InputRefused(f"is {what}; expected a .keras file (a zip archive)")
    with file:
        yield file


def packed(members: Mapping[str, bytes]) -> bytes:
    """A zip archive of the members, stored, in order: the same members give the same bytes, whenever and wherever."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # zip's earliest
            info.create_system, info.external_attr = 3, 0o644 << 16  # as written on Unix, on every system
            archive.writestr(info, data)
    return out.getvalue()
