"""Pictures that occur more than once: under two labels, or in the training and the test part."""

from __future__ import annotations

import numpy as np

from why128.data.found import EXAMPLES, Places
from why128.data.images import Images
from why128.data.spool import pieces
from why128.errors import shown

WORD = np.dtype("<u8")  # eight bytes, mixed as one number
# What mixes them: any odd numbers do, if they are always the same ones.
MIXING = np.random.default_rng(128).integers(0, 1 << 63, 3, np.uint64) | np.uint64(1)


def digests(images: Images) -> np.ndarray:
    """One digest for each image, (N,) uint64: equal images, equal digests.

    Of a million different images two agree by chance once in forty million sets; it is no defence against whoever wants that.
    """
    flat = images.pixels.reshape(len(images), -1)
    found = np.empty(len(flat), np.uint64)
    width = -(-flat.shape[1] * flat.itemsize // WORD.itemsize)  # words of an image, the last one filled up with zeros
    place = MIXING[0] * np.arange(1, width + 1, dtype=np.uint64)  # a word counts otherwise in another place
    for rows in pieces(flat):
        own = np.ascontiguousarray(flat[rows]).view(np.uint8)  # (rows, bytes)
        padded = np.zeros((len(own), width * WORD.itemsize), np.uint8)
        padded[:, : own.shape[1]] = own
        words = (padded.view(WORD) + place) * MIXING[1]
        words ^= words >> np.uint64(32)
        words *= MIXING[2]
        words ^= words >> np.uint64(29)
        found[rows] = words.sum(axis=1, dtype=np.uint64)
    return found


def repeat_warnings(
    where: str, classes: tuple[str, ...], images: tuple[Images, Images | None], places: tuple[Places, Places | None]
) -> tuple[str, ...]:
    """What a person should know about pictures that occur more than once, one line each, escaped.

    `images` and `places` are those of the training and of the test part.
    """
    train, test = images
    place, place_of_test = places
    seen, first, of_row = np.unique(digests(train), return_index=True, return_inverse=True)
    others = first[of_row]  # (N,) the row in which each picture occurs first
    conflicts = np.flatnonzero(train.labels != train.labels[others])  # rows of the same picture under two labels
    lines = []
    if len(conflicts):
        pairs = [
            " and ".join(_labelled(int(each), place, train, classes) for each in (others[row], row))
            for row in conflicts[:EXAMPLES]
        ]
        lines.append(
            f"{where}: the same picture under different labels (duplicates in conflict): "
            f"{len(conflicts):,} times, such as {'; '.join(pairs)}"
        )
    if test is None or place_of_test is None:
        return tuple(lines)
    own = digests(test)
    at = np.minimum(np.searchsorted(seen, own), len(seen) - 1)  # where each test image would be among those seen
    leaked = np.flatnonzero(seen[at] == own)
    if len(leaked):
        pairs = [
            f"{place_of_test.row(int(row))} (training: {place.row(int(first[at[row]]))})" for row in leaked[:EXAMPLES]
        ]
        lines.append(
            f"{where}: {len(leaked):,} of {len(test):,} test images are also among the training images (duplicates leak), "
            f"such as {', '.join(pairs)}: a test on them proves nothing"
        )
    return tuple(lines)


def _labelled(row: int, place: Places, images: Images, classes: tuple[str, ...]) -> str:
    return f"{place.row(row)} ({shown(classes[images.labels[row]], 40)})"
