"""One network trained on one data set, by the same division and the same loop as a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from why128.callbacks import Logs
from why128.data.images import Dataset
from why128.division import divide
from why128.judging import judge_images
from why128.network import Network
from why128.recipe import Recipe
from why128.statistics.intervals import Interval
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.events import EpochDone, Luck, Replicate
from why128.studies.finished import finished
from why128.studies.plan import TUNING_SHARE, Candidate, Plan
from why128.studies.run import trials


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, its epochs (loss, accuracy, val_loss, val_accuracy), and its accuracy on the test images."""

    network: Network
    epochs: list[Logs]
    test: Interval | None
    test_given: bool


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
