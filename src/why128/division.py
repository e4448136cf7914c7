"""Which images are learned from, which choose settings, which judge, and which are opened once at the end.

The same data, shares and seed give the same division, for `train` and for every replicate of a study.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from why128.addresses import draws
from why128.data.images import SEALED, Dataset, Images
from why128.data.splitting import split
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

    def __init__(self, images: Images, rows: np.ndarray | None = None):
        """All of these images, or those at `rows`."""
        self._images: Images | None = images
        self._rows = rows
        self._count = len(images if rows is None else rows)

    def __len__(self) -> int:
        return self._count

    def repeated(self, digested: np.ndarray) -> int:
        """How many of these images have one of these digests; no network answers them for that."""
        assert self._images is not None, "asked before they are opened"
        own = self._images.digests
        return int(np.isin(own if self._rows is None else own[self._rows], digested).sum())

    def open(self) -> Images:
        """The images, once: for the network that was chosen."""
        assert self._images is not None, "test images are opened once"
        images, self._images = self._images, None
        return images if self._rows is None else images.take(self._rows)


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
    labels, rows = data.train.labels, np.arange(len(data.train))
    test = None if data.test is None else Sealed(data.test)
    if data.test is None and np.bincount(labels).min() >= BEARABLE:
        rows, aside = split(labels, TEST_SHARE, draws(seed, "test part"), data.classes)
        test = Sealed(data.train, aside)
    try:
        learned, judged = (rows[i] for i in split(labels[rows], held_out, draws(seed, "held-out part"), data.classes))
        chooses = learned[:0]
        if tuning:
            parts = split(labels[learned], tuning, draws(seed, "tuning part"), data.classes)
            learned, chooses = (learned[i] for i in parts)
    except InputRefused as refused:
        raise InputRefused(f"{shown(data.name)}: {str(refused).removeprefix('split: ')}", hint=refused.hint) from None
    return Division(learned, judged, test, data.test is not None, chooses)


def without_test(data: Dataset, division: Division) -> tuple[Dataset, Division]:
    """The data and their division without the test images.

    A test part that was given is gone.  Of one that was set aside here no row is in the division and no label is told: they are
    SEALED, `take` refuses them, and so does a study that is asked to train.  The pixels still lie among the others: not copied.
    """
    labels = np.full_like(data.train.labels, SEALED)
    for rows in (division.learned, division.held_out, division.tuning):
        labels[rows] = data.train.labels[rows]
    kept = replace(data, train=Images(data.train.pixels, labels), test=None)
    vars(kept)["fingerprint"] = data.fingerprint  # of the whole: a network says by it what data it comes from
    return kept, replace(division, test=None)


def sample(learned: np.ndarray, labels: np.ndarray, seed: int, number: int) -> np.ndarray:
    """The rows that replicate `number` learns from where each draws its own: a share of each class, drawn once each.

    learned: (N,) rows to learn from; labels: of all rows.  Every sample has equally many images of each class, at least
    one, so that no program is compiled for it.  Sorted.
    """
    drawn = draws(seed, "sample", replicate=number).permutation(learned)  # (N,)
    of_class = labels[drawn]
    kept = [drawn[of_class == c][: max(1, round(SAMPLE_SHARE * n))] for c, n in enumerate(np.bincount(of_class)) if n]
    return np.sort(np.concatenate(kept))
