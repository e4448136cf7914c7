"""One network judged on one data set: how often it is right, in each class, and where its classes are among the data's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from why128.arrays import as_learned
from why128.data.images import Dataset, Images
from why128.network import Network
from why128.statistics.intervals import Interval, wilson
from why128.studies.plan import CONFIDENCE


@dataclass(frozen=True, eq=False)
class Judged:
    """A network judged on labelled images."""

    accuracy: Interval
    loss: float
    images: int
    part: str  # "test" or "all": which images of the data these were
    by_class: Mapping[str, tuple[int, int]]  # name: (answered rightly, images)


def judge(network: Network, data: Dataset) -> Judged:
    """Judge a network on a data set: on its test part where it has one, else on all its images.

    Raises InputRefused where shapes or class names do not fit.
    """
    part, images = as_learned(network, data)
    return judge_images(network, images, network.classes or data.classes, part)


def judge_images(network: Network, images: Images, classes: tuple[str, ...], part: str = "test") -> Judged:
    """Judge a network on labelled pictures, labels in the network's own order of classes."""
    losses, hits = assessed(network, images)
    counts = ((int(hits[images.labels == c].sum()), int((images.labels == c).sum())) for c in range(len(classes)))
    accuracy = wilson(int(hits.sum()), len(hits), CONFIDENCE)
    return Judged(accuracy, float(losses.mean()), len(hits), part, dict(zip(classes, counts, strict=True)))


def assessed(network: Network, images: Images) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each labelled picture (N,), and whether it was answered rightly (N,)."""
    found, start = [], 0
    for some in network.inputs(images.pixels):
        found.append(network.assess(some, images.labels[start : start + len(some)]))
        start += len(some)
    losses, hits = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return losses, hits
