"""Pictures that a person drops on the page: files as they come, piece by piece, and archives taken apart.

They lie in a folder of their own beside the studies, so that a study finds them again.  Names come from outside: a path may only lead
down into that folder.
"""

from __future__ import annotations

import errno
import json
import lzma
import os
import re
import secrets
import shutil
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from why128.errors import InputRefused, SurroundingsError, UsageError, shown

PICTURES = "why128-pictures"  # the folder of all of them
MOST = 4_000_000_000  # bytes of one upload: more is better named by its path
MOST_FILES = 500_000
DEEPEST = 12  # folders
LONGEST = 255  # bytes of a name, as file systems have it
ROOM = 500_000_000  # bytes of the disk that stay free
ABANDONED = 3600  # seconds after which one that nobody goes on with is removed
PIECE = 1 << 20
TAR = re.compile(r"\.(tar|tgz|tar\.(gz|bz2|xz))$")


@dataclass
class Upload:
    """One that is under way."""

    folder: Path
    name: str
    bytes: int = 0
    files: int = 0
    last: float = 0.0  # when something came


class Uploads:
    """Those under way, and where they end."""

    def __init__(self, beside: Path):
        self.root = beside / PICTURES
        self.open: dict[str, Upload] = {}

    def begin(self, name: str, size: int) -> str:
        """Begin one of so many bytes; gives the key by which it goes on.  Raises UsageError or SurroundingsError."""
        self._tidy()
        if size > MOST:
            raise UsageError(
                f"upload: expected at most {MOST:,} bytes, got {size:,}",
                hint="give the path of the folder instead: it is read where it lies",
            )
        folder = self.root / f".upload-{secrets.token_hex(6)}"
        with _refusing(folder):
            folder.mkdir(parents=True)
            if shutil.disk_usage(folder).free < size + ROOM:
                folder.rmdir()
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        key = secrets.token_urlsafe(12)
        self.open[key] = Upload(folder, name, last=time.monotonic())
        return key

    def add(self, key: str, body: bytes) -> int:
        """Write what came: records, each a line of JSON {"path", "at", "bytes"} and so many bytes; gives all bytes so far.

        Raises UsageError where that is not what came, SurroundingsError where the disk refuses.
        """
        upload = self._of(key)
        for path, at, data in _records(body):
            target = upload.folder.joinpath(*inside(path).parts)
            upload.files += at == 0
            upload.bytes += len(data)
            if upload.files > MOST_FILES or upload.bytes > MOST:
                raise UsageError(f"upload: expected at most {MOST_FILES:,} files and {MOST:,} bytes, got more")
            with _refusing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "wb" if at == 0 else "r+b") as file:
                    file.seek(at)
                    file.write(data)
        upload.last = time.monotonic()
        return upload.bytes

    def end(self, key: str) -> Path:
        """The folder or file that came, by its lasting name; an archive is taken apart.  Raises InputRefused for a bad archive."""
        upload = self._of(key)
        del self.open[key]
        try:
            with _refusing(upload.folder):
                _unpacked(upload.folder)
                found = _settled(upload.folder, self._free(upload.name))
        except BaseException:
            shutil.rmtree(upload.folder, ignore_errors=True)
            raise
        return found

    def drop(self, key: str) -> None:
        """Forget one, and what came of it."""
        shutil.rmtree(self._of(key).folder, ignore_errors=True)
        del self.open[key]

    def _of(self, key: str) -> Upload:
        if key not in self.open:
            raise UsageError("upload: expected one that has begun, got an unknown key", hint="begin again")
        return self.open[key]

    def _tidy(self) -> None:
        now = time.monotonic()
        for key in [key for key, one in self.open.items() if now - one.last > ABANDONED]:
            self.drop(key)
        known = {one.folder for one in self.open.values()}
        for left in self.root.glob(".upload-*"):  # by a studio that was killed
            if left not in known and not left.is_symlink() and time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)

    def _free(self, name: str) -> Path:
        plain = (
            "".join(c if c.isalnum() or c in "-_" else "-" for c in PurePosixPath(name).stem).strip("-")[:60]
            or "pictures"
        )
        names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 1_000_000))
        return next(self.root / one for one in names if not os.path.lexists(self.root / one))


def inside(path: str) -> PurePosixPath:
    """A path from outside that leads down from where it begins.  Raises UsageError for any other."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    fine = all(
        part not in ("..", ".", "/")
        and not part.startswith("/")
        and part.isprintable()
        and len(part.encode()) <= LONGEST
        for part in parts
    )
    if not parts or not fine or len(parts) > DEEPEST:
        raise UsageError(f"upload: expected the path of a file below a folder, got '{shown(path, 80)}'")
    return PurePosixPath(*parts)


def _records(body: bytes) -> Iterator[tuple[str, int, bytes]]:
    """(path, offset, bytes) of each piece."""
    place = 0
    while place < len(body):
        end = body.find(b"\n", place, place + 20_000)
        try:
            head = json.loads(body[place:end].decode()) if end > 0 else {}
            path, at, size = head["path"], head["at"], head["bytes"]
            whole = isinstance(path, str) and all(type(one) is int and one >= 0 for one in (at, size))
        except (ValueError, TypeError, KeyError, RecursionError):
            whole = False
        if not whole or at > MOST or end + 1 + size > len(body):
            raise UsageError("upload: expected records of files, got something else")
        yield path, at, body[end + 1 : end + 1 + size]
        place = end + 1 + size


def _unpacked(folder: Path) -> None:
    """Where an archive of pictures is all that came: what is in it, in its place.  Raises InputRefused for a bad one."""
    entries = list(folder.iterdir())
    if len(entries) != 1 or not entries[0].is_file():
        return
    archive = entries[0]
    reader = (
        _members_of_zip
        if archive.suffix.lower() == ".zip"
        else _members_of_tar
        if TAR.search(archive.name.lower())
        else None
    )
    if reader is None:
        return
    try:
        _written(reader(archive), folder / "unpacked", archive.name)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        zlib.error,
        lzma.LZMAError,
    ) as fault:
        raise InputRefused(
            f"{shown(archive.name)}: a damaged archive, or one that is locked ({shown(fault)}); expected a ZIP or TAR file",
            hint="unpack it yourself, and drop the folder",
        ) from None
    archive.unlink()


def _members_of_zip(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            if not info.is_dir():
                with file.open(info) as packed:
                    yield info.filename, packed


def _members_of_tar(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Files alone: no links, no devices; owners and permissions are not looked at."""
    with tarfile.open(archive) as file:
        for member in file:
            packed = file.extractfile(member) if member.isreg() else None
            if packed is not None:
                with packed:
                    yield member.name, packed


def _written(members: Iterator[tuple[str, IO[bytes]]], folder: Path, archive: str) -> None:
    files = size = 0
    for name, packed in members:
        if _litter(name):
            continue
        target = folder.joinpath(*inside(name).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        files += 1
        with open(target, "xb") as out:
            while piece := packed.read(PIECE):
                size += len(piece)
                if size > MOST or files > MOST_FILES:
                    raise InputRefused(
                        f"{shown(archive)}: expected at most {MOST_FILES:,} files and {MOST:,} bytes in it, found more",
                        hint="unpack it yourself, and give the path of the folder",
                    )
                if shutil.disk_usage(folder).free < ROOM:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                out.write(piece)


def _litter(name: str) -> bool:
    """What systems leave in archives."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or bool(parts and parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini"))


def _settled(folder: Path, target: Path) -> Path:
    """The upload by its lasting name: of one file that file; of folders within one folder the innermost that holds several."""
    inner = folder
    while len(entries := [one for one in inner.iterdir() if not _litter(one.name)]) == 1 and entries[0].is_dir():
        inner = entries[0]
    if not entries:
        raise InputRefused("upload: expected pictures, got nothing", hint="drop a folder with one sub-folder a class")
    inner.rename(target)
    shutil.rmtree(folder, ignore_errors=True)
    files = [one for one in entries if (target / one.name).is_file()]
    return target / files[0].name if len(entries) == 1 and files else target


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What the system refuses becomes a SurroundingsError."""
    try:
        yield
    except OSError as fault:
        if isinstance(fault, SurroundingsError):
            raise
        raise SurroundingsError(
            f"{shown(path.parent)}: pictures cannot be kept here ({shown(fault.strerror or fault)})",
            hint="free some space, or give the path of the folder: it is read where it lies",
        ) from None
