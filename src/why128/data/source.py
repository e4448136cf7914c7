"""One way to open data, whatever it is: a name, a path, arrays, or an object of another library."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from why128.data import objects, sets
from why128.data.arrays import npy_files, read_arrays, read_npy_file, read_npy_folder, read_npz
from why128.data.assembling import dataset_from
from why128.data.catalogue import SCIKIT_DIGITS, KnownSet, known
from why128.data.digits import read_digits
from why128.data.download import by_name, fetch
from why128.data.files import opened, refusal
from why128.data.folder import read_folder
from why128.data.found import PLAIN, Found, Reading
from why128.data.idx_folder import idx_files, read_idx_file, read_idx_folder
from why128.data.images import Dataset
from why128.data.layout import quoted
from why128.data.stream import GZIP
from why128.data.table import read_csv
from why128.errors import InputRefused, SurroundingsError, UsageError, Why128Error, shown

TABLES = {".csv", ".tsv", ".txt"}
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")


def open_data(source: Any, reading: Reading = PLAIN) -> Dataset:
    """The data set that `source` names, read as `reading` says.

    `source` is a known name ("sample", "fashion-mnist", ...), a path (an IDX file or a folder of them, a folder of
    pictures with one sub-folder a class, a CSV, NPZ or NPY file, a folder with x.npy and y.npy), arrays of any library:
    (x, y), or ((x, y), (x_test, y_test)), or a data set of another library (sets.py).  A name is a name, whatever lies
    in the working folder: ./mnist is a path.

    Raises InputRefused when the data is refused, SurroundingsError when the disk, the network or the memory refuses,
    UsageError when `source` is none of these.
    """
    path = isinstance(source, (str, os.PathLike))
    where = shown(source) if path else "arrays" if isinstance(source, (tuple, list)) else type(source).__name__
    try:
        found = found_in(source, reading)
        return dataset_from(found, reading)
    except InputRefused as refused:
        refused.hint = refused.hint or what_next(str(refused))
        raise
    except Why128Error:
        raise
    except MemoryError:
        raise SurroundingsError(
            f"{where}: too large for the memory of this machine", hint="use fewer or smaller images"
        ) from None
    except OSError as error:
        raise refusal(where, error) from error


def what_next(refused: str) -> str:
    """What to do about data that is refused, where its reader knows nothing better."""
    if "truncated" in refused or "0 bytes" in refused or "too short" in refused:
        return "copy or download it again"
    if "match" in refused:
        return "give one label for each image"
    return "mend it, or give the images as a folder with one sub-folder a class, or as an IDX, CSV or NPZ file"


def found_in(source: Any, reading: Reading) -> Found:
    """What the reader for `source` finds."""
    if sets.is_to_study(source):
        return sets.found(source, reading)
    if isinstance(source, (tuple, list)):
        return read_arrays(tuple(source))
    if not isinstance(source, (str, os.PathLike)) or isinstance(os.fspath(source), bytes):
        raise UsageError(
            f"data: expected a name, a path, arrays (x, y), or a data set, got {shown(type(source).__name__)}",
            hint=f"taken are {objects.TAKEN}",
        )
    chosen = by_name(source) if isinstance(source, str) else None
    if chosen is not None:
        return read_known(chosen)
    return read_path(Path(source), source, reading)


def read_known(chosen: KnownSet) -> Found:
    """A set that is known by its name, with the real names of its classes."""
    place = fetch(chosen.name)
    if place.name == SCIKIT_DIGITS:
        return read_digits(place, chosen)
    found = read_npz(place) if place.is_file() else read_idx_folder(place)
    return Found(found.where, chosen.name, found.parts, chosen.classes, warnings=found.warnings)


def read_path(path: Path, written: object, reading: Reading) -> Found:
    """The data at `path`; `written` is how a person wrote it."""
    try:
        folder = path.is_dir()
        there = folder or os.path.lexists(path)
    except (OSError, ValueError) as error:
        raise refusal(path, error) from error
    if not there:
        raise unknown(str(written))
    return read_any_folder(path, reading) if folder else read_any_file(path)


def unknown(written: str) -> InputRefused:
    """The refusal for what is neither a path nor a name."""
    names = [each.name for each in known()]
    near = difflib.get_close_matches(written.lower(), names, n=1)
    beside = difflib.get_close_matches(os.path.basename(written), neighbours(written), n=1)
    guess = near[0] if near else os.path.join(os.path.dirname(written), beside[0]) if beside else None
    return InputRefused(
        f"{shown(written)}: no file or folder of that name, and not a known data set ({', '.join(names)})",
        hint=f"did you mean {shown(guess)}?" if guess else "check the spelling of the path",
    )


def neighbours(written: str) -> list[str]:
    """What lies in the folder in which `written` was expected."""
    try:
        return os.listdir(os.path.dirname(written) or ".")
    except (OSError, ValueError):
        return []


def read_any_folder(path: Path, reading: Reading) -> Found:
    """A folder of IDX files, of NPY files, or of pictures."""
    try:
        idx, npy, names = idx_files(path), npy_files(path), os.listdir(path)
    except OSError as error:
        raise refusal(path, error) from error
    if idx:
        return read_idx_folder(path)
    if npy:
        return read_npy_folder(path)
    tables = [name for name in names if os.path.splitext(name)[1].lower() in {".csv", ".npz"}]
    if tables and not any((path / name).is_dir() for name in names):
        raise InputRefused(
            f"{shown(path)}: a folder without class folders, found {quoted(tables)}",
            hint=f"name the file itself: {shown(path / tables[0])}",
        )
    return read_folder(path, reading)


def read_any_file(path: Path) -> Found:
    """One file, by its ending, or else by its first bytes."""
    ending = path.suffix.lower()
    with opened(path) as file:
        start = file.read(8)
    if start.startswith(b"\x93NUMPY"):
        return read_npy_file(path)
    if ending == ".npz" or start.startswith(b"PK\x03\x04"):
        return read_npz(path)
    if ending == ".npy":
        return read_npy_file(path)
    if ending in TABLES:
        return read_csv(path)
    if start.startswith(GZIP) or start[:2] == b"\0\0" or "ubyte" in path.name or "idx" in path.name:
        return read_idx_file(path)
    if start.startswith(PICTURES):
        raise InputRefused(
            f"{shown(path)}: a single picture, expected a data set: labelled images",
            hint="name a folder with one sub-folder of pictures for each class",
        )
    raise InputRefused(
        f"{shown(path)}: not a known format, expected IDX, CSV, NPZ, NPY or a folder of pictures (its first bytes are {start.hex(' ') or 'none: it is empty'})"
    )
