"""`Sequential`, shaped like Keras's: a single network is a ladder of one.

This is the one mutable object: it holds what Keras users expect to change (layers, weights, what was compiled), and
hands all computing to the engine (learning) and to `Network` (answering).
"""

from __future__ import annotations

import operator
import os
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

import numpy as np

from why128 import arrays, losses, optimizers, summary
from why128.answers import Answers
from why128.arrays import Examples
from why128.callbacks import Callback, History, checked
from why128.errors import UsageError, shown
from why128.fitting import Asked, Batches, Course, comes_in_batches, examples, found, listed, to_judge_by
from why128.formats import keras_file, live_keras
from why128.ladder import Ladder
from why128.layers import Input, Layer, Shape, output_shape
from why128.learner import Learned, Learner, Lesson, Steered
from why128.network import Network, Preparation
from why128.recipe import Recipe


class Sequential:
    """Layers one after the other: `Sequential([Flatten(input_shape=(28, 28)), Dense(128, "relu"), Dense(10, "softmax")])`.

    Two numbers that Keras does not have say which luck it meets: `seed` (drawn afresh where none is given, and kept
    in `model.seed`) and `replicate`; the same two give the same initial weights and the same order of images as in a
    study with that seed.
    """

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        name: str = "sequential",
        *,
        seed: int | None = None,
        replicate: int = 0,
    ):
        self.name, self.replicate = name, replicate
        self.seed = secrets.randbits(32) if seed is None else Recipe(seed=seed).seed
        self.classes: tuple[str, ...] = ()
        self.preparation = Preparation(scale=(0.0, 1.0))
        self.about: dict[str, Any] = {}
        self.stop_training = False
        self.history: History | None = None  # of the last fit
        self._layers: tuple[Layer, ...] = ()
        self._weights: tuple[np.ndarray, ...] | None = None
        self._kept: tuple[np.ndarray, ...] = ()  # of the layers that were there before others were added or removed
        self._made: tuple[tuple, Network] | None = None  # the last one, and what it is made of
        self._learner: Learner | None = None
        if not isinstance(layers, (list, tuple, type(None))):
            raise UsageError(
                f"Sequential: expected a list of layers, got {shown(repr(layers))}", hint="Sequential([...])"
            )
        for layer in layers or ():
            self.add(layer)

    @classmethod
    def of(cls, network: Network) -> Sequential:
        """A model that goes on from a finished network."""
        model = cls(network.layers)
        model._weights = network.weights
        model.classes, model.preparation, model.about = network.classes, network.preparation, dict(network.about)
        return model

    # ---------------------------------------------------------------- layers

    def add(self, layer: Layer | Sequential) -> None:
        """Append a layer, or all of another model's with their weights as they are now.

        Raises UsageError for what is no layer, or does not fit what is there.
        """
        if isinstance(layer, Sequential):
            for one in layer._layers:
                self.add(one)
            self._kept = (*self._kept, *layer.network.weights) if layer.input_shape else self._kept
            return
        if not isinstance(layer, Layer):
            raise UsageError(
                f"Sequential: expected a layer, got {shown(repr(layer))}",
                hint="why128.layers has them: Flatten, Dense, Dropout, ...",
            )
        if isinstance(layer, Input) and self._layers:
            raise UsageError("Sequential: an Input must come first")
        first = getattr(layer, "input_shape", None)
        added = (layer,) if self._layers or first is None else (Input(first), layer)
        shape = self.output_shape
        for one in added if shape is None else (layer,):
            shape = one.shape if isinstance(one, Input) else shape and output_shape(one, shape)
        self._changed(self._layers + added)

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self.layers:
            raise UsageError("Sequential: there is no layer to remove")
        last = self._layers[-1]
        self._changed(self._layers[:-1])
        return last

    def build(self, input_shape: Shape | None = None) -> None:
        """Draw the initial weights; `input_shape` is one image's, where no layer has said it (a leading None is dropped)."""
        if self._weights is not None:
            return
        if self.input_shape is None:
            if input_shape is None:
                raise UsageError(
                    "Sequential: the shape of an image is not known yet",
                    hint="give the first layer input_shape=(28, 28), or call fit first",
                )
            self._layers = (Input(tuple(s for s in input_shape if s is not None)), *self._layers)
        ladder = Ladder.of([self._layers])
        drawn = ladder.unpack(ladder.initial(self.seed, self.replicate))[0]
        same = takewhile(lambda pair: pair[0].shape == pair[1].shape, zip(self._kept, drawn, strict=False))
        kept = tuple(old for old, _ in same)
        self._weights = (*kept, *drawn[len(kept) :])

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._layers if not isinstance(layer, Input)]

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._weights is not None

    @property
    def input_shape(self) -> Shape | None:
        """The shape of one image; None while it is not known."""
        return self._layers[0].shape if self._layers and isinstance(self._layers[0], Input) else None

    @property
    def output_shape(self) -> Shape | None:
        """The shape of one answer; None while it is not known."""
        shape = self.input_shape
        for layer in self.layers:
            shape = shape and output_shape(layer, shape)
        return shape

    # ---------------------------------------------------------------- weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in Keras's order: kernel (inputs, units), bias (units,), layer by layer."""
        return [w.copy() for w in self.network.weights]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Take these weights; raises UsageError where the shapes do not fit."""
        try:
            new = tuple(np.array(w, np.float32) for w in weights)
        except (TypeError, ValueError):
            raise UsageError("set_weights: expected a list of arrays of numbers, as get_weights gives it") from None
        Network(self.network.layers, new)
        self._weights = new
        if self._learner is not None and self._learner.state is not None:
            self._learner.state = self._learner.state._replace(parameters=self.network.ladder.pack([new]))

    def count_params(self) -> int:
        """How many numbers are learned: 101,770 for the textbook's network."""
        return self.network.parameters

    @property
    def network(self) -> Network:
        """The network as it stands, as one frozen value; the same one as before where nothing of it has changed."""
        self.build()
        assert self._weights is not None
        parts = (self._layers, self._weights, self.classes, self.preparation, self.about)
        if self._made is None or not all(map(operator.is_, self._made[0], parts)):
            self._made = parts, Network(*parts)
        return self._made[1]

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
        }
        asked = Asked.of(batch_size, epochs, shuffle, verbose, **others)
        hooks, learner = checked(callbacks), self._need_compiled("fit")
        if y is None and comes_in_batches(x):
            return self._fit_batches(x, validation_data, class_weight, asked, hooks)
        x, y, classes = arrays.opened(x, y)
        every = self._read(x, y, sample_weight)
        learned, held_out = arrays.parted(every, 0.0 if validation_data is not None else validation_split)
        learned = arrays.by_class(learned, class_weight)  # as in Keras, what is held out is not weighed by class
        if validation_data is not None:
            held_out = to_judge_by(validation_data, self._read)
        self._prepares(x)
        if classes is not None and len(classes) == self.network.ladder.classes:
            self.classes = classes
        lesson = Lesson.of(learned, asked.batch_size, asked.shuffle, (self.seed, self.replicate))
        course = self._course(learner, held_out, hooks, asked)
        return self._follow(course, partial(course.epoch, lesson))

    def _fit_batches(
        self, given: Any, validation_data: Any, class_weight: Any, asked: Asked, hooks: list[Callback]
    ) -> History:
        learner, held_out = self._need_compiled("fit"), None

        def read(x: Any, y: Any, weights: Any) -> Examples:
            batch = arrays.by_class(self._read(x, y, weights), class_weight)
            if not learner.epochs:
                self._prepares(arrays.as_array(x))
            return batch

        batches = Batches(given, asked.steps_per_epoch)
        if validation_data is not None:
            held_out = to_judge_by(validation_data, self._read)
        course, luck = self._course(learner, held_out, hooks, asked), (self.seed, self.replicate)
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
        return_dict: bool = False,
    ) -> Any:
        """The loss on images x (N, ...) and labels y (N,), and every metric that was compiled in.

        `batch_size` is taken for Keras's sake: the answer does not depend on it.
        """
        learner = self._need_compiled("evaluate")
        judged = to_judge_by(x if comes_in_batches(x) else (x, y, sample_weight), self._read)
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
        self.build(x.shape[1:])
        return self.network.outputs(arrays.images(x, self._shape()))

    # ---------------------------------------------------------------- telling and keeping

    def summary(self) -> None:
        """Print the layers, the shapes that leave them, and how many numbers each learns."""
        print(summary.text(self.name, self._layers))

    def save(self, path: str | os.PathLike) -> None:
        """Write the network as a Keras file (`.keras`), with class names and preparation in it."""
        keras_file.save(self.network, path)

    def to_keras(self) -> Any:
        """The same network as a live model of Keras 3, which must be installed."""
        return live_keras.to_keras(self.network)

    # ---------------------------------------------------------------- within

    def _changed(self, layers: tuple[Layer, ...]) -> None:
        self._kept = self._weights or self._kept
        self._layers, self._weights = layers, None
        if self._learner is not None:
            self._learner = Learner(self._learner.optimizer, self._learner.loss, self._learner.metrics)

    def _shape(self) -> Shape:
        """The shape of one image, after `build`."""
        assert self.input_shape is not None
        return self.input_shape

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
        self.build(x.shape[1:])
        return examples(x, y, weights, self.network, self._need_compiled("fit").loss)

    def _prepares(self, x: np.ndarray) -> None:
        self.preparation = Preparation("rgb" if self._shape()[2:] == (3,) else "gray", arrays.scale(x))

    def _take(self, learned: Learned) -> None:
        self._weights = learned.weights

    def _course(self, learner: Learner, held_out: Examples | None, hooks: list[Callback], asked: Asked) -> Course:
        return Course(learner, lambda: self.network, self._take, held_out, hooks, asked)
