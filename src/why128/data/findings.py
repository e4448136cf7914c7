"""What a person should know about a data set before learning from it: one line for each finding."""

from __future__ import annotations

import unicodedata
from collections import defaultdict

import numpy as np

from why128.data.found import EXAMPLES, Places
from why128.data.images import Images
from why128.data.labels import ABSENT
from why128.data.spool import blocks
from why128.errors import InputRefused, shown

IMBALANCE = 10  # times more images in the largest class than in the smallest, from which it is worth saying
QUOTED = 5  # classes that a line names
FEW = 10  # images of a class, below which fewer than three or so are left to judge a network by
INDEXED = 3  # images a class on average, below which labels look like numbers of images
MANY = 10  # classes, from which that is worth saying
IN_ORDER = 5  # images a class on average, from which an order by class is no accident


def class_list(names: list[str]) -> str:
    """The first few class names, escaped, and how many more there are."""
    return _first([shown(name, 40) for name in names])


def _first(words: list[str]) -> str:
    return ", ".join(words[:QUOTED]) + (f" and {len(words) - QUOTED:,} more" if len(words) > QUOTED else "")


def check_classes(where: str, classes: tuple[str, ...], train: Images) -> None:
    """Raises InputRefused when there is nothing to tell apart: one class, or no class with two images."""
    if len(classes) < 2:
        raise InputRefused(
            f"{where}: only one class ({class_list(list(classes))}) in {len(train):,} image{'s'[: len(train) != 1]}, expected two or more",
            hint="a network learns to tell classes apart: add images of another class",
        )
    counts = np.bincount(train.labels, minlength=len(classes))
    if counts.max() == 1:
        raise InputRefused(
            f"{where}: {len(classes):,} classes with 1 image each: no split can hold them, expected at least two images a class",
            hint="are the labels names or numbers of single images?",
        )


def class_warnings(
    where: str, classes: tuple[str, ...], train: Images, test: Images | None, place: Places
) -> tuple[str, ...]:
    """Classes that are rare, unequal, named alike, or numbered with gaps; `place` is that of training images."""
    counts = np.bincount(train.labels, minlength=len(classes))  # (C,)
    lines = [*gap_lines(where, classes), *alike_lines(where, classes)]
    single = [name for name, count in zip(classes, counts, strict=True) if count == 1]
    if single:
        lines.append(
            f"{where}: classes with 1 image only, which cannot be split into learning and validation: {class_list(single)}"
        )
    few = [f"{shown(name, 40)} ({count})" for name, count in zip(classes, counts, strict=True) if 1 < count < FEW]
    if few and counts.max() >= FEW:  # where all are small, every count tells it
        lines.append(f"{where}: classes with fewer than {FEW} images, too few to judge by: {_first(few)}")
    low, high = int(counts.argmin()), int(counts.argmax())
    if counts[high] >= IMBALANCE * counts[low]:
        lines.append(
            f"{where}: imbalanced classes: {counts[high]:,} images of {shown(classes[high], 40)}, {counts[low]:,} of {shown(classes[low], 40)}"
        )
    if len(classes) > MANY and len(train) < INDEXED * len(classes):
        some = ", ".join(f"{shown(classes[train.labels[row]], 40)} at {place.row(row)}" for row in range(EXAMPLES))
        lines.append(
            f"{where}: {len(classes):,} classes in {len(train):,} images ({some}): "
            "the labels look like an index or a number of the image, not like its class"
        )
    if test is not None:
        absent = [
            name
            for name, count in zip(classes, np.bincount(test.labels, minlength=len(classes)), strict=True)
            if not count
        ]
        lines += [f"{where}: classes without a test image: {class_list(absent)}"] if absent else []
    return tuple(lines)


def gap_lines(where: str, classes: tuple[str, ...]) -> list[str]:
    """A line when whole-number classes are not consecutive: each class gets one output, the gaps get none."""
    if not all(name.isascii() and name.isdigit() for name in classes):
        return []
    numbers = [int(name) for name in classes]
    if numbers[0] <= 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return []
    return [
        f"{where}: the labels are not consecutive numbers (from {numbers[0]} to {numbers[-1]}): "
        f"read as {len(classes)} classes, {class_list(list(classes[-QUOTED:]))}"
    ]


def alike_lines(where: str, classes: tuple[str, ...]) -> list[str]:
    """Lines for class names that differ only in case, in blanks or in how Unicode spells them, or that mean "missing"."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        alike[" ".join(unicodedata.normalize("NFKC", name).casefold().split())].append(name)
    lines = []
    for names in alike.values():
        if len(names) > 1:
            spelled = ", ".join(shown(ascii(name), 60) for name in names)
            lines.append(
                f"{where}: class names that look the same (by case, blanks or Unicode normal form) are kept as {len(names)} classes: {spelled}"
            )
    absent = [name for name in classes if name.strip().lower() in ABSENT]
    return lines + ([f"{where}: a class is named {class_list(absent)}: is that a missing label?"] if absent else [])


def order_warnings(where: str, classes: tuple[str, ...], train: Images, place: Places) -> tuple[str, ...]:
    """A line when the images lie class by class, where nothing in their source made it so."""
    changes = np.flatnonzero(np.diff(train.labels)) + 1  # rows at which another class begins
    if len(changes) != len(classes) - 1 or len(train) < IN_ORDER * len(classes):
        return ()
    return (
        f"{where}: all {len(train):,} images are sorted by class (the second begins at {place.row(int(changes[0]))}): "
        "they are drawn and shuffled here, but a share cut off at the end, as validation_split cuts it, would hold whole classes back",
    )


def is_constant(train: Images) -> bool:
    """Whether all images are the same."""
    return all((block == train.pixels[0]).all() for block in blocks(train.pixels))


def pixel_warnings(where: str, train: Images, place: Places) -> tuple[str, ...]:
    """A line when there is nothing to learn, because all images are the same, or when some are blank."""
    if is_constant(train):
        return (f"{where}: all images are identical (no variation, constant): there is nothing to learn",)
    flat = train.pixels.reshape(len(train), -1)
    blank = np.flatnonzero(np.concatenate([block.min(1) == block.max(1) for block in blocks(flat)]))
    if len(blank):
        return (
            f"{where}: {len(blank):,} of {len(train):,} images are blank (all their pixels are alike, constant): "
            f"{place.examples(blank)}",
        )
    return ()
