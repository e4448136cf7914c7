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
from why128.data import open_data

LINES = making.csv_lines()
WARNED: dict[str, tuple[Callable[[], Any], str]] = {
    "constant": (lambda: (X * 0, Y), r"all images are identical \(no variation, constant\): there is nothing to learn"),
    "blank": (
        lambda: (np.where(np.isin(np.arange(N), (3, 5))[:, None, None], 7, X).astype(np.uint8), Y),
        rf"2 of {N} images are blank \(all their pixels are alike, constant\), the first is image 3",
    ),
    "sorted": (
        lambda: (np.concatenate([X] * 3), np.sort(np.concatenate([Y] * 3))),
        r"the images are sorted by class \(the second begins at image \d+\): they are drawn and shuffled here, "
        "but a share cut off at the end, as validation_split cuts it, would hold whole classes back",
    ),
    "index": (
        lambda: (X, np.minimum(np.arange(N), N - 2) + 1),
        f"{N - 1} classes in {N} images: the labels look like an index or a number of the image, not like its class",
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
    "imbalanced": (lambda: (X, np.where(np.arange(N) == 0, 1, 0)), "imbalanced classes: 11 images of 0, 1 of 1"),
    "conflict": (
        lambda: (X[[*range(N), 0]], np.append(Y, 2)),
        r"the same picture under different labels \(duplicates in conflict\): 1 times, the first are images 0 and 12",
    ),
    "leak": (
        lambda: ((X, Y), (X[:4], Y[:4])),
        r"4 of 4 test images are also among the training images \(duplicates leak\), the first is test image 0: a test on them proves nothing",
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


def test_labels_of_any_text_are_kept_exactly(tmp_path: Path) -> None:
    names = ["\x1b[31mred", "cat\nnap", "<b>"]
    lines = [
        LINES[0],
        *(f'"{names[label]}",{line.partition(",")[2]}' for line, label in zip(LINES[1:], Y, strict=True)),
    ]
    data = open_data(making.csv_file(tmp_path / "d.csv", lines))
    assert data.classes == tuple(sorted(names))
    assert not any("\x1b" in line for line in data.warnings)
