"""One network on one data set: train it, or judge it, by the same division and the same loop as a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from why128.callbacks import Logs
from why128.data.images import Dataset, Images
from why128.division import divide
from why128.errors import InputRefused, shown
from why128.network import Network
from why128.recipe import Recipe
from why128.statistics.intervals import Interval, wilson
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.events import EpochDone, Luck, Replicate
from why128.studies.finished import finished
from why128.studies.plan import CONFIDENCE, TUNING_SHARE, Candidate, Plan
from why128.studies.run import trials


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, its epochs (loss, accuracy, val_loss, val_accuracy), and its accuracy on the test images."""

    network: Network
    epochs: list[Logs]
    test: Interval | None
    test_given: bool


@dataclass(frozen=True, eq=False)
class Judged:
    """A network judged on labelled images."""

    accuracy: Interval
    loss: float
    images: int
    part: str  # "test" or "all": which images of the data these were
    by_class: Mapping[str, tuple[int, int]]  # name: (answered rightly, images)


def train(
    data: Dataset,
    candidate: Candidate,
    recipe: Recipe,
    replicate: int = 0,
    tell: Callable[[int, Logs], None] = lambda epoch, logs: None,
    *,
    resample: bool = False,
    tuned: bool = False,
) -> Trained:
    """Train one candidate on the images that a study with this recipe learns from; `tell` hears each epoch.

    The same seed and replicate give the initial weights and the order of images of that trial in a study; `resample` and
    `tuned` give the images of one whose replicates draw their own, and of one that sets some aside to choose settings by.
    Raises InputRefused where a class is too small to be divided.
    """
    plan = Plan((candidate,), 1, recipe, resample=resample)
    division = divide(data, recipe.held_out, recipe.seed, TUNING_SHARE if tuned else 0.0)
    epochs: list[Logs] = []
    task = Task(0, Bench.of(plan, data, division, plan.entries), (Luck.of(replicate),), workers=1, checkpoints=None)
    for event in trials(task, Pictures.of(data)):
        if isinstance(event, Replicate):
            done = event
            break
        if isinstance(event, EpochDone):
            epochs.append({name: float(values[0]) for name, values in event.measured.items()})
            tell(event.epoch, epochs[-1])
    network = finished(plan, data, candidate, done.luck, done.weights[0])
    test = None if division.test is None else judge_images(network, division.test.open(), data.classes).accuracy
    return Trained(network, epochs, test, division.test_given)


def judge(network: Network, data: Dataset) -> Judged:
    """Judge a network on a data set: on its test part where it has one, else on all its images.

    Raises InputRefused where shapes or class names do not fit.
    """
    if data.image_shape != network.image_shape:
        raise InputRefused(
            f"{shown(data.name)}: expected images of shape {network.image_shape} (height, width, channels), got {data.image_shape}"
        )
    part, images = ("all", data.train) if data.test is None else ("test", data.test)
    return judge_images(
        network, Images(images.pixels, _places(network, data)[images.labels]), network.classes or data.classes, part
    )


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
