"""The layers, as words: frozen values that say what a layer is; what it computes is in ladder.py.

Names, arguments and defaults are Keras's.  `Dense(128, activation=tf.nn.relu)` runs as it stands in the textbook.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

from why128 import activations, initializers
from why128.activations import Activation
from why128.errors import UsageError, shown

Shape = tuple[int, ...]

LARGEST = 3.4e38  # float32's largest number
MOST_UNITS = 1 << 20  # a million neurons in one layer: beyond it a number is a slip or an attack, not a network


def whole(value: object) -> int | None:
    """A whole number, Python's or NumPy's, as Python's; None for anything else, and for True and False."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    return operator.index(value)


def checked_shape(shape: object, whose: str) -> Shape:
    """`shape` as a tuple of positive whole numbers; raises UsageError naming `whose` otherwise."""
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    numbers = tuple(whole(size) for size in sizes)
    if not numbers or not all(number is not None and number > 0 for number in numbers):
        raise UsageError(
            f"{whose}: expected the shape of one image, got {shown(repr(shape))}",
            hint="for example (28, 28), without the number of images",
        )
    return tuple(number for number in numbers if number is not None)


@dataclass(frozen=True)
class Input:
    """What enters: the shape of one image."""

    shape: Shape
    name: str | None = None

    def __post_init__(self):
        object.__setattr__(self, "shape", checked_shape(self.shape, "Input"))


@dataclass(frozen=True)
class Flatten:
    """Makes an image a series of numbers, row by row.  Not a layer of neurons, but an input layer specification."""

    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        if self.input_shape is not None:
            object.__setattr__(self, "input_shape", checked_shape(self.input_shape, "Flatten"))


@dataclass(frozen=True)
class Rescaling:
    """outputs = inputs × scale + offset: brings pixels 0..255 to 0..1 with `Rescaling(1/255)`."""

    scale: float
    offset: float = 0.0
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        for what, value in (("scale", self.scale), ("offset", self.offset)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= LARGEST:
                raise UsageError(
                    f"Rescaling: {what} must be one finite number, got {shown(repr(value))}",
                    hint="for example Rescaling(1/255)",
                )
        if self.input_shape is not None:
            object.__setattr__(self, "input_shape", checked_shape(self.input_shape, "Rescaling"))


@dataclass(frozen=True)
class Dense:
    """A layer of `units` neurons: activation(inputs · kernel + bias)."""

    units: int
    activation: Activation = "linear"  # None, as Keras has it, is taken too
    use_bias: bool = True
    kernel_initializer: str = "glorot_uniform"
    bias_initializer: str = "zeros"
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        units = whole(self.units)
        if units is None or not 0 < units <= MOST_UNITS:
            raise UsageError(
                f"Dense: units must be a whole number from 1 to {MOST_UNITS:,}, got {shown(repr(self.units))}",
                hint="for example Dense(128)",
            )
        object.__setattr__(self, "units", units)
        object.__setattr__(self, "activation", activations.resolve(self.activation))
        if self.activation == "glu" and units % 2:
            raise UsageError(f"Dense: glu halves the neurons and needs an even number of them, got {units}")
        object.__setattr__(self, "kernel_initializer", initializers.resolve(self.kernel_initializer))
        object.__setattr__(self, "bias_initializer", initializers.resolve(self.bias_initializer))
        if self.input_shape is not None:
            object.__setattr__(self, "input_shape", checked_shape(self.input_shape, "Dense"))

    @property
    def outputs(self) -> int:
        """How many numbers leave the layer."""
        return activations.outputs(self.activation, self.units)


@dataclass(frozen=True)
class Dropout:
    """While training, sets each number to 0 with probability `rate` and scales the rest by 1/(1 − rate)."""

    rate: float
    name: str | None = None

    def __post_init__(self):
        if isinstance(self.rate, bool) or not isinstance(self.rate, (int, float)) or not 0.0 <= self.rate < 1.0:
            raise UsageError(
                f"Dropout: rate must be at least 0 and below 1, got {shown(repr(self.rate))}",
                hint="for example Dropout(0.2)",
            )


Layer = Input | Flatten | Rescaling | Dense | Dropout


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """The shape that leaves `layer` when `shape` enters it; raises UsageError where the two do not fit."""
    due = layer.shape if isinstance(layer, Input) else getattr(layer, "input_shape", None)
    if due is not None and math.prod(due) != math.prod(shape):
        raise UsageError(f"{type(layer).__name__}: expected an input of shape {due}, got {shape}")
    if isinstance(layer, Flatten):
        return (math.prod(shape),)
    if isinstance(layer, Dense):
        if len(shape) != 1:
            raise UsageError(
                f"Dense({layer.units}): expected a series of numbers, got images of shape {shape}",
                hint="put Flatten() before the first Dense",
            )
        return (layer.outputs,)
    return shape


def weight_shapes(layer: Layer, shape: Shape) -> tuple[Shape, ...]:
    """The shapes of a layer's weights in Keras's order: kernel (inputs, units), then bias (units,)."""
    if not isinstance(layer, Dense):
        return ()
    return ((shape[0], layer.units), (layer.units,))[: 2 if layer.use_bias else 1]
