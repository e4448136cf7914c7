"""`Sequential`, shaped like Keras's: a single network is a ladder of one.

This is the one mutable object: it holds what Keras users expect to change (layers, weights, what was compiled), and
hands all computing to the engine (learning) and to `Network` (answering).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128 import arrays, losses, optimizers
from why128.callbacks import Callback, History, Logs, checked
from why128.errors import UsageError, shown
from why128.formats import keras_file
from why128.ladder import Ladder
from why128.layers import Input, Layer, Shape, output_shape
from why128.network import Network, Preparation, layer_weights
from why128.recipe import BATCH_SIZE, positive

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


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled images, read: what `fit` learns from or is judged by."""

    images: np.ndarray  # (N, D)
    labels: np.ndarray  # (N,)
    weights: np.ndarray | None = None  # (N,)


class Sequential:
    """Layers one after the other: `Sequential([Flatten(input_shape=(28, 28)), Dense(128, "relu"), Dense(10, "softmax")])`.

    Two numbers that Keras does not have say which luck it meets: `seed` (drawn afresh where none is given, and kept
    in `model.seed`) and `replicate`; the same two give the same initial weights and the same order of images as in a
    study with that seed.
    """

    def __init__(self, layers: Sequence[Layer] | None = None, name: str = "sequential", *, seed: int | None = None, replicate: int = 0):
        self.name, self.replicate = name, replicate
        self.seed = secrets.randbits(32) if seed is None else seed
        self.classes: tuple[str, ...] = ()
        self.preparation = Preparation(scale=(0.0, 1.0))
        self.about: dict[str, Any] = {}
        self.stop_training = False
        self._layers: tuple[Layer, ...] = ()
        self._weights: tuple[np.ndarray, ...] | None = None
        self._compiled: Compiled | None = None
        self._progress = Progress()
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
            raise UsageError(f"Sequential: expected a layer, got {shown(repr(layer))}", hint="layers are Input, Flatten, Rescaling, Dense and Dropout, from why128.layers")
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
                raise UsageError("Sequential: the shape of an image is not known yet", hint="give the first layer input_shape=(28, 28), or call fit first")
            self._layers = (Input(tuple(s for s in input_shape if s is not None)), *self._layers)
        self._weights = self._ladder().unpack(self._ladder().initial(self.seed, self.replicate))[0]

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
        for layer in self.layers if shape else ():
            shape = output_shape(layer, shape)
        return shape

    # ---------------------------------------------------------------- weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in Keras's order: kernel (inputs, units), bias (units,), layer by layer."""
        return [w.copy() for w in self.network.weights]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Take these weights; raises UsageError where the shapes do not fit."""
        new = tuple(np.array(w, np.float32) for w in weights)
        Network(self.network.layers, new)
        self._weights = new
        if self._progress.state is not None:
            self._progress.state = self._progress.state._replace(parameters=self._ladder().pack([new]))

    def count_params(self) -> int:
        """How many numbers are learned: 101,770 for the textbook's network."""
        return self.network.parameters

    @property
    def network(self) -> Network:
        """The network as it stands, as one frozen value."""
        self.build()
        assert self._weights is not None
        return Network(self._layers, self._weights, self.classes, self.preparation, self.about)

    # ---------------------------------------------------------------- learning

    def compile(self, optimizer: object = "rmsprop", loss: object = None, metrics: Sequence[str] | None = None) -> None:
        """Say how to learn: optimiser, loss, and whether accuracy is wanted.  Raises UsageError for what is not known."""
        unknown = [m for m in metrics or () if m not in ACCURACY]
        if unknown:
            raise UsageError(f"metrics: {shown(repr(unknown[0]))} is not known here", hint="metrics=['accuracy']")
        if loss is None:
            raise UsageError("compile: a loss is missing", hint="loss='sparse_categorical_crossentropy' for whole-number labels")
        self._compiled = Compiled(optimizers.resolve(optimizer), losses.resolve(loss), bool(metrics))
        self._progress = Progress()

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int = BATCH_SIZE,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: list[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: tuple | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
    ) -> History:
        """Learn from images x (N, ...) and labels y (N,); arguments and defaults are Keras's.

        `validation_split` holds back the last share of the images, as Keras does.  Called again, it goes on.
        Raises UsageError or InputRefused for what cannot be learned from, before anything is changed.
        """
        options = Fitting(positive("batch_size", batch_size), positive("epochs", epochs), bool(shuffle), _loudness(verbose))
        hooks = checked(callbacks)
        self._need_compiled("fit")
        self.build(np.shape(x)[1:])
        learned = self._examples(x, y, sample_weight, class_weight)
        learned, held_out = _parted(learned, validation_split) if validation_data is None else (learned, self._examples(*validation_data))
        self.preparation = Preparation(self._mode(), _scale(np.asarray(x)))
        return self._learn(learned, held_out, options, hooks)

    def _learn(self, learned: Examples, held_out: Examples | None, options: Fitting, hooks: list[Callback]) -> History:
        from why128 import engine  # JAX takes seconds to import, and only learning needs it

        cohort = engine.Cohort(self._ladder(), self._compiled.optimizer, self._compiled.loss, options.batch_size)
        count = len(learned.labels)
        run = engine.Run(
            np.arange(count), options.epochs, self.seed, self.replicate,
            held_out=None if held_out is None else np.arange(count, count + len(held_out.labels)),
            shuffle=options.shuffle, first_epoch=self._progress.epochs,
        )  # fmt: skip
        history, self.stop_training = History(), False
        everyone = [*hooks, history]
        for hook in everyone:
            hook.set_model(self)
            hook.on_train_begin()
        state = self._progress.state or engine.start(cohort, cohort.ladder.pack([self._weights]))
        epochs = engine.train(cohort, _data(engine, learned, held_out), run, state)
        for number in range(options.epochs):
            for hook in everyone:
                hook.on_epoch_begin(number)
            self._progress.state = None  # the engine overwrites it from here on: an interruption must not leave it
            epoch = next(epochs)
            self._weights = cohort.ladder.unpack(epoch.state.parameters)[0]
            self._progress.state, self._progress.epochs = epoch.state, epoch.number + 1
            logs = self._logs(epoch, held_out)
            options.tell(number, epoch, logs)
            for hook in everyone:
                hook.on_epoch_end(number, logs)
            if self.stop_training:
                break
        for hook in everyone:
            hook.on_train_end()
        return history

    def evaluate(self, x: Any, y: Any, batch_size: int | None = None, verbose: int | str = "auto", sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss on images x (N, ...) and labels y (N,), and the accuracy if it was compiled in.

        `batch_size` is taken for Keras's sake: the answer does not depend on it.
        """
        compiled = self._need_compiled("evaluate")
        self.build(np.shape(x)[1:])
        examples = self._examples(x, y, sample_weight)
        each, hits = self.network.assess(examples.images, examples.labels, compiled.loss.from_logits)  # (N,), (N,)
        found = {"loss": float(np.mean(each if examples.weights is None else each * examples.weights))}
        if compiled.accuracy:
            found["accuracy"] = float(np.mean(hits))
        if _loudness(verbose):
            print(" - ".join(f"{name}: {value:.4f}" for name, value in found.items()))
        values = list(found.values())
        return found if return_dict else values if len(values) > 1 else values[0]

    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> np.ndarray:
        """What the network answers for images x (N, ...): (N, C).  `batch_size` and `verbose` are taken for Keras's sake."""
        self.build(np.shape(x)[1:])
        return self.network.outputs(arrays.images(x, self.input_shape))

    # ---------------------------------------------------------------- telling and keeping

    def summary(self) -> None:
        """Print the layers, the shapes that leave them, and how many numbers each learns."""
        print(summary(self))

    def save(self, path: str | os.PathLike) -> None:
        """Write the network as a Keras file (`.keras`), with class names and preparation in it."""
        keras_file.save(self.network, path)

    # ---------------------------------------------------------------- within

    def _changed(self, layers: tuple[Layer, ...]) -> None:
        self._layers, self._weights, self._progress = layers, None, Progress()

    def _ladder(self) -> Ladder:
        return Ladder.of([self._layers])

    def _need_compiled(self, what: str) -> Compiled:
        if self._compiled is None:
            raise UsageError(f"Sequential: call compile before {what}", hint="model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])")
        return self._compiled

    def _examples(self, x: Any, y: Any, sample_weight: Any = None, class_weight: Mapping[int, float] | None = None) -> Examples:
        compiled = self._need_compiled("fit")
        images = arrays.images(x, self.input_shape)
        labels = arrays.labels(y, len(images), self.output_shape[0], compiled.loss)
        return Examples(images, labels, arrays.weights(sample_weight, class_weight, labels))

    def _mode(self) -> str:
        return "rgb" if len(self.input_shape) == 3 and self.input_shape[-1] == 3 else "gray"

    def _logs(self, epoch: Any, held_out: Examples | None) -> Logs:
        logs = {"loss": float(epoch.loss[0])}
        if self._compiled.accuracy:
            logs["accuracy"] = float(epoch.accuracy[0])
        if held_out is not None:
            each = epoch.held_out.losses[0]
            logs["val_loss"] = float(np.mean(each if held_out.weights is None else each * held_out.weights))
            if self._compiled.accuracy:
                logs["val_accuracy"] = float(np.mean(epoch.held_out.hits[0]))
        return logs


@dataclass(frozen=True)
class Fitting:
    """How `fit` was asked to go about it."""

    batch_size: int
    epochs: int
    shuffle: bool
    verbose: bool

    def tell(self, number: int, epoch: Any, logs: Logs) -> None:
        """Print an epoch's line, if asked to."""
        if self.verbose:
            measured = " - ".join(f"{name}: {value:.4f}" for name, value in logs.items())
            print(f"Epoch {number + 1}/{self.epochs} - {epoch.seconds:.1f}s - {measured}", flush=True)


def _loudness(verbose: int | str) -> bool:
    return verbose == "auto" or bool(verbose)


def _parted(examples: Examples, share: float) -> tuple[Examples, Examples | None]:
    """The last share of the examples held back, as Keras does."""
    if not 0.0 <= share < 1.0:
        raise UsageError(f"validation_split: expected a number of at least 0 and below 1, got {shown(repr(share))}")
    cut = int(len(examples.labels) * (1.0 - share))
    if share == 0.0:
        return examples, None
    if cut in (0, len(examples.labels)):
        raise UsageError(f"validation_split: {share} of {len(examples.labels)} images leaves one part without any")
    whole = (examples.images, examples.labels, examples.weights)
    return tuple(Examples(*(None if a is None else a[part] for a in whole)) for part in (slice(cut), slice(cut, None)))


def _data(engine: Any, learned: Examples, held_out: Examples | None) -> Any:
    """All images in one array, those to be judged by after those to learn from."""
    if held_out is None:
        return engine.Data.of(learned.images, learned.labels, learned.weights)
    weights = None if learned.weights is None else np.concatenate([learned.weights, np.ones(len(held_out.labels), np.float32)])
    return engine.Data.of(np.concatenate([learned.images, held_out.images]), np.concatenate([learned.labels, held_out.labels]), weights)


def _scale(x: np.ndarray) -> tuple[float, float]:
    """The values of black and white that a network learned from: bytes, or whatever goes beyond 1, mean 0..255."""
    black = -1.0 if x.min() < 0 else 0.0
    return (black, 255.0 if x.dtype == np.uint8 or x.max() > 1.5 else 1.0)


def summary(model: Sequential) -> str:
    """The text of `Sequential.summary`."""
    rows, shape, total = [("Layer (type)", "Output shape", "Param #")], model.input_shape, 0
    for layer, shapes in layer_weights(model._layers) if shape else ((layer, None) for layer in model.layers):
        if isinstance(layer, Input):
            continue
        shape = output_shape(layer, shape) if shape else None
        count = None if shapes is None else sum(int(np.prod(s)) for s in shapes)
        total += count or 0
        rows.append((_label(layer), "?" if shape is None else f"(None, {', '.join(map(str, shape))})", "?" if count is None else f"{count:,}"))
    wide = [max(len(row[i]) for row in rows) for i in range(3)]
    table = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows]
    rule = "─" * len(table[0])
    return "\n".join([f'Model: "{model.name}"', rule, table[0], rule, *table[1:], rule, f"Total params: {total:,} ({4 * total / 1024:,.2f} KB)"])


def _label(layer: Layer) -> str:
    kind = type(layer).__name__
    return f"{layer.name} ({kind})" if layer.name else kind
