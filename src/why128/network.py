"""A finished network as one frozen value: what is trained, saved, loaded, served and looked into.

The engine pays out networks; the file format, the studies and every face take them.  It answers with NumPy alone, so a
prediction never waits for a compiler.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from why128 import activations, forward, losses
from why128.errors import InputRefused, UsageError
from why128.forward import NUMPY
from why128.ladder import Ladder, Parameters, parted
from why128.layers import Dense, Input, Layer, Shape, Weight, output_shape, weights
from why128.losses import Loss, SparseCategoricalCrossentropy

# Images answered at a time: 4 MB of activity at 1,024 neurons, so that a large set needs no large memory.
AT_ONCE = 1024
CLASSES = SparseCategoricalCrossentropy()  # by which networks are judged where nothing else is said


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes this network's input: what a prediction needs besides the weights."""

    mode: str = "gray"  # or "rgb"
    scale: tuple[float, float] = (0.0, 255.0)  # the values of black and white that the network takes

    def to_input(self, pixels: np.ndarray) -> np.ndarray:
        """Bytes 0..255, or floats 0..1, on the network's scale: float32, or the bytes themselves where that is theirs."""
        black, white = self.scale
        if pixels.dtype == np.uint8 and (black, white) == (0.0, 255.0):
            return pixels
        unit = np.float32(1 / 255 if pixels.dtype == np.uint8 else 1)
        return pixels.astype(np.float32) * (unit * np.float32(white - black)) + np.float32(black)


@dataclass(frozen=True, eq=False)
class Network:
    """Layers and their weights, with the names of the classes and how a picture is prepared.

    `layers` begins with an Input; `weights` are float32, in Keras's order and shapes.  Raises UsageError where the two
    do not fit.
    """

    layers: tuple[Layer, ...]
    weights: tuple[np.ndarray, ...]
    classes: tuple[str, ...] = ()
    preparation: Preparation = Preparation()
    about: Mapping[str, Any] = field(default_factory=dict)  # where it comes from: seed, replicate, data, study

    def __post_init__(self):
        parted(self.layers)  # raises for layers that are no network, before their weights are asked for
        due, given = due_shapes(self.layers), tuple(w.shape for w in self.weights)
        if due != given:
            raise UsageError(f"network: expected weights of shapes {list(due)}, got {list(given)}")
        if self.classes and len(self.classes) != self.ladder.classes:
            raise UsageError(f"network: {self.ladder.classes} outputs, but {len(self.classes)} class names")

    @cached_property
    def ladder(self) -> Ladder:
        """This network as a ladder of one."""
        return Ladder.of([self.layers])

    @cached_property
    def input_shape(self) -> Shape:
        """The shape of one image as the network takes it."""
        return parted(self.layers)[0]

    @cached_property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image; a flat input is a square of one channel where it can be."""
        shape = self.input_shape
        if len(shape) == 3:
            return (shape[0], shape[1], shape[2])
        if len(shape) == 2:
            return (shape[0], shape[1], 1)
        side = math.isqrt(shape[0])
        return (side, side, 1) if side * side == shape[0] else (1, shape[0], 1)

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(w.size for w in self.weights)

    @property
    def finite(self) -> bool:
        """Whether every weight is a number: false for a network that diverged."""
        return all(bool(np.isfinite(w).all()) for w in self.weights)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of inputs, then of the neurons of each layer, the output's last."""
        return (math.prod(self.input_shape), *(layer.units for layer in self.layers if isinstance(layer, Dense)))

    @property
    def width(self) -> tuple[int, ...]:
        """The number of neurons of each hidden layer."""
        return self.sizes[1:-1]

    def inputs(self, pixels: np.ndarray) -> Iterator[np.ndarray]:
        """Pictures (N, ...), bytes or floats 0..1, on its own scale, as many at a time as it answers at once: all would take four
        times their bytes."""
        return (self.preparation.to_input(pixels[i : i + AT_ONCE]) for i in range(0, len(pixels), AT_ONCE))

    def outputs(self, images: np.ndarray) -> np.ndarray:
        """What the network answers for images on its own scale: (N, ...) of `input_shape` to (N, C) float32.

        Raises InputRefused where the shapes do not fit.
        """
        return self._batched(lambda x: forward.outputs(NUMPY, self.ladder, self._packed, x)[0], images)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """How likely each class is held to be: `outputs`, or their softmax where the network ends in plain sums.

        Images as in `outputs`.  # (N, C)
        """
        answers = self.outputs(images)
        return activations.apply(NUMPY, "softmax", answers) if self.ladder.answer == "linear" else answers

    def assess(self, images: np.ndarray, targets: np.ndarray, loss: Loss = CLASSES) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each image (N,), and whether it was answered rightly (N,); targets (N,) or (N, C), as the loss has them."""
        scores = self._batched(lambda x: forward.scores(NUMPY, self.ladder, self._packed, x)[0], images)
        targets = np.asarray(targets)
        hits = forward.right(NUMPY, self.ladder, scores[None], targets[None])[0]
        return losses.each(NUMPY, loss, scores, targets, self.ladder.answer), hits

    @property
    def penalty(self) -> float:
        """What regularisers add to the loss."""
        return float(forward.penalty(NUMPY, self.ladder, self._packed)[0]) if self.ladder.held_down else 0.0

    @cached_property
    def _packed(self) -> Parameters:
        return self.ladder.pack([self.weights])

    def _batched(self, answer, images: np.ndarray) -> np.ndarray:
        flat = flat_images(images, self.input_shape)  # (N, D)
        if len(flat) <= AT_ONCE:
            return answer(flat).astype(np.float32, copy=False)
        parts = [answer(flat[i : i + AT_ONCE]) for i in range(0, len(flat), AT_ONCE)]
        return np.concatenate(parts).astype(np.float32, copy=False)


def flat_images(images: np.ndarray, due: Shape) -> np.ndarray:
    """Images of the shape that is due, each as one row: (N, ...) to (N, D).

    Rows may be given as they are, and a channel axis of one may be there or not.  Raises InputRefused naming both shapes.
    """
    images = np.asarray(images)
    given = images.shape[1:]
    if given == (math.prod(due),):
        return images
    if [s for s in given if s != 1] != [s for s in due if s != 1] or not images.ndim:
        raise InputRefused(
            f"images: expected the shape (N, {', '.join(map(str, due))}), got {images.shape}",
            hint="the first axis counts the images",
        )
    return images.reshape(len(images), math.prod(due))


def due_shapes(layers: tuple[Layer, ...]) -> tuple[Shape, ...]:
    """The shapes of all weights that the layers ask for, in Keras's order."""
    return tuple(weight.shape for _, own in layer_weights(layers) for weight in own)


def layer_weights(layers: tuple[Layer, ...]) -> Iterator[tuple[Layer, tuple[Weight, ...]]]:
    """Each layer with those weights that it has; raises UsageError where layers do not fit."""
    shape = layers[0].shape if layers and isinstance(layers[0], Input) else ()
    for layer in layers:
        yield layer, tuple(weight for weight in weights(layer, shape) if weight.present)
        shape = output_shape(layer, shape)
