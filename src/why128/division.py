"""Which images are learned from, which choose settings, which judge, and which are opened once at the end.

The same data, shares and seed give the same division, for `train` and for every replicate of a study.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from why128.addresses import draws
from why128.data import Dataset, Images, split
from why128.data.repeats import digests
from why128.errors import InputRefused, shown

# Without a test part of its own, data gives up this share of each class for one, where the smallest class can bear it.
TEST_SHARE = 0.15
BEARABLE = 10  # images in the smallest class

# Of each class, what a replicate with its own sample learns from: two samples then share 80 % of their images, so that
# which images were drawn shows in the spread, while a network learns from not much less than it could.
SAMPLE_SHARE = 0.8


class Sealed:
    """Test images, which nothing can look at before the choice, and only once after it.

    An answer that was chosen by the images that then judge it looks better than it is: so whoever chooses holds rows of
    the train part, and of the test images only this.
    """

    def __init__(self, images: Images):
        self._images: Images | None = images
        self._count = len(images)

    def __len__(self) -> int:
        return self._count

    def repeated(self, digested: set[bytes]) -> int:
        """How many of these images have one of these digests; no network answers them for that."""
        assert self._images is not None, "asked before they are opened"
        return sum(digest in digested for digest in digests(self._images))

    def open(self) -> Images:
        """The images, once: for the network that was chosen."""
        assert self._images is not None, "test images are opened once"
        images, self._images = self._images, None
        return images


@dataclass(frozen=True, eq=False)
class Division:
    """Rows of a data set's train part, by what they are for, and the test images.  No image serves two purposes."""

    learned: np.ndarray  # (N,) rows to learn from
    held_out: np.ndarray  # (N',) rows to judge by
    test: Sealed | None  # looked at once, for the chosen network
    test_given: bool  # whether the test images came as such, or were set aside here
    tuning: np.ndarray  # rows to choose settings by; none where there is nothing to choose


def divide(data: Dataset, held_out: float, seed: int, tuning: float = 0.0) -> Division:
    """The division of a data set, every class in each part; raises InputRefused where a class is too small for it.

    `tuning` is a share of the images to learn from; the images that judge and test are the same with and without it.
    """
    labels, rows, test = data.train.labels, np.arange(len(data.train)), data.test
    if data.test is None and np.bincount(labels).min() >= BEARABLE:
        rows, aside = split(labels, TEST_SHARE, draws(seed, "test part"), data.classes)
        test = data.train.take(aside)
    try:
        learned, judged = (rows[i] for i in split(labels[rows], held_out, draws(seed, "held-out part"), data.classes))
        chooses = learned[:0]
        if tuning:
            parts = split(labels[learned], tuning, draws(seed, "tuning part"), data.classes)
            learned, chooses = (learned[i] for i in parts)
    except InputRefused as refused:
        raise InputRefused(f"{shown(data.name)}: {str(refused).removeprefix('split: ')}", hint=refused.hint) from None
    return Division(learned, judged, None if test is None else Sealed(test), data.test is not None, chooses)


def without_test(data: Dataset, division: Division) -> tuple[Dataset, Division]:
    """The data without their test images, and the division of what is left: whoever holds these cannot look.

    The order of images stays, so that networks trained on either are the same; so does the fingerprint.
    """
    rows = np.sort(np.concatenate([division.learned, division.held_out, division.tuning]))
    train = data.train if len(rows) == len(data.train) else data.train.take(rows)
    kept = replace(data, train=train, test=None)
    vars(kept)["fingerprint"] = data.fingerprint  # of the whole: a network says by it what data it comes from
    learned, held_out, tuning = (
        np.searchsorted(rows, part) for part in (division.learned, division.held_out, division.tuning)
    )
    return kept, Division(learned, held_out, None, division.test_given, tuning)


def sample(learned: np.ndarray, labels: np.ndarray, seed: int, number: int) -> np.ndarray:
    """The rows that replicate `number` learns from where each draws its own: a share of each class, drawn once each.

    learned: (N,) rows to learn from; labels: of all rows.  Every sample has equally many images of each class, at least
    one, so that no program is compiled for it.  Sorted.
    """
    drawn = draws(seed, "sample", replicate=number).permutation(learned)  # (N,)
    of_class = labels[drawn]
    kept = [drawn[of_class == c][: max(1, round(SAMPLE_SHARE * n))] for c, n in enumerate(np.bincount(of_class)) if n]
    return np.sort(np.concatenate(kept))
