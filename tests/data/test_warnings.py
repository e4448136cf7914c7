"""What a person should know about data that was accepted: one line for each finding, escaped, by its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data import making
from tests.data.making import N, X, Y
from why128.data.source import open_data

LINES = making.csv_lines()
WARNED: dict[str, tuple[Callable[[], Any], str]] = {
    "constant": (lambda: (X * 0, Y), r"all images are identical \(no variation, constant\): there is nothing to learn"),
    "blank": (
        lambda: (np.where(np.isin(np.arange(N), (3, 5))[:, None, None], 7, X).astype(np.uint8), Y),
        rf"2 of {N} images are blank \(all their pixels are alike, constant\): image 3, image 5$",
    ),
    "sorted": (
        lambda: (np.concatenate([X] * 3), np.sort(np.concatenate([Y] * 3))),
        rf"all {3 * N} images are sorted by class \(the second begins at image {N}\): they are drawn and shuffled here, "
        "but a share cut off at the end, as validation_split cuts it, would hold whole classes back",
    ),
    "index": (
        lambda: (X, np.minimum(np.arange(N), N - 2) + 1),
        rf"{N - 1} classes in {N} images \(1 at image 0, 2 at image 1, 3 at image 2\): "
        "the labels look like an index or a number of the image, not like its class",
    ),
    "dark": (lambda: (X // 16, Y), "the brightest pixel is 15 of 255: nearly black, or of another scale"),
    "binary": (
        lambda: ((X > 99).astype(int), Y),
        "pixels are only 0 and 1: read on the scale 0 to 1, so that 1 is white",
    ),
    "signed": (
        lambda: (X / 127.5 - 1, Y),
        "pixels are in the range -1 to 1: read on the scale -1 to 1, so that -1 is black",
    ),
    "uint16": (lambda: (X.astype("u2"), Y), "pixels of type uint16 do not exceed 255: read on the scale 0 to 255"),
    "channels first": (lambda: (X[:, None], Y), r"channels came first, \(1, 8, 8\): read as height, width, channels"),
    "gaps": (
        lambda: (X, np.array([0, 1, 900000])[Y]),
        r"the labels are not consecutive numbers \(from 0 to 900000\): read as 3 classes, 0, 1, 900000",
    ),
    "alike": (
        lambda: (X, np.array(["cat", "Cat", "dog"])[Y]),
        r"class names that look the same \(by case, blanks or Unicode normal form\) are kept as 2 classes: 'Cat', 'cat'",
    ),
    "absent": (lambda: (X, np.array(["cat", "nan", "dog"])[Y]), r"a class is named nan: is that a missing label\?"),
    "single": (
        lambda: (X, np.where(np.arange(N) == 0, 7, 0)),
        "classes with 1 image only, which cannot be split into learning and validation: 7",
    ),
    "few": (
        lambda: (np.concatenate([X] * 2), np.where(np.arange(2 * N) % N < 4, 3, 1)),
        r"classes with fewer than 10 images, too few to judge by: 3 \(8\)",
    ),
    "imbalanced": (lambda: (X, np.where(np.arange(N) == 0, 1, 0)), "imbalanced classes: 11 images of 0, 1 of 1"),
    "conflict": (
        lambda: (X[[*range(N), 0]], np.append(Y, 2)),
        r"the same picture under different labels \(duplicates in conflict\): 1 times, such as image 0 \(0\) and image 12 \(2\)",
    ),
    "leak": (
        lambda: ((X, Y), (X[:4], Y[:4])),
        r"4 of 4 test images are also among the training images \(duplicates leak\), such as "
        r"image 0 \(training: image 0\), image 1 \(training: image 1\), image 2 \(training: image 2\): a test on them proves nothing",
    ),
    "no test image": (lambda: ((X, Y), (X[:4], Y[:4])), "classes without a test image: 1, 2"),
}


@pytest.mark.parametrize("case", WARNED)
def test_warnings(case: str) -> None:
    source, message = WARNED[case]
    lines = open_data(source()).warnings
    assert any(re.search(message, line) for line in lines), lines
    assert all(line.startswith("arrays: ") and "\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line.replace(",", ";") for line in LINES], "the separator is ;"),
        (
            [LINES[0].replace("label", "digit"), *LINES[1:]],
            "the column digit is read as the label: no other is named like one",
        ),
        (
            [",".join([line.split(",")[0], *line.split(",")[:0:-1]]) for line in LINES],
            "the pixel columns are not in the order of their names: they are put in order",
        ),
        (making.csv_lines(X / 255), "pixels are decimals in 0 to 1: read on the scale 0-1"),
    ],
)
def test_csv_warnings(lines: list[str], message: str, tmp_path: Path) -> None:
    assert [line for line in open_data(making.csv_file(tmp_path / "d.csv", lines)).warnings if message in line]


def test_pictures_are_named_by_their_files(tmp_path: Path) -> None:
    x = np.concatenate([X, X[:1], X[:1] * 0 + 9, X])
    root = making.picture_folder(tmp_path / "d" / "train", x, np.repeat(["cat", "dog"], len(x) // 2))
    making.picture_folder(tmp_path / "d" / "test", X[:1], np.array(["cat"]))
    lines = open_data(root.parent).warnings
    assert [line.partition(": ")[2] for line in lines] == [
        "1 of 26 images are blank (all their pixels are alike, constant): train/dog/13.png",
        "classes without a test image: dog",
        "the same picture under different labels (duplicates in conflict): 12 times, such as "
        "train/cat/00.png (cat) and train/dog/14.png (dog); train/cat/01.png (cat) and train/dog/15.png (dog); "
        "train/cat/02.png (cat) and train/dog/16.png (dog)",
        "1 of 1 test images are also among the training images (duplicates leak), such as "
        "test/cat/00.png (training: train/cat/00.png): a test on them proves nothing",
    ]


def test_rows_are_named_by_their_lines(tmp_path: Path) -> None:
    path = making.csv_file(tmp_path / "d.csv", [LINES[0], "", *making.csv_lines(X, np.arange(N) % 11)[1:]])
    assert f"{path}: 11 classes in {N} images (0 at line 3, 1 at line 4, 2 at line 5): the labels look like" in str(
        open_data(path).warnings
    )


def test_images_that_join_from_another_part_are_named_within_it(tmp_path: Path) -> None:
    blank = np.where(np.arange(N)[:, None, None] == 2, 9, 255 - X).astype(np.uint8)
    path = making.npz_file(tmp_path / "d.npz", x=X, y=Y, x_val=blank, y_val=Y, x_test=X // 2, y_test=Y)
    assert "constant): image 2 of the validation part" in str(open_data(path).warnings)


@pytest.mark.parametrize("header", [True, False])
def test_without_a_header_a_label_in_the_last_column_is_asked_for(tmp_path: Path, header: bool) -> None:
    x = making.pixels(60)[:, ::-1, ::-1]  # its first pixel is any brightness
    lines = making.csv_lines(x, np.zeros(60, int), header)
    last = [f"{line.partition(',')[2]},{row % 3}" for row, line in enumerate(lines)]
    if header:
        last[0] = last[0].rpartition(",")[0] + ",label"
    path = making.csv_file(tmp_path / "d.csv", last)
    lines = [line for line in open_data(path).warnings if "first column" in line]
    values = len(np.unique(x[:, 0, 0]))
    asked = (
        f"{path}: without a header the first column is read as the label: it has {values} different values, the last column 3 "
        "(0 to 2): if that is the label, put a header above that says so"
    )
    assert lines == ([] if header else [asked])


def test_labels_of_any_text_are_kept_exactly(tmp_path: Path) -> None:
    names = ["\x1b[31mred", "cat\nnap", "<b>"]
    lines = [
        LINES[0],
        *(f'"{names[label]}",{line.partition(",")[2]}' for line, label in zip(LINES[1:], Y, strict=True)),
    ]
    data = open_data(making.csv_file(tmp_path / "d.csv", lines))
    assert data.classes == tuple(sorted(names))
    assert not any("\x1b" in line for line in data.warnings)
