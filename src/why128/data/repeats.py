"""Pictures that occur more than once: under two labels, or in the training and the test part."""

from __future__ import annotations

import numpy as np

from why128.data.found import EXAMPLES, Places
from why128.data.images import Images
from why128.errors import shown


def repeat_warnings(
    where: str, classes: tuple[str, ...], images: tuple[Images, Images | None], places: tuple[Places, Places | None]
) -> tuple[str, ...]:
    """What a person should know about pictures that occur more than once, one line each, escaped.

    `images` and `places` are those of the training and of the test part.
    """
    train, test = images
    place, place_of_test = places
    seen, first, of_row = np.unique(train.digests, return_index=True, return_inverse=True)
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
    own = test.digests
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
