"""One network judged on one data set: how often it is right, in each class, and where its classes are among the data's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from why128.data.images import Dataset, Images
from why128.errors import InputRefused, shown
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


def as_learned(network: Network, data: Dataset) -> tuple[str, Images]:
    """The test part of a data set ("test"), or all its images ("all"), labels in the network's own order of classes.

    Raises InputRefused where shapes or class names do not fit.
    """
    if data.image_shape != network.image_shape:
        raise InputRefused(
            f"{shown(data.name)}: expected images of shape {network.image_shape} (height, width, channels), got {data.image_shape}"
        )
    part, images = ("all", data.train) if data.test is None else ("test", data.test)
    return part, Images(images.pixels, _places(network, data)[images.labels])


def judge_images(network: Network, images: Images, classes: tuple[str, ...], part: str = "test") -> Judged:
    """Judge a network on labelled pictures, labels in the network's own order of classes."""
    found, start = [], 0
    for some in network.inputs(images.pixels):
        found.append(network.assess(some, images.labels[start : start + len(some)]))
        start += len(some)
    losses, hits = (np.concatenate(parts) for parts in zip(*found, strict=True))
    counts = ((int(hits[images.labels == c].sum()), int((images.labels == c).sum())) for c in range(len(classes)))
    accuracy = wilson(int(hits.sum()), len(hits), CONFIDENCE)
    return Judged(accuracy, float(losses.mean()), len(hits), part, dict(zip(classes, counts, strict=True)))


def _places(network: Network, data: Dataset) -> np.ndarray:
    """Where each class of the data is among the network's outputs."""
    known = network.classes or tuple(map(str, range(network.ladder.classes)))
    names = data.classes if network.classes else tuple(map(str, range(len(data.classes))))
    missing = [name for name in names if name not in known]
    if missing:
        raise InputRefused(
            f"{shown(data.name)}: class '{shown(missing[0])}' is not one of the network's ({shown(', '.join(known))})",
            hint="give data with the classes that the network learned",
        )
    return np.array([known.index(name) for name in names], np.int32)
