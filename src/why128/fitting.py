"""How `fit` goes about it: what it was asked, and every batch and epoch with those who look on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from why128 import arrays
from why128.arrays import Examples
from why128.callbacks import Callback
from why128.data.sets import is_set
from why128.errors import UsageError, shown
from why128.learner import Learned, Learner, Lesson, Logs
from why128.losses import Loss
from why128.metrics import Metric, resolve
from why128.network import Network
from why128.recipe import BATCH_SIZE, positive


@dataclass(frozen=True)
class Asked:
    """How `fit` was asked to go about it."""

    batch_size: int
    epochs: int
    shuffle: bool
    verbose: bool
    initial_epoch: int
    steps_per_epoch: int | None
    validation_freq: int
    validation_steps: int | None
    validation_batch_size: int

    @classmethod
    def of(cls, batch_size: int | None, epochs: int, shuffle: bool, verbose: int | str, **others: Any) -> Asked:
        """Checked; raises UsageError naming what cannot be."""
        size = positive("batch_size", BATCH_SIZE if batch_size is None else batch_size)
        return cls(
            size,
            positive("epochs", epochs),
            bool(shuffle),
            bool(verbose),
            positive("initial_epoch", others["initial_epoch"] + 1) - 1,
            _steps("steps_per_epoch", others),
            positive("validation_freq", others["validation_freq"]),
            _steps("validation_steps", others),
            positive("validation_batch_size", others["validation_batch_size"] or size),
        )

    def tell(self, number: int, seconds: float, logs: Logs) -> None:
        """Print an epoch's line, if asked to."""
        if self.verbose:
            measured = " - ".join(f"{name}: {_figure(value)}" for name, value in logs.items())
            print(f"Epoch {number + 1}/{self.epochs} - {seconds:.1f}s - {measured}", flush=True)


def _steps(name: str, others: Mapping[str, Any]) -> int | None:
    return None if others[name] is None else positive(name, others[name])


def _figure(value: Any) -> str:
    return " ".join(f"{one:.4f}" for one in value) if isinstance(value, list) else f"{value:.4f}"


# ---------------------------------------------------------------- batches, from wherever they come


def comes_in_batches(x: Any) -> bool:
    """Whether x is a generator, a data loader or its like, not an array: (images, labels) come batch by batch."""
    if hasattr(x, "__array__") or isinstance(x, (list, tuple, np.ndarray)) or x is None:
        return False
    if is_set(x):
        return _is_batch(x)
    return hasattr(x, "__next__") or hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def _is_batch(given: Any) -> bool:
    """Whether what something gives by number is a batch, as Keras's PyDataset does, and not an image with its label."""
    if hasattr(given, "__iter__") or not len(given):
        return False
    first = given[0]
    return (
        isinstance(first, tuple) and len(first) in (2, 3) and np.ndim(first[1]) > 0 and len(first[0]) == len(first[1])
    )


class Batches:
    """(images, labels) or (images, labels, weights), batch by batch, as often as epochs ask for them."""

    def __init__(self, given: Any, steps: int | None):
        self._given, self._steps = given, steps
        self._going: Iterator | None = given if hasattr(given, "__next__") else None

    def epoch(self) -> Iterator[tuple]:
        """One epoch's; raises UsageError where there are none, or fewer than were asked for."""
        count = 0
        for batch in self._some():
            count += 1
            yield parts(batch)
        if count == 0 or (self._steps is not None and count < self._steps):
            due = "at least one batch" if self._steps is None else f"{self._steps:,} batches"
            raise UsageError(
                f"fit: expected {due} an epoch, the data ended after {count:,}",
                hint="a generator must go on for all epochs: give steps_per_epoch, or something that can be gone through again",
            )

    def _some(self) -> Iterator[Any]:
        if self._steps is None:
            yield from self._again() if self._going is None else self._going
            return
        for _ in range(self._steps):  # goes on where the last epoch ended, and begins again at the end
            if self._going is None:
                self._going = self._again()
            batch = next(self._going, None)
            if batch is None:
                if self._going is self._given:
                    return
                self._going = self._again()
                batch = next(self._going, None)
            if batch is None:
                return
            yield batch

    def _again(self) -> Iterator[Any]:
        if hasattr(self._given, "__iter__"):
            return iter(self._given)
        return (self._given[i] for i in range(len(self._given)))  # Keras's PyDataset


def parts(batch: Any) -> tuple:
    """A batch as (images, labels, weights or None); raises UsageError."""
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        raise UsageError(
            f"fit: expected batches of (images, labels) or (images, labels, weights), got {shown(type(batch).__name__)}"
        )
    return (*batch, None)[:3]


# ---------------------------------------------------------------- lessons, and who looks on


Reader = Callable[[Any, Any, Any], Examples]  # (images, labels, weights) as they were given, read


@dataclass(frozen=True, eq=False)
class Course:
    """What happens in every epoch of `fit`: a lesson, or a row of them, and then a look at the images held out."""

    learner: Learner
    network: Callable[[], Network]  # as it stands
    take: Callable[[Learned], None]  # the model takes the weights over
    held_out: Examples | None
    hooks: Sequence[Callback]
    asked: Asked

    def epoch(self, lesson: Lesson) -> Learned:
        """One epoch of arrays: one lesson; where somebody looks at batches, they are told of each."""
        looked = [hook for hook in self.hooks if hook.wants_batches]
        if not looked:
            return self.learner.learn(self.network(), lesson)
        self._before_batch(looked, 0)
        steps = -(-len(lesson.examples.targets) // lesson.batch_size)

        def look(number: int, logs: Logs, learned: Learned) -> None:
            self.take(learned)
            self._after_batch(looked, number, logs)
            if number + 1 < steps:
                self._before_batch(looked, number + 1)

        return self.learner.learn(self.network(), lesson, look)

    def batches(self, batches: Batches, read: Reader, luck: tuple[int, int]) -> Learned:
        """One epoch of batches that come one after the other: a lesson each."""
        looked = [hook for hook in self.hooks if hook.wants_batches]
        sums: dict[str, Any] = {}
        count, seconds, learned = 0, 0.0, None
        for number, (x, y, weights) in enumerate(batches.epoch()):
            self._before_batch(looked, number)
            examples = read(x, y, weights)
            size = len(examples.targets)
            learned = self.learner.learn(self.network(), Lesson.of(examples, size, False, luck))
            self.take(learned)
            count, seconds = count + size, seconds + learned.seconds
            for name, value in learned.logs.items():
                sums[name] = np.add(sums.get(name, 0.0), np.multiply(value, size))
            self._after_batch(looked, number, learned.logs)
        assert learned is not None
        means = {name: np.divide(value, count).tolist() for name, value in sums.items()}
        return Learned(learned.weights, means, seconds)

    def logs(self, number: int, learned: Learned) -> Logs:
        """An epoch's numbers, with those of the images held out where it is their turn."""
        if self.held_out is None or (number + 1) % self.asked.validation_freq:
            return learned.logs
        judged = self.learner.judge(self.network(), self.held_out)
        return learned.logs | {f"val_{name}": value for name, value in judged.items()}

    def _before_batch(self, looked: Sequence[Callback], number: int) -> None:
        for hook in looked:
            hook.on_train_batch_begin(number, {})

    def _after_batch(self, looked: Sequence[Callback], number: int, logs: Logs) -> None:
        for hook in looked:
            hook.on_train_batch_end(number, logs)


def examples(x: np.ndarray, y: Any, weights: Any, network: Network, loss: Loss) -> Examples:
    """Images, labels and weights for this network and loss, read; raises UsageError or InputRefused for what does not fit."""
    images = arrays.images(x, network.input_shape)
    targets = arrays.targets(y, len(images), network.ladder.classes, loss)
    return Examples(images, targets, arrays.weights(weights, len(images)))


def to_judge_by(given: Any, read: Reader, batch_size: int = BATCH_SIZE, steps: int | None = None) -> Examples:
    """(images, labels) or (images, labels, weights), or what gives them in batches; of `steps` batches, where so many are asked for."""
    if comes_in_batches(given):
        each = [read(*part) for part in Batches(given, steps).epoch()]
        return reduce(arrays.together, each)
    every = _whole(given, read)
    return every if steps is None else every.take(slice(steps * batch_size))


def _whole(given: Any, read: Reader) -> Examples:
    if is_set(given):
        return read(given, None, None)
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise UsageError("validation_data: expected (images, labels) or (images, labels, weights)")
    return read(*parts(given))


def listed(given: Any) -> list[Metric]:
    """The metrics that `compile` was given."""
    return [resolve(one) for one in (given if isinstance(given, (list, tuple)) else [] if given is None else [given])]


def found(logs: dict[str, Any], as_dictionary: bool) -> Any:
    """As Keras gives it: by name, or a number alone, or a list."""
    values = list(logs.values())
    return dict(logs) if as_dictionary else values if len(values) > 1 else values[0]
