"""Which files of a folder belong together, by the names under which such data is published.

A validation part beside a test part joins the images to learn from (why128 holds out its own); without a test part it
is the test part.  Both are said in a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from why128.data.found import TEST, TRAIN, VALIDATION
from why128.errors import InputRefused, shown

PART_WORDS = {
    "train": TRAIN, "training": TRAIN,
    "test": TEST, "testing": TEST, "t10k": TEST,
    "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION,
}  # fmt: skip
IDX_NAME = re.compile(
    r"(?P<set>.*?)(?P<part>train|t10k|test|)[-_.]?(?P<role>images|labels)([-_.]?idx\d)?([-_.]ubyte)?(\.idx)?(\.gz)?",
    re.IGNORECASE,
)
PAIRS = (
    (TRAIN, "x_train", "y_train"), (TRAIN, "train_images", "train_labels"), (TRAIN, "x", "y"), (TRAIN, "images", "labels"),
    (TRAIN, "data", "target"), (TRAIN, "data", "labels"), (TRAIN, "arr_0", "arr_1"),
    (VALIDATION, "x_val", "y_val"), (VALIDATION, "x_valid", "y_valid"), (VALIDATION, "val_images", "val_labels"),
    (TEST, "x_test", "y_test"), (TEST, "test_images", "test_labels"),
)  # fmt: skip
MOST_NAMES = 8  # names that a message quotes


def array_pairs(names: Iterable[str], where: str) -> dict[str, tuple[str, str]]:
    """For each part, the name of the array of images and that of the labels, chosen among `names` in any case.

    Raises InputRefused when no pair is there, or half of one.
    """
    own = {name.lower(): name for name in names}
    pairs: dict[str, tuple[str, str]] = {}
    for part, images, labels in PAIRS:
        if part not in pairs and images in own and labels in own:
            pairs[part] = (own[images], own[labels])
    for part, images, labels in PAIRS:
        half = (images in own) != (labels in own)
        if half and part not in pairs and images != "data":
            there, due = (images, f"labels ({labels})") if images in own else (labels, f"images ({images})")
            raise InputRefused(
                f"{where}: {own[there]} has no {due} beside it, found {quoted(own.values())}",
                hint=f"save both: numpy.savez('data.npz', {images}=..., {labels}=...)",
            )
    if TRAIN not in pairs:
        raise InputRefused(
            f"{where}: no arrays under a name that says images and labels (x and y, images and labels, x_train and y_train), "
            f"found {quoted(own.values()) or 'no arrays: it is empty'}",
            hint="save them under such names: numpy.savez('data.npz', x=images, y=labels)",
        )
    return pairs


def quoted(names: Iterable[str]) -> str:
    """The first few names, escaped; the rest counted."""
    every = list(names)
    words = ", ".join(shown(name, 40) for name in every[:MOST_NAMES])
    return words + (f" and {len(every) - MOST_NAMES:,} more" if len(every) > MOST_NAMES else "")
