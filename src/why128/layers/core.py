"""The layers of every network: what enters, how it is laid out and scaled, and the layers of neurons."""

from __future__ import annotations

import math

from why128 import activations, initializers
from why128.activations import Activation
from why128.arguments import LARGEST
from why128.constraints import Constraint
from why128.errors import UsageError, shown
from why128.initializers import Initializer
from why128.layers.words import Shape, checked_shape, entering, held, layer, plain, put, whole
from why128.regularizers import Regularizer

MOST_UNITS = 1 << 20  # a million neurons in one layer: beyond it a number is a slip or an attack, not a network


@layer
class Input:
    """What enters: the shape of one image."""

    shape: Shape
    name: str | None = None

    def __post_init__(self):
        put(self, shape=checked_shape(self.shape, "Input"))


@layer
class Flatten:
    """Makes an image a series of numbers, row by row.  Not a layer of neurons, but an input layer specification."""

    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        entering(self)


@layer
class Reshape:
    """The same numbers in another shape; one size may be -1, and is then found."""

    target_shape: Shape
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        sizes = tuple(self.target_shape) if isinstance(self.target_shape, (tuple, list)) else (self.target_shape,)
        numbers = tuple(whole(size) for size in sizes)
        if not numbers or any(size is None or size == 0 or size < -1 for size in numbers) or numbers.count(-1) > 1:
            raise UsageError(
                f"Reshape: expected a shape with at most one -1, got {shown(repr(self.target_shape))}",
                hint="for example Reshape((28, 28)), without the number of images",
            )
        put(self, target_shape=numbers)
        entering(self)

    def shape_from(self, shape: Shape) -> Shape:
        """The shape that leaves; raises UsageError where the numbers cannot be laid out so."""
        count, known = math.prod(shape), math.prod(size for size in self.target_shape if size != -1)
        if count % known or (-1 not in self.target_shape and count != known):
            raise UsageError(f"Reshape: {count:,} numbers of shape {shape} cannot be laid out as {self.target_shape}")
        return tuple(count // known if size == -1 else size for size in self.target_shape)


@layer
class Rescaling:
    """outputs = inputs × scale + offset: brings pixels 0..255 to 0..1 with `Rescaling(1/255)`."""

    scale: float
    offset: float = 0.0
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        put(self, scale=plain(self.scale), offset=plain(self.offset))
        for what, value in (("scale", self.scale), ("offset", self.offset)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= LARGEST:
                raise UsageError(
                    f"Rescaling: {what} must be one finite number, got {shown(repr(value))}",
                    hint="for example Rescaling(1/255)",
                )
        entering(self)


@layer
class Dense:
    """A layer of `units` neurons: activation(inputs · kernel + bias)."""

    units: int
    activation: Activation = "linear"  # None, as Keras has it, is taken too
    use_bias: bool = True
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"
    kernel_regularizer: Regularizer | None = None  # or a name
    bias_regularizer: Regularizer | None = None
    kernel_constraint: Constraint | None = None
    bias_constraint: Constraint | None = None
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        units = whole(self.units)
        if units is None or not 0 < units <= MOST_UNITS:
            raise UsageError(
                f"Dense: units must be a whole number from 1 to {MOST_UNITS:,}, got {shown(repr(self.units))}",
                hint="for example Dense(128)",
            )
        put(self, units=units, activation=activations.resolve(self.activation))
        if self.activation == "glu" and units % 2:
            raise UsageError(f"Dense: glu halves the neurons and needs an even number of them, got {units}")
        put(
            self,
            kernel_initializer=initializers.resolve(self.kernel_initializer),
            bias_initializer=initializers.resolve(self.bias_initializer),
        )
        held(self, "kernel", "bias")
        entering(self)

    @property
    def outputs(self) -> int:
        """How many numbers leave the layer."""
        return activations.outputs(self.activation, self.units)
