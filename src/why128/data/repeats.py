"""Pictures that occur more than once: under two labels, or in the training and the test part."""

from __future__ import annotations

import hashlib

import numpy as np

from why128.data.found import EXAMPLES, Places
from why128.data.images import Images
from why128.errors import shown


def digests(images: Images) -> list[bytes]:
    """One digest for each image: equal images, equal digests."""
    rows = np.ascontiguousarray(images.pixels).reshape(len(images), -1).view(np.uint8)  # (N, bytes)
    return [hashlib.blake2b(row.data, digest_size=16).digest() for row in rows]


def repeat_warnings(
    where: str, classes: tuple[str, ...], images: tuple[Images, Images | None], places: tuple[Places, Places | None]
) -> tuple[str, ...]:
    """What a person should know about pictures that occur more than once, one line each, escaped.

    `images` and `places` are those of the training and of the test part.
    """
    train, test = images
    place, place_of_test = places
    seen: dict[bytes, int] = {}
    conflicts: list[tuple[int, int]] = []  # rows of the same picture under two labels
    for row, digest in enumerate(digests(train)):
        other = seen.setdefault(digest, row)
        if train.labels[other] != train.labels[row]:
            conflicts.append((other, row))
    lines = []
    if conflicts:
        pairs = [" and ".join(_labelled(row, place, train, classes) for row in pair) for pair in conflicts[:EXAMPLES]]
        lines.append(
            f"{where}: the same picture under different labels (duplicates in conflict): "
            f"{len(conflicts):,} times, such as {'; '.join(pairs)}"
        )
    if test is None or place_of_test is None:
        return tuple(lines)
    leaked = [(row, seen[digest]) for row, digest in enumerate(digests(test)) if digest in seen]
    if leaked:
        pairs = [f"{place_of_test.row(row)} (training: {place.row(other)})" for row, other in leaked[:EXAMPLES]]
        lines.append(
            f"{where}: {len(leaked):,} of {len(test):,} test images are also among the training images (duplicates leak), "
            f"such as {', '.join(pairs)}: a test on them proves nothing"
        )
    return tuple(lines)


def _labelled(row: int, place: Places, images: Images, classes: tuple[str, ...]) -> str:
    return f"{place.row(row)} ({shown(classes[images.labels[row]], 40)})"
