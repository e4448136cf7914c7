"""`Sequential`, shaped like Keras's: a single network is a ladder of one.

This is the one mutable object: it holds what Keras users expect to change (layers, weights, what was compiled), and
hands all computing to the engine (learning) and to `Network` (answering).
"""

from __future__ import annotations

import operator
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from why128 import arrays, losses, optimizers, summary
from why128.arrays import Examples
from why128.callbacks import Callback, History, Logs, checked
from why128.data.sets import is_set
from why128.errors import UsageError, shown
from why128.formats import keras_file
from why128.ladder import Ladder
from why128.layers import Input, Layer, Shape, output_shape
from why128.network import Network, Preparation
from why128.recipe import BATCH_SIZE, Recipe, positive

if TYPE_CHECKING:
    from why128 import engine

ACCURACY = {"accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy"}


@dataclass(frozen=True)
class Compiled:
    """What `compile` was told."""

    optimizer: optimizers.Optimizer
    loss: losses.Loss
    accuracy: bool


@dataclass(eq=False)
class Progress:
    """How far training has come, so that a second `fit` goes on where the first ended."""

    state: Any = None  # the optimiser's memory, an engine.State
    epochs: int = 0


@dataclass(frozen=True)
class Fitting:
    """How `fit` was asked to go about it."""

    batch_size: int
    epochs: int
    shuffle: bool
    verbose: bool

    def tell(self, number: int, seconds: float, logs: Logs) -> None:
        """Print an epoch's line, if asked to."""
        if self.verbose:
            measured = " - ".join(f"{name}: {value:.4f}" for name, value in logs.items())
            print(f"Epoch {number + 1}/{self.epochs} - {seconds:.1f}s - {measured}", flush=True)


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
        self._made: tuple[tuple, Network] | None = None  # the last one, and what it is made of
        self._compiled: Compiled | None = None
        self._progress = Progress()
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

    def add(self, layer: Layer) -> None:
        """Append a layer.  Raises UsageError for what is no layer, or does not fit what is there."""
        if not isinstance(layer, Layer):
            raise UsageError(
                f"Sequential: expected a layer, got {shown(repr(layer))}",
                hint="layers are Input, Flatten, Rescaling, Dense and Dropout, from why128.layers",
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
        self._weights = ladder.unpack(ladder.initial(self.seed, self.replicate))[0]

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
        if self._progress.state is not None:
            self._progress.state = self._progress.state._replace(parameters=self.network.ladder.pack([new]))

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

    def compile(self, optimizer: object = "rmsprop", loss: object = None, metrics: Sequence[str] | None = None) -> None:
        """Say how to learn: optimiser, loss, and whether accuracy is wanted.  Raises UsageError for what is not known."""
        metrics = [metrics] if isinstance(metrics, str) else metrics
        unknown = [m for m in metrics or () if m not in ACCURACY]
        if unknown:
            raise UsageError(f"metrics: {shown(repr(unknown[0]))} is not known here", hint="metrics=['accuracy']")
        if loss is None:
            raise UsageError(
                "compile: a loss is missing", hint="loss='sparse_categorical_crossentropy' for whole-number labels"
            )
        self._compiled = Compiled(optimizers.resolve(optimizer), losses.resolve(loss), bool(metrics))
        self._progress = Progress()

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: list[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: tuple | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
    ) -> History:
        """Learn from images x (N, ...) and labels y (N,), or from a data set x; arguments and defaults are Keras's.

        `validation_split` holds back the last share of the images, as Keras does.  Called again, it goes on.
        Raises UsageError or InputRefused for what cannot be learned from, before anything is changed.
        """
        options = Fitting(
            positive("batch_size", BATCH_SIZE if batch_size is None else batch_size),
            positive("epochs", epochs),
            bool(shuffle),
            bool(verbose),
        )
        hooks, compiled = checked(callbacks), self._need_compiled("fit")
        x, y, classes = arrays.opened(x, y)
        self.build(x.shape[1:])
        examples = self._examples(compiled, x, y, sample_weight)
        learned, held_out = arrays.parted(examples, 0.0 if validation_data is not None else validation_split)
        learned = arrays.by_class(learned, class_weight)  # as in Keras, what is held out is not weighed by class
        if validation_data is not None:
            held_out = self._examples(compiled, *_pair(validation_data))
        if classes is not None and len(classes) == self.network.ladder.classes:
            self.classes = classes
        self.preparation = Preparation("rgb" if self._shape()[2:] == (3,) else "gray", arrays.scale(x))
        return self._learn(compiled, learned, held_out, options, hooks)

    def _learn(
        self, compiled: Compiled, learned: Examples, held_out: Examples | None, options: Fitting, hooks: list[Callback]
    ) -> History:
        from why128 import engine  # JAX takes seconds to import, and only learning needs it

        ladder, all_of_them = Ladder.of([self._layers]), arrays.together(learned, held_out)
        cohort = engine.Cohort(ladder, compiled.optimizer, compiled.loss, options.batch_size)
        count = len(learned.labels)
        run = engine.Run(
            np.arange(count), options.epochs, self.seed, self.replicate, options.shuffle, self._progress.epochs
        )
        data = engine.Data.of(all_of_them.images, all_of_them.labels, all_of_them.weights)
        state = self._progress.state or engine.start(cohort, ladder.pack([self.network.weights]))

        def read(epoch: engine.Epoch) -> Logs:
            if held_out is None:
                return _logs(epoch, None, None, compiled)
            judged = engine.assess(cohort, data, np.arange(count, len(all_of_them.labels)), epoch.state.parameters)
            return _logs(epoch, judged, held_out, compiled)

        return self._follow(engine.train(cohort, data, run, state), read, options, hooks)

    def _follow(
        self,
        epochs: Iterator[engine.Epoch],
        read: Callable[[engine.Epoch], Logs],
        options: Fitting,
        hooks: list[Callback],
    ) -> History:
        """Take over each epoch's weights as it ends, and let the hooks look on."""
        self.history = history = History()
        self.stop_training = False
        everyone = [*hooks, history]
        for hook in everyone:
            hook.set_model(self)
            hook.on_train_begin()
        for number in range(options.epochs):
            for hook in everyone:
                hook.on_epoch_begin(number)
            self._progress.state = None  # the engine overwrites it from here on: an interruption must not leave it
            epoch = next(epochs)
            self._weights = Ladder.of([self._layers]).unpack(epoch.state.parameters)[0]
            self._progress = Progress(epoch.state, epoch.number + 1)
            logs = read(epoch)
            options.tell(number, epoch.seconds, logs)
            for hook in everyone:
                hook.on_epoch_end(number, logs)
            if self.stop_training:
                break
        for hook in everyone:
            hook.on_train_end()
        return history

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss on images x (N, ...) and labels y (N,), and the accuracy if it was compiled in.

        `batch_size` is taken for Keras's sake: the answer does not depend on it.
        """
        compiled = self._need_compiled("evaluate")
        x, y, _ = arrays.opened(x, y)
        self.build(x.shape[1:])
        examples = self._examples(compiled, x, y, sample_weight)
        each, hits = self.network.assess(examples.images, examples.labels, compiled.loss.from_logits)  # (N,), (N,)
        found = {"loss": float(np.mean(each * examples.weights))}
        if compiled.accuracy:
            found["accuracy"] = float(np.mean(hits))
        if verbose:
            print(" - ".join(f"{name}: {value:.4f}" for name, value in found.items()))
        values = list(found.values())
        return found if return_dict else values if len(values) > 1 else values[0]

    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> np.ndarray:
        """What the network answers for images x (N, ...): (N, C).  `batch_size` and `verbose` are taken for Keras's sake."""
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

    # ---------------------------------------------------------------- within

    def _changed(self, layers: tuple[Layer, ...]) -> None:
        self._layers, self._weights, self._progress = layers, None, Progress()

    def _shape(self) -> Shape:
        """The shape of one image, after `build`."""
        assert self.input_shape is not None
        return self.input_shape

    def _need_compiled(self, what: str) -> Compiled:
        if self._compiled is None:
            raise UsageError(
                f"Sequential: call compile before {what}",
                hint="model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])",
            )
        return self._compiled

    def _examples(self, compiled: Compiled, x: Any, y: Any, sample_weight: Any = None) -> Examples:
        images = arrays.images(x, self._shape())
        labels = arrays.labels(y, len(images), self.network.ladder.classes, compiled.loss)
        return Examples(images, labels, arrays.weights(sample_weight, labels))


def _pair(given: Any) -> tuple:
    """validation_data as (images, labels) or (images, labels, weights)."""
    if is_set(given):
        return arrays.opened(given)[:2]
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise UsageError("validation_data: expected (images, labels) or (images, labels, weights)")
    return tuple(given)


def _logs(epoch: engine.Epoch, judged: engine.Assessment | None, held_out: Examples | None, compiled: Compiled) -> Logs:
    """An epoch's numbers by Keras's names."""
    logs = {"loss": float(epoch.loss[0])}
    if compiled.accuracy:
        logs["accuracy"] = float(epoch.accuracy[0])
    if judged is not None and held_out is not None:
        logs["val_loss"] = float(np.mean(judged.losses[0] * held_out.weights))
        if compiled.accuracy:
            logs["val_accuracy"] = float(np.mean(judged.hits[0]))
    return logs
