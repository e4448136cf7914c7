"""Small sound files of every format, and the one data set that they all hold."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

N, SIDE = 12, 8
CODES = {"|u1": 8, "|i1": 9, ">i2": 0xB, ">i4": 0xC, ">f4": 0xD, ">f8": 0xE}


def pixels(count: int = N, side: int = SIDE, channels: int = 1) -> np.ndarray:
    """Images that all differ, (N, side, side, channels), with 0 and 255 among their pixels."""
    array = np.random.default_rng(128).integers(0, 256, (count, side, side, channels)).astype(np.uint8)
    array[:, 0, 0], array[:, 0, 1] = 0, 255
    return array


def labels(count: int = N, classes: int = 3) -> np.ndarray:
    """Labels in the order of a folder: all of class 0 first."""
    return np.sort(np.arange(count) % classes).astype(np.uint8)


X, Y = pixels()[..., 0], labels()  # (N, SIDE, SIDE), (N,)


def idx_bytes(array: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    """An IDX file; `shape` may lie."""
    sizes = array.shape if shape is None else shape
    return (
        struct.pack(">HBB", 0, CODES[array.dtype.str], len(sizes))
        + struct.pack(f">{len(sizes)}I", *sizes)
        + array.tobytes()
    )


def idx_folder(root: Path, images: bytes | None, classes: bytes | None, **more: bytes) -> Path:
    """A folder of IDX files; `more` by part and role: t10k_images=..."""
    root.mkdir(parents=True, exist_ok=True)
    files = {"train_images": images, "train_labels": classes, **more}
    for name, data in files.items():
        if data is not None:
            part, role = name.split("_")
            ending = ".gz" if data[:2] == b"\x1f\x8b" else ""
            (root / f"{part}-{role}-idx{3 if role == 'images' else 1}-ubyte{ending}").write_bytes(data)
    return root


def sound_idx(root: Path) -> Path:
    """The data set as IDX."""
    return idx_folder(root, idx_bytes(X), gzip.compress(idx_bytes(Y)))


def csv_lines(x: np.ndarray = X, y: Any = Y, header: bool = True) -> list[str]:
    """The data set as lines of a CSV file."""
    rows = x.reshape(len(x), -1)
    first = ["label," + ",".join(f"pixel{i}" for i in range(rows.shape[1]))] if header else []
    return first + [",".join(map(str, [label, *row.tolist()])) for label, row in zip(y, rows, strict=True)]


def csv_file(path: Path, lines: list[str], end: str = "\n", encoding: str = "utf-8") -> Path:
    """A CSV file of `lines`."""
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def npy_bytes(array: np.ndarray) -> bytes:
    """An NPY file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npy_head(header: str, body: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An NPY file whose header is the text `header`."""
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header.encode() + body


def npz_file(path: Path, **arrays: np.ndarray | bytes) -> Path:
    """An NPZ file of arrays, or of members given as bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", array if isinstance(array, bytes) else npy_bytes(array))
    return path


def picture_folder(root: Path, x: np.ndarray = X, y: np.ndarray = Y) -> Path:
    """A folder of PNG files with one sub-folder a class."""
    for row, (image, label) in enumerate(zip(x, y, strict=True)):
        (root / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / str(label) / f"{row:02d}.png")
    return root
