"""Pictures that occur more than once: under two labels, or in the training and the test part."""

from __future__ import annotations

import hashlib

import numpy as np

from why128.data.images import Images


def digests(images: Images) -> list[bytes]:
    """One digest for each image: equal images, equal digests."""
    rows = np.ascontiguousarray(images.pixels).reshape(len(images), -1).view(np.uint8)  # (N, bytes)
    return [hashlib.blake2b(row.data, digest_size=16).digest() for row in rows]


def repeat_warnings(where: str, classes: tuple[str, ...], train: Images, test: Images | None) -> tuple[str, ...]:
    """What a person should know about pictures that occur more than once, one line each, escaped."""
    seen: dict[bytes, int] = {}
    conflicts: list[tuple[int, int]] = []  # rows of the same picture under two labels
    for row, digest in enumerate(digests(train)):
        other = seen.setdefault(digest, row)
        if train.labels[other] != train.labels[row]:
            conflicts.append((other, row))
    lines = []
    if conflicts:
        lines.append(
            f"{where}: the same picture under different labels (duplicates in conflict): "
            f"{len(conflicts):,} times, the first are images {conflicts[0][0]} and {conflicts[0][1]}"
        )
    leaked = [] if test is None else [row for row, digest in enumerate(digests(test)) if digest in seen]
    if leaked and test is not None:
        lines.append(
            f"{where}: {len(leaked):,} of {len(test):,} test images are also among the training images (duplicates leak), "
            f"the first is test image {leaked[0]}: a test on them proves nothing"
        )
    return tuple(lines)
