"""Every refusal of IDX and CSV files, by its text; each names the file."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.data import making
from tests.data.making import N, X, Y
from why128.data.source import open_data
from why128.errors import InputRefused

GOOD_X, GOOD_Y = making.idx_bytes(X), making.idx_bytes(Y)


def deflated_zeros(start: bytes, count: int) -> bytes:
    """A gzip file of `start` and `count` zeros."""
    return gzip.compress(start + bytes(count), mtime=0)


def with_crc(data: bytes, crc: int) -> bytes:
    """A gzip file with another checksum."""
    return gzip.compress(data)[:-8] + struct.pack("<II", crc, len(data))


IDX = {
    "empty": (b"", GOOD_Y, r"train-images-idx3-ubyte: empty \(0 bytes\), expected IDX images"),
    "3 bytes": (GOOD_X[:3], GOOD_Y, "too short for an IDX header: 3 bytes, expected at least 8"),
    "10 bytes": (GOOD_X[:10], GOOD_Y, "truncated in its header: 10 bytes, expected at least 16"),
    "cut": (
        GOOD_X[:-10],
        GOOD_Y,
        "truncated: by its header 12 x 8 x 8 images are expected: 768 bytes, only 758 bytes follow",
    ),
    "long": (
        GOOD_X + b"\7",
        GOOD_Y,
        "longer than it declares: by its header 12 x 8 x 8 images are expected: 768 bytes, extra bytes follow after them",
    ),
    "labels cut": (
        GOOD_X,
        GOOD_Y[:-5],
        "train-labels-idx1-ubyte: truncated: by its header 12 labels are expected: 12 bytes, only 7 bytes follow",
    ),
    "swapped": (GOOD_Y, GOOD_X, r"expected images \(3 dimensions\), found 1 dimension: labels"),
    "labels of images": (GOOD_X, GOOD_X, r"expected labels \(1 dimension\), found 3 dimensions: images"),
    "html": (
        b"<html>404</html>",
        GOOD_Y,
        r"not an IDX file of images: its magic number is 3c 68 74 6d, expected 00 00 08 03 \(it looks like an HTML page\)",
    ),
    "double gzip": (
        gzip.compress(gzip.compress(GOOD_X)),
        GOOD_Y,
        r"not an IDX file of images: .* \(it looks like gzip inside gzip\)",
    ),
    "type": (
        b"\0\0\x42\x03" + GOOD_X[4:],
        GOOD_Y,
        "IDX type code 0x42 does not exist, expected one of 0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E",
    ),
    "255 dimensions": (
        b"\0\0\x08\xff" + GOOD_X[4:],
        GOOD_Y,
        "its IDX magic number declares 255 dimensions, expected 3 for images",
    ),
    "huge": (
        making.idx_bytes(X, (2**31, 28, 28)),
        GOOD_Y,
        "2,147,483,648 x 28 x 28 images are expected: 1,683,627,180,032 bytes, only 768 bytes follow",
    ),
    "huge in gzip": (
        gzip.compress(making.idx_bytes(X, (2**31, 28, 28))),
        GOOD_Y,
        r"at most [\d,]+ bytes can be in the gzip stream",
    ),
    "none": (making.idx_bytes(X[:0]), making.idx_bytes(Y[:0]), r"empty: no images \(it declares 0 images\)"),
    "zero rows": (making.idx_bytes(X[:, :0]), GOOD_Y, "its images have no pixels: the shape 0 x 8 has a zero"),
    "counts": (
        GOOD_X,
        making.idx_bytes(Y[:11]),
        "the counts do not match: 12 images, but 11 labels in train-labels-idx1-ubyte",
    ),
    "honest bomb": (
        deflated_zeros(struct.pack(">4I", 0x803, 5000, 100, 100), 50_000_000),
        GOOD_Y,
        "the counts do not match: 5,000 images, but 12 labels",
    ),
    "tail bomb": (deflated_zeros(GOOD_X, 50_000_000), GOOD_Y, "longer than it declares"),
    "gzip short": (
        gzip.compress(GOOD_X[:-9]),
        GOOD_Y,
        "truncated: by its header 12 x 8 x 8 images are expected: 768 bytes, only 759 bytes follow",
    ),
    "gzip cut": (
        gzip.compress(GOOD_X)[:300],
        GOOD_Y,
        "the gzip stream is truncated: the file ends in the middle of it",
    ),
    "gzip crc": (
        with_crc(GOOD_X, 1),
        GOOD_Y,
        r"the gzip stream is corrupt: its CRC \(checksum\) does not match its bytes",
    ),
    "gzip length": (
        gzip.compress(GOOD_X)[:-4] + b"\5\0\0\0",
        GOOD_Y,
        "its length field does not match the bytes in it",
    ),
    "gzip tail": (
        gzip.compress(GOOD_X) + b"RUBBISH",
        GOOD_Y,
        r"bytes that are not gzip follow after it \(trailing bytes\)",
    ),
    "gzip rubbish": (gzip.compress(GOOD_X)[:10] + b"\xff" * 99, GOOD_Y, "the gzip stream is corrupt: Error -3"),
    "no labels": (GOOD_X, None, "no file of train labels beside train-images-idx3-ubyte"),
    "no images": (None, GOOD_Y, "no file of train images beside train-labels-idx1-ubyte"),
    "one class": (GOOD_X, making.idx_bytes(Y * 0 + 3), r"only one class \(3\) in 12 images, expected two or more"),
    "half label": (
        GOOD_X,
        making.idx_bytes((Y + 0.5).astype(">f4")),
        r"the label of image 0 is not a whole number: 0\.5, expected a class: .*\(12 such labels\)",
    ),
    "negative label": (
        GOOD_X,
        making.idx_bytes((Y.astype(int) - 1).astype(">i4")),
        r"the label of image 0 is negative: -1, expected a class",
    ),
}


@pytest.mark.parametrize("case", IDX)
def test_idx(case: str, tmp_path: Path) -> None:
    images, labels, message = IDX[case]
    with pytest.raises(InputRefused, match=message) as caught:
        open_data(making.idx_folder(tmp_path / "d", images, labels))
    assert str(caught.value).startswith(str(tmp_path / "d"))


def test_idx_parts(tmp_path: Path) -> None:
    def refused(message: str, **test: bytes) -> None:
        with pytest.raises(InputRefused, match=message):
            open_data(making.idx_folder(tmp_path / "d", GOOD_X, GOOD_Y, **test))

    refused("no file of test labels beside t10k-images-idx3-ubyte", t10k_images=GOOD_X)
    refused(
        "the counts do not match: 12 images, but 11 labels", t10k_images=GOOD_X, t10k_labels=making.idx_bytes(Y[:11])
    )
    refused(
        r"test part: its images are 8 x 4 x 1 \(height x width x channels\), those of the training part 8 x 8 x 1",
        t10k_images=making.idx_bytes(X[:, :, :4]),
        t10k_labels=GOOD_Y,
    )
    refused(
        r"test part: labels that no training image has: 7 \(1 image\), expected the classes 0, 1, 2",
        t10k_images=GOOD_X,
        t10k_labels=making.idx_bytes(np.where(np.arange(N) == 0, 7, Y).astype("u1")),
    )
    (tmp_path / "d" / "emnist-letters-train-images-idx3-ubyte").write_bytes(GOOD_X)
    refused(r"IDX files of 2 sets in one folder: \(no name\), emnist-letters-", t10k_images=GOOD_X)


LINES = making.csv_lines()


def changed(row: int, cell: int, value: str) -> list[str]:
    """The sound lines with one cell changed; line `row` + 1 is then at fault."""
    cells = LINES[row].split(",")
    cells[cell] = value
    return [*LINES[:row], ",".join(cells), *LINES[row + 1 :]]


CSV: dict[str, tuple[list[str] | bytes, str]] = {
    "empty": (b"", r"empty \(0 bytes\), expected CSV: a label and pixels in each line"),
    "blank": (b"\n\n\n", "empty: no rows in it, only blank lines"),
    "header only": (LINES[:1], "no rows: a header and no data after it"),
    "one column": (
        ["label", "1"],
        r"line 1 has 1 column, expected a label and pixels separated by a comma \(delimiter , or ; or tab\)",
    ),
    "utf-16": ("\n".join(LINES).encode("utf-16"), "text in UTF-16, expected UTF-8"),
    "latin-1": ("\n".join(changed(5, 0, "caf\xe9")).encode("latin-1"), "line 6: not in UTF-8, which is expected"),
    "nul": (changed(5, 3, "1\0"), "line 6: a NUL byte: the file is binary or damaged, expected text"),
    "open quote": (changed(5, 0, '"1'), r'line 6: a quote \("\) is opened and never closed'),
    "odd quote": (changed(5, 0, '"1"x"2"'), r'line 6: a quote \("\) in the wrong place'),
    "comma in a pixel": (changed(5, 3, '"1,5"'), "line 6: a pixel holds a comma, expected a number"),
    "decimal commas": (
        [
            *[line.replace(",", ";") for line in changed(5, 3, "0.5")][:5],
            LINES[5].replace(",", ";").replace(";255;", ";0,5;"),
        ],
        "line 6: a pixel holds a comma, expected a number with a decimal point",
    ),
    "short": ([*LINES[:5], LINES[5].rpartition(",")[0]], "line 6: 64 cells, expected 65 as in the first line"),
    "long": ([*LINES[:5], LINES[5] + ",9"], "line 6: 66 cells, expected 65 as in the first line"),
    "no pixel": (
        changed(8, 10, ""),
        r"line 9: pixel 9 \(counted from 0\) is missing: an empty cell, expected a number in 0..255 or 0..1",
    ),
    "256": (changed(8, 10, "256"), "line 9: pixel 9 .* is out of range: 256"),
    "negative": (changed(8, 10, "-1"), "line 9: pixel 9 .* is out of range: -1"),
    "nan": (changed(8, 10, "nan"), "line 9: pixel 9 .* is not a finite decimal number: nan"),
    "1e400": (changed(8, 10, "1e400"), "line 9: pixel 9 .* is out of range: 1e400"),
    "hex": (changed(8, 10, "0x10"), "line 9: pixel 9 .* is not a finite decimal number: 0x10"),
    "underscore": (changed(8, 10, "1_0"), "line 9: pixel 9 .* is not a finite decimal number: 1_0"),
    "other digits": (changed(8, 10, "１２"), "line 9: pixel 9 .* is not a finite decimal number: １２"),
    "digits": (changed(8, 10, "9" * 5000), "line 9: pixel 9 .* has 5,000 characters: 9999999999…9999999999"),
    "no label": (changed(8, 0, ""), "the label of line 9 is missing: an empty label"),
    "nan label": (
        changed(8, 0, "nan"),
        "the label of line 9 is not a class: nan, expected a whole number from 0, or a name",
    ),
    "half label": (changed(8, 0, "1.5"), "the label of line 9 is not a class: 1.5"),
    "negative label": (changed(8, 0, "-1"), "the label of line 9 is not a class: -1"),
    "long label": (changed(8, 0, "a" * 2000), "the label of line 9 has 2,000 characters, the limit is 1,000"),
    "no square": (
        [line.rpartition(",")[0] for line in LINES],
        "rows of 63 pixels, which is no square, gray or RGB, so their shape is not known",
    ),
    "twice": (["label,a,a,b,c", "0,1,2,3,4"], "line 1: duplicate column names: a, expected each name once"),
    "no label column": (
        [line.partition(",")[2] for line in LINES],
        "line 1: expected one column named label, found pixel columns only",
    ),
    "an id": (
        ["id,label,pixel0,pixel1", "0,0,1,2"],
        r"line 1: columns that are neither the label nor pixels: id, expected label,pixel0,pixel1,\.\.\.",
    ),
    "two label columns": (
        ["label,class,p1,p2", "0,0,1,2"],
        "line 1: expected one column named label, found label, class",
    ),
    "one class": ([LINES[0], *(["0" + line[1:] for line in LINES[1:]])], "only one class"),
    "one each": (
        [LINES[0], *(f"{i}" + line[1:] for i, line in enumerate(LINES[1:]))],
        "12 classes with 1 image each: no split can hold them, expected at least two images a class",
    ),
}


@pytest.mark.parametrize("case", CSV)
def test_csv(case: str, tmp_path: Path) -> None:
    lines, message = CSV[case]
    path = tmp_path / "d.csv"
    path.write_bytes(lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode())
    with pytest.raises(InputRefused, match=message) as caught:
        open_data(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_csv_row_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("why128.data.table.MOST_LINE", 100)
    with pytest.raises(InputRefused, match="line 1: longer than 100 characters, expected one image in each line"):
        open_data(making.csv_file(tmp_path / "d.csv", LINES))


def test_csv_blocks_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("why128.data.table.BLOCK", 300)
    path = making.csv_file(tmp_path / "d.csv", [*LINES[:8], LINES[8].replace(",255,", ",255.0,"), *LINES[9:]])
    np.testing.assert_array_equal(open_data(path).train.pixels[..., 0], X)
