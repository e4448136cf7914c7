"""Which images are learned from, which judge, and which are opened once at the end.

The same data, share and seed give the same division, for `train` and for every replicate of a study.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.addresses import draws
from why128.data import Dataset, Images, split
from why128.errors import InputRefused, shown

# Without a test part of its own, data gives up this share of each class for one, where the smallest class can bear it.
TEST_SHARE = 0.15
BEARABLE = 10  # images in the smallest class


@dataclass(frozen=True, eq=False)
class Division:
    """Rows of a data set's train part, by what they are for, and the test images."""

    learned: np.ndarray  # (N,) rows to learn from
    held_out: np.ndarray  # (N',) rows to choose by
    test: Images | None  # looked at once, for the chosen network
    test_given: bool  # whether the test images came as such, or were set aside here


def divide(data: Dataset, held_out: float, seed: int) -> Division:
    """The division of a data set, every class in each part; raises InputRefused where a class is too small for it."""
    labels, rows, test = data.train.labels, np.arange(len(data.train)), data.test
    if data.test is None and np.bincount(labels).min() >= BEARABLE:
        rows, aside = split(labels, TEST_SHARE, draws(seed, "test part"), data.classes)
        test = data.train.take(aside)
    try:
        learned, judged = split(labels[rows], held_out, draws(seed, "held-out part"), data.classes)
    except InputRefused as refused:
        raise InputRefused(f"{shown(data.name)}: {str(refused).removeprefix('split: ')}", hint=refused.hint) from None
    return Division(rows[learned], rows[judged], test, data.test is not None)
