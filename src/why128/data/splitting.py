"""Images to learn from and images held out: stratified, so that every class keeps its share on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from why128.errors import InputRefused, UsageError, shown


def split(
    labels: np.ndarray, share: float, rng: np.random.Generator, classes: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows held out, both sorted, disjoint and together all rows.

    labels: (N,) class indexes; share: of the images of each class that is held out, in 0..1 without its ends.  A class
    of n images gives round(n × share), the rounding so chosen that the sum is round(N × share) where that is possible,
    but at least one and at most n - 1.  The same labels and the same state of `rng` give the same rows.
    Raises InputRefused, naming it by `classes`, for a class with one image; UsageError for a share that is none.
    """
    if not 0 < share < 1:
        raise UsageError(
            f"share: expected a number between 0 and 1, got {shown(share, 40)}",
            hint="0.2 holds a fifth of the images out",
        )
    counts = np.bincount(labels)  # (C,)
    present = np.flatnonzero(counts)  # (C,)
    check_counts(counts, present, classes)
    held = held_counts(counts[present], share)  # (C,)
    order = rng.permutation(len(labels))  # (N,)
    out = [order[labels[order] == label][:count] for label, count in zip(present, held, strict=True)]
    mask = np.zeros(len(labels), bool)
    mask[np.concatenate(out)] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def check_counts(counts: np.ndarray, present: np.ndarray, classes: Sequence[str] | None) -> None:
    """Raises InputRefused when there are no images, or a class has one only."""
    if not len(present):
        raise InputRefused("split: no images to split (0 labels), expected at least two of each class")
    single = [label for label in present if counts[label] == 1]
    if single:
        names = ", ".join(shown(classes[label] if classes is not None else label, 40) for label in single[:5])
        more = f" and {len(single) - 5:,} more" if len(single) > 5 else ""
        raise InputRefused(
            f"split: classes with 1 image cannot be split, expected at least 2 of each class: {names}{more}",
            hint="add images of these classes, or leave the classes out",
        )


def held_counts(counts: np.ndarray, share: float) -> np.ndarray:
    """How many of each class are held out, (C,): the largest remainders are rounded up, in the order of classes."""
    exact = counts * share
    held = np.floor(exact).astype(np.int64)
    missing = round(float(exact.sum())) - int(held.sum())
    held[np.argsort(held - exact, kind="stable")[:missing]] += 1
    return np.clip(held, 1, counts - 1)
