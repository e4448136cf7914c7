"""`Sequential`, shaped like Keras's: a single network is a ladder of one.

This is the one mutable object: it holds what Keras users expect to change (layers, weights, what was compiled), and
hands all computing to the engine (learning) and to `Network` (answering).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from why128 import arrays, losses, optimizers
from why128.answers import Answers
from why128.arrays import Examples
from why128.atlas.atlas import Atlas
from why128.callbacks import Callback, History, checked
from why128.data.images import Dataset
from why128.errors import UsageError
from why128.fitting import Asked, Batches, Course, comes_in_batches, examples, found, listed, to_judge_by
from why128.layers import Layer
from why128.learner import Learned, Learner, Lesson, Steered
from why128.network import Preparation
from why128.neurons.explaining import Explanation, explained
from why128.neurons.ledger import ledger
from why128.recipe import BATCH_SIZE, positive
from why128.stack import Stack


class Sequential(Stack):
    """Layers one after the other: `Sequential([Flatten(input_shape=(28, 28)), Dense(128, "relu"), Dense(10, "softmax")])`.

    Two numbers that Keras does not have say which luck it meets: `seed` (drawn afresh where none is given, and kept
    in `model.seed`) and `replicate`; the same two give the same initial weights and the same order of images as in a
    study with that seed.
    """

    stop_training = False
    history: History | None = None  # of the last fit
    _learner: Learner | None = None

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Take these weights, and go on from them; raises UsageError where the shapes do not fit."""
        super().set_weights(weights)
        if self._learner is not None and self._learner.state is not None:
            own = self.network.ladder.pack([self.network.weights])
            self._learner.state = self._learner.state._replace(parameters=own)

    # ---------------------------------------------------------------- learning

    def compile(
        self,
        optimizer: object = "rmsprop",
        loss: object = None,
        metrics: Sequence[object] | object = None,
        weighted_metrics: Sequence[object] | object = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Say how to learn: optimiser, loss, and what to measure.  Raises UsageError for what is not known.

        The last three are taken for Keras's sake: everything is compiled, and no answer depends on it.
        """
        if loss is None:
            raise UsageError(
                "compile: a loss is missing", hint="loss='sparse_categorical_crossentropy' for whole-number labels"
            )
        words = optimizer.words if isinstance(optimizer, Steered) else optimizers.resolve(optimizer)
        measured = [(one, False) for one in listed(metrics)] + [(one, True) for one in listed(weighted_metrics)]
        self._learner = Learner(Steered(words), losses.resolve(loss), tuple(measured))

    @property
    def optimizer(self) -> Steered | None:
        """The optimiser at work: its learning_rate may be set between batches and epochs; None before `compile`."""
        return None if self._learner is None else self._learner.optimizer

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: list[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Learn from images x (N, ...) and labels y (N,), from a data set x, or from what gives batches; arguments and defaults are Keras's.

        `validation_split` holds back the last share of the images, as Keras does.  Called again, it goes on.
        Raises UsageError or InputRefused for what cannot be learned from, before anything is changed.
        """
        others = {
            "initial_epoch": initial_epoch,
            "steps_per_epoch": steps_per_epoch,
            "validation_freq": validation_freq,
            "validation_steps": validation_steps,
            "validation_batch_size": validation_batch_size,
        }
        asked = Asked.of(batch_size, epochs, shuffle, verbose, **others)
        hooks, learner = checked(callbacks), self._need_compiled("fit")
        if y is None and comes_in_batches(x):
            return self._fit_batches(x, validation_data, class_weight, asked, hooks)
        x, y, classes = arrays.opened(x, y)
        every, held_out = self._read(x, y, sample_weight), self._held_out(validation_data, asked)
        learned, last = arrays.parted(every, validation_split if held_out is None else 0.0)
        learned = arrays.by_class(learned, class_weight)  # as in Keras, what is held out is not weighed by class
        self._prepares(x)
        if classes is not None and len(classes) == self.network.ladder.classes:
            self.classes = classes
        lesson = Lesson.of(learned, asked.batch_size, asked.shuffle, (self.seed, self.replicate))
        course = self._course(learner, last if held_out is None else held_out, hooks, asked)
        return self._follow(course, partial(course.epoch, lesson))

    def _fit_batches(
        self, given: Any, validation_data: Any, class_weight: Any, asked: Asked, hooks: list[Callback]
    ) -> History:
        learner = self._need_compiled("fit")

        def read(x: Any, y: Any, weights: Any) -> Examples:
            batch = arrays.by_class(self._read(x, y, weights), class_weight)
            if not learner.epochs:
                self._prepares(arrays.as_array(x))
            return batch

        batches = Batches(given, asked.steps_per_epoch)
        course = self._course(learner, self._held_out(validation_data, asked), hooks, asked)
        luck = self.seed, self.replicate
        return self._follow(course, partial(course.batches, batches, read, luck))

    def _follow(self, course: Course, epoch: Any) -> History:
        """Take over each epoch's weights as it ends, and let the hooks look on."""
        self.history, self.stop_training = (history := History()), False
        everyone = [*course.hooks, history]
        for hook in everyone:
            hook.set_model(self)
            hook.set_params({"epochs": course.asked.epochs, "verbose": int(course.asked.verbose)})
            hook.on_train_begin()
        logs: dict[str, Any] = {}
        for number in range(course.asked.initial_epoch, course.asked.epochs):
            for hook in everyone:
                hook.on_epoch_begin(number)
            learned = epoch()
            self._take(learned)
            logs = course.logs(number, learned)
            course.asked.tell(number, learned.seconds, logs)
            for hook in everyone:
                hook.on_epoch_end(number, logs)
            if self.stop_training:
                break
        for hook in everyone:
            hook.on_train_end(logs)
        return history

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch: the loss before it, then every metric, as numbers or by name."""
        learner = self._need_compiled("train_on_batch")
        batch = arrays.by_class(self._read(x, y, sample_weight), class_weight)
        lesson = Lesson.of(batch, len(batch.targets), False, (self.seed, self.replicate))
        learned = learner.learn(self.network, lesson)
        self._take(learned)
        return found(learned.logs, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss on one batch, then every metric."""
        return self.evaluate(x, y, verbose=0, sample_weight=sample_weight, return_dict=return_dict)

    def __call__(self, x: Any, training: bool = False) -> Answers:
        """What the network answers for images x (N, ...), as `predict` does; learning goes through `fit`."""
        return Answers.of(self.predict(x))

    def neurons(self, x: Any, y: Any = None) -> Atlas:
        """What each hidden neuron sees, is worth and costs: on images x (N, ...) and labels y (N,), or on a data set (`load_data`).

        `print` shows it, a notebook shows its pictures, and its `save` writes a page, a picture or a table.
        Raises UsageError for labels that are missing, InputRefused where shapes or class names do not fit.
        """
        network = self.network
        if isinstance(x, Dataset) and not network.classes and len(x.classes) == network.ladder.classes:
            network = replace(network, classes=x.classes)
        name, part, images = arrays.looked_at(network, x, y)
        return Atlas(ledger(network, images, name, part))

    def explain(self, image: Any) -> Explanation:
        """Why one image (...) is answered as it is: which neurons fired, how each moved every score, and the fewest that decide.

        Raises InputRefused where its shape does not fit.
        """
        return explained(self.network, arrays.images(np.asarray(image)[None], self.network.input_shape)[0])

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """What the network answers for one batch: (N, C)."""
        return self.predict(x)

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss on images x (N, ...) and labels y (N,), and every metric that was compiled in.

        The answer does not depend on `batch_size`, but where it is of so many `steps`.
        """
        learner, size = self._need_compiled("evaluate"), positive("batch_size", batch_size or BATCH_SIZE)
        most = None if steps is None else positive("steps", steps)
        judged = to_judge_by(x if comes_in_batches(x) else (x, y, sample_weight), self._read, size, most)
        logs = learner.judge(self.network, judged)
        if verbose:
            print(" - ".join(f"{name}: {value:.4f}" for name, value in logs.items() if not isinstance(value, list)))
        return found(logs, return_dict)

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int | str = "auto", steps: int | None = None
    ) -> np.ndarray:
        """What the network answers for images x (N, ...), or for what gives them in batches: (N, C).

        `batch_size` and `verbose` are taken for Keras's sake.
        """
        if comes_in_batches(x):
            every = Batches(((one[0] if isinstance(one, (tuple, list)) else one, None) for one in x), steps).epoch()
            return np.concatenate([self.predict(images) for images, _, _ in every])
        x = arrays.unlabelled(x)
        self.build(None if self.built else x.shape)
        return self.network.outputs(arrays.images(x, self.network.input_shape))

    # ---------------------------------------------------------------- within

    def _changed(self, layers: tuple[Layer, ...]) -> None:
        super()._changed(layers)
        if self._learner is not None:
            self._learner = Learner(self._learner.optimizer, self._learner.loss, self._learner.metrics)

    def _need_compiled(self, what: str) -> Learner:
        if self._learner is None:
            raise UsageError(
                f"Sequential: call compile before {what}",
                hint="model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])",
            )
        return self._learner

    def _read(self, x: Any, y: Any, weights: Any = None) -> Examples:
        """Images and labels as they were given, read."""
        x, y, _ = arrays.opened(x, y)
        self.build(None if self.built else x.shape)
        return examples(x, y, weights, self.network, self._need_compiled("fit").loss)

    def _held_out(self, given: Any, asked: Asked) -> Examples | None:
        if given is None:
            return None
        return to_judge_by(given, self._read, asked.validation_batch_size, asked.validation_steps)

    def _prepares(self, x: np.ndarray) -> None:
        self.preparation = Preparation("rgb" if self.network.input_shape[2:] == (3,) else "gray", arrays.scale(x))

    def _take(self, learned: Learned) -> None:
        self._weights = learned.weights

    def _course(self, learner: Learner, held_out: Examples | None, hooks: list[Callback], asked: Asked) -> Course:
        return Course(learner, lambda: self.network, self._take, held_out, hooks, asked)
