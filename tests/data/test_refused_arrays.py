"""Every refusal of NPY and NPZ files and of arrays, by its text; each names the file, or says "arrays"."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data import making
from tests.data.making import N, X, Y
from why128.data.source import open_data
from why128.errors import InputRefused, UsageError

HEAD = "{{'descr': {}, 'fortran_order': False, 'shape': {}, }}"


def head(descr: str = "'|u1'", shape: str = "(12, 8, 8)") -> str:
    return HEAD.format(descr, shape)


NPY: dict[str, tuple[bytes, str]] = {
    "empty": (
        b"",
        r"not an NPY array: expected it to start with the magic bytes \\x93NUMPY, found 0 bytes: it is empty",
    ),
    "pickle": (b"\x80\x04abc", r"found 80 04 61 62 63 \(a pickle\? it is never opened\)"),
    "magic": (b"\x93NUMPY", "truncated in its NPY header: 6 bytes"),
    "version": (making.npy_head(head(), version=(9, 9)), r"NPY format version 9.9, expected 1.0, 2.0 or 3.0"),
    "cut header": (making.npy_bytes(X)[:40], "truncated in its NPY header: it is shorter than declared"),
    "long header": (
        making.npy_head(" " * 20_000, version=(2, 0)),
        "its NPY header is too large: 20,000 bytes, the limit is 10,000",
    ),
    "call": (making.npy_head("{'descr': __import__('os')}"), "its NPY header cannot be parsed: {'descr': __import__"),
    "deep": (making.npy_head("(" * 9000), "its NPY header is malformed: brackets too deep to be parsed"),
    "no dict": (
        making.npy_head("[1]"),
        r"its NPY header is malformed: expected descr, fortran_order and shape, found \[1\]",
    ),
    "float shape": (
        making.npy_head(head(shape="(12.0, 8)")),
        r"its NPY header is malformed: expected a shape of whole numbers, found \(12.0, 8\)",
    ),
    "negative shape": (
        making.npy_head(head(shape="(-1, 8)")),
        r"its NPY header declares a negative size in the shape \(-1, 8\)",
    ),
    "object": (
        making.npy_head(head("'|O'")),
        r"an array of Python objects \(dtype object\), which only unpickling could read: it is never opened",
    ),
    "structured": (
        making.npy_head(head("[('a', '|u1')]")),
        r"a structured dtype, expected numbers \(bool, int, uint, float\) or text labels",
    ),
    "complex": (making.npy_head(head("'<c16'")), r"dtype '<c16' \(complex\), expected numbers"),
    "void": (making.npy_head(head("'|V2147483647'")), r"dtype '\|V2147483647' \(void\), expected numbers"),
    "unknown float": (making.npy_head(head("'<f3'")), "dtype '<f3', expected numbers"),
    "huge text": (making.npy_head(head("'<U99999999'")), "dtype '<U99999999', expected numbers"),
    "huge": (
        making.npy_head(head(shape=f"({1 << 40}, 8, 8)"), bytes(9)),
        r"its header declares the shape \(1099511627776, 8, 8\): 70,368,744,177,664 bytes are expected, at most 9 bytes can follow",
    ),
    "cut": (making.npy_bytes(X)[:-9], "768 bytes are expected, at most 759 bytes can follow"),
    "long": (making.npy_bytes(X) + b"\0", "longer than it declares: .* extra bytes follow after them"),
    "alone": (making.npy_bytes(X), "one array, without labels"),
}


@pytest.mark.parametrize("case", NPY)
def test_npy(case: str, tmp_path: Path) -> None:
    data, message = NPY[case]
    path = tmp_path / "d.npy"
    path.write_bytes(data)
    with pytest.raises(InputRefused, match=message) as caught:
        open_data(path)
    assert str(caught.value).startswith(f"{path}: ")


def raw_zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file of `members`, whose names may occur twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about names that occur twice
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def flagged(data: bytes, offset: int, value: bytes) -> bytes:
    """A zip file with the field at `offset` of its first directory entry changed."""
    at = data.index(b"PK\1\2") + offset
    return data[:at] + value + data[at + len(value) :]


SOUND = raw_zip(("x.npy", making.npy_bytes(X)), ("y.npy", making.npy_bytes(Y)))
NPZ: dict[str, tuple[bytes, str]] = {
    "empty": (b"", r"empty \(0 bytes\), expected an NPZ file"),
    "html": (b"<html>", "not an NPZ file: an NPZ file is a zip file and starts with PK"),
    "cut": (SOUND[:-30], "the zip file is corrupt or truncated: File is not a zip file"),
    "encrypted": (flagged(SOUND, 8, b"\1\0"), "x.npy: encrypted, expected a plain member"),
    "method": (
        flagged(SOUND, 10, b"\x63\0"),
        "x.npy: compression method 99 is unsupported, expected stored or deflated as NumPy writes them",
    ),
    "crc": (flagged(SOUND, 16, b"\1\2\3\4"), "x.npy: the zip file is corrupt or truncated: Bad CRC-32"),
    "twice": (
        raw_zip(("x.npy", making.npy_bytes(X)), ("x.npy", making.npy_bytes(X)), ("y.npy", making.npy_bytes(Y))),
        r"x.npy occurs twice \(a duplicate member\): readers would differ on which one counts",
    ),
    "many": (
        raw_zip(*((f"m{i}.npy", b"") for i in range(1001))),
        "too many members for a data set: 1,001, the limit is 1,000; there are no keys x and y to look for",
    ),
    "no arrays": (
        raw_zip(),
        r"no arrays under a name that says images and labels \(x and y, images and labels, x_train and y_train\), "
        "found no arrays: it is empty",
    ),
    "names": (raw_zip(("foo.npy", b""), ("bar.npy", b"")), "found foo, bar"),
    "path": (
        raw_zip(("../../x.npy", making.npy_bytes(X)), ("y.npy", making.npy_bytes(Y))),
        r"y has no images \(x\) beside it, found ../../x, y",
    ),
    "no labels": (raw_zip(("x.npy", making.npy_bytes(X))), r"x has no labels \(y\) beside it, found x"),
    "no test labels": (
        raw_zip(*((f"{n}.npy", making.npy_bytes(X)) for n in ("x", "y", "x_test"))),
        r"x_test has no labels \(y_test\) beside it",
    ),
    "bare pickle": (
        raw_zip(("x.npy", b"\x80\x04"), ("y.npy", making.npy_bytes(Y))),
        r"x.npy: not an NPY array: .* \(a pickle",
    ),
    "counts": (
        raw_zip(("x.npy", making.npy_bytes(X)), ("y.npy", making.npy_bytes(Y[:11]))),
        "x.npy: the counts do not match: 12 images, but 11 labels",
    ),
    "text images": (
        raw_zip(("x.npy", making.npy_bytes(X.astype(str))), ("y.npy", making.npy_bytes(Y))),
        r"x.npy: text \(dtype <U3\), expected numbers for images",
    ),
    "one dimension": (
        raw_zip(("x.npy", making.npy_bytes(Y)), ("y.npy", making.npy_bytes(Y))),
        r"x.npy: 1 dimension, expected images of the shape \(N, height, width\) or \(N, height, width, channels\)",
    ),
    "short member": (flagged(SOUND, 24, b"\x90\0\0\0"), "x.npy: (truncated|the zip file is corrupt)"),
}


@pytest.mark.parametrize("case", NPZ)
def test_npz(case: str, tmp_path: Path) -> None:
    data, message = NPZ[case]
    path = tmp_path / "d.npz"
    path.write_bytes(data)
    with pytest.raises(InputRefused, match=message) as caught:
        open_data(path)
    assert str(caught.value).startswith(f"{path}: ")


def with_value(value: float) -> np.ndarray:
    array = X / 255
    array[5, 3, 3] = value
    return array


ARRAYS: dict[str, tuple[Any, Any, str]] = {
    "counts": (X, Y[:11], "arrays: the counts do not match: 12 images, but 11 labels"),
    "empty": (X[:0], Y[:0], r"arrays: empty: no images \(0 images\)"),
    "zero": (X[:, :0], Y, r"its images have no pixels: the shape \(12, 0, 8\) has a zero in it"),
    "one dimension": (Y, Y, r"arrays: x has 1 dimension, expected images of the shape"),
    "five dimensions": (
        X[:, None, None],
        Y,
        r"5 dimensions in the shape \(12, 1, 1, 8, 8\), expected \(N, height, width\) or \(N, height, width, channels\)",
    ),
    "two channels": (
        np.stack([X, X], -1),
        Y,
        r"images of 2 channels, expected 1 \(gray\) or 3 \(RGB\), found the shape \(12, 8, 8, 2\)",
    ),
    "complex": (X.astype(complex), Y, "x has dtype complex128, expected numbers"),
    "dates": (X, Y.astype("M8[s]"), r"y has dtype datetime64\[s\], expected numbers or text"),
    "nan": (with_value(np.nan), Y, r"image 5 \(counted from 0\) has a pixel that is nan, expected finite numbers"),
    "inf": (with_value(np.inf), Y, "image 5 .* has a pixel that is inf"),
    "large": (
        X * 1e28,
        Y,
        r"pixels of type float64 in the range 0 to 2.55e\+30, expected one of 0..255, 0..1, -1..1 \(floats\) or 0..65535 \(uint16\)",
    ),
    "1020": (X.astype(int) * 4, Y, "pixels of type int64 in the range 0 to 1020"),
    "int8": (X.astype(np.int8), Y, r"in the range -128 to 127: bytes read as signed \(int8\) have negative values"),
    "label nan": (X, np.where(np.arange(N) == 7, np.nan, Y), "the label of image 7 is missing or not a number: nan"),
    "label negative": (
        X,
        np.where(np.arange(N) == 7, -1, Y.astype(int)),
        r"the label of image 7 is negative: -1, "
        r"expected a class: a whole number from 0, or a name \(1 such labels\)",
    ),
    "not one-hot": (
        X,
        np.ones((N, 3)),
        r"labels of the shape \(12, 3\) that are not one-hot: expected exactly a single 1 in each row, or one label for each image",
    ),
    "label cubes": (
        X,
        np.ones((N, 2, 2)),
        r"labels of the shape \(12, 2, 2\), expected one label for each image: \(12,\)",
    ),
    "label bytes": (
        X,
        np.array([b"\xff", b"a", b"b"])[Y],
        r"labels are byte strings \(dtype \|S1\) that are not UTF-8",
    ),
    "label objects": (X, np.array([None] * N), "y has dtype object, expected numbers or text"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays(case: str) -> None:
    x, y, message = ARRAYS[case]
    with pytest.raises(InputRefused, match=message) as caught:
        open_data((x, y))
    assert str(caught.value).startswith("arrays: ")


def test_forms_of_arrays() -> None:
    with pytest.raises(
        UsageError, match=r"arrays: expected \(x, y\) or \(\(x, y\), \(x_test, y_test\)\), got a tuple of 3"
    ):
        open_data((X, Y, Y))
    with pytest.raises(InputRefused, match="arrays: the parts are on different scales: train 0-255, test 0-1"):
        open_data(((X, Y), (X / 255, Y)))
    assert open_data((X, np.array(["a", "b", "c"], dtype=object)[Y])).classes == ("a", "b", "c")
