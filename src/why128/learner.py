"""One network's learning: what `compile` was told, and how far it has come; an epoch at a time, by the engine's one training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from why128 import losses, optimizers
from why128.arrays import Examples
from why128.metrics import Accuracy, Metric
from why128.network import Network

if TYPE_CHECKING:
    from why128 import engine

Logs = dict[str, Any]  # by Keras's names; a number each, but of a metric that gives one a class


class Steered:
    """An optimiser while it is at work: `model.optimizer.learning_rate = 0.01` counts from the next step on.

    Otherwise it says what it was made of (`model.optimizer.beta_1`).
    """

    def __init__(self, words: optimizers.Optimizer):
        self.words, self.learning_rate, self.iterations = words, words.learning_rate, 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.words, name)

    def __repr__(self) -> str:
        return f"{self.words!r}, after {self.iterations:,} steps"


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learned from, and how often the weights move: in batches, in an order that belongs to (seed, replicate, number)."""

    examples: Examples
    data: engine.Data
    batch_size: int
    shuffle: bool
    luck: tuple[int, int]  # seed and replicate

    @classmethod
    def of(cls, examples: Examples, batch_size: int, shuffle: bool, luck: tuple[int, int]) -> Lesson:
        """A lesson, with its arrays where the engine takes them."""
        from why128 import engine  # JAX takes seconds to import, and only learning needs it

        return cls(
            examples, engine.Data.of(examples.images, examples.targets, examples.weights), batch_size, shuffle, luck
        )


@dataclass(frozen=True, eq=False)
class Learned:
    """What a lesson has come to."""

    weights: tuple[np.ndarray, ...]
    logs: Logs
    seconds: float  # without compiling


@dataclass(eq=False)
class Learner:
    """What `compile` was told, and how far learning has come, so that a second `fit` goes on where the first ended."""

    optimizer: Steered
    loss: losses.Loss
    metrics: tuple[tuple[Metric, bool], ...]  # each with whether images count by their weights
    state: Any = None  # the engine's: weights, and what the optimiser remembers
    epochs: int = 0

    @property
    def by_hits(self) -> bool:
        """Whether the engine's own count of right answers is all that is asked for."""
        return all(isinstance(metric, Accuracy) and not weighted for metric, weighted in self.metrics)

    def learn(
        self, network: Network, lesson: Lesson, look: Callable[[int, Logs, Learned], None] | None = None
    ) -> Learned:
        """Go through a lesson once; `look` sees the number of every batch, the loss so far, and the weights after it."""
        from why128 import engine

        words = self.optimizer.words
        cohort = engine.Cohort(network.ladder, words, self.loss, lesson.batch_size, telling=not self.by_hits)
        run = engine.Run(
            np.arange(len(lesson.examples.targets)), 1, *lesson.luck, lesson.shuffle, self.epochs,
            rate=self.optimizer.learning_rate, first_step=self.optimizer.iterations,
        )  # fmt: skip
        state = self.state or engine.start(cohort, network.ladder.pack([network.weights]))
        self.state = None  # the engine overwrites it from here on: an interruption must not leave it
        told: list[Any] = []
        progress = None
        for progress in engine.advance(cohort, lesson.data, run, engine.begin(cohort, run, state), 1 if look else None):
            told.append(progress.told)
            self.optimizer.iterations = run.first_step + progress.step
            if look:
                weights = network.ladder.unpack(progress.state.parameters)[0]
                seen = min(progress.step * lesson.batch_size, len(run.learned))
                logs = {"loss": float(np.asarray(progress.sums.loss)[0]) / seen}
                look(progress.step - 1, logs, Learned(weights, logs, progress.seconds))
        assert progress is not None
        rows = engine.order(cohort, run, self.epochs)
        self.state, self.epochs = progress.state, self.epochs + 1
        epoch = engine.epoch(progress, run)
        logs = {"loss": float(epoch.loss[0])} | self._measured(lesson.examples, told, rows, float(epoch.accuracy[0]))
        return Learned(network.ladder.unpack(epoch.state.parameters)[0], logs, epoch.seconds)

    def judge(self, network: Network, examples: Examples) -> Logs:
        """The loss, with what regularisers add, and every metric, of a network on examples."""
        each, hits = network.assess(examples.images, examples.targets, self.loss)  # (N,), (N,)
        logs = {"loss": float(np.mean(each * examples.weights)) + network.penalty}
        if self.by_hits:
            return logs | {metric.name: float(np.mean(hits)) for metric, _ in self.metrics}
        return logs | self.measured(examples, network.outputs(examples.images))

    def measured(self, examples: Examples, answers: np.ndarray) -> Logs:
        """Every metric of answers (N, C)."""
        ones = np.ones(len(answers), np.float32)
        return {
            metric.name: metric(examples.targets, answers, examples.weights if weighted else ones)
            for metric, weighted in self.metrics
        }

    def _measured(self, examples: Examples, told: Sequence[np.ndarray], rows: np.ndarray, accuracy: float) -> Logs:
        """Of what was answered while learning, by the rows (S, B) that each batch had."""
        if self.by_hits:
            return {metric.name: accuracy for metric, _ in self.metrics}
        answers = np.concatenate(told)[:, :, 0].reshape(rows.size, -1)  # (S · B, C)
        there = rows.ravel() >= 0
        own = rows.ravel()[there]
        return self.measured(
            Examples(examples.images[:0], examples.targets[own], examples.weights[own]), answers[there]
        )
