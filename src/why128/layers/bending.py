"""Activations as layers of their own: after a Dense without one they are the same as its activation."""

from __future__ import annotations

from why128 import activations, initializers
from why128.activations import Parametric
from why128.arguments import number
from why128.constraints import Constraint
from why128.errors import UsageError
from why128.initializers import Initializer
from why128.layers.words import Shape, entering, held, layer, put
from why128.regularizers import Regularizer


@layer
class Activation:
    """Applies a function to the layer before: `Activation("relu")`."""

    activation: activations.Activation
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        put(self, activation=activations.resolve(self.activation))
        if self.activation == "glu":
            raise UsageError("Activation: glu halves the neurons", hint="Dense(units, activation='glu')")
        entering(self)

    @property
    def function(self) -> activations.Activation:
        """What it applies."""
        return self.activation


@layer
class ReLU:
    """max(x, 0); with its parameters: at most `max_value`, and `negative_slope × (x − threshold)` below `threshold`."""

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        most = None if self.max_value is None else number("ReLU: max_value", self.max_value, 0.0)
        put(
            self,
            max_value=most,
            negative_slope=number("ReLU: negative_slope", self.negative_slope, 0.0),
            threshold=number("ReLU: threshold", self.threshold, 0.0),
        )
        entering(self)

    @property
    def function(self) -> activations.Activation:
        """What it applies."""
        if (self.max_value, self.negative_slope, self.threshold) == (None, 0.0, 0.0):
            return "relu"
        most = float("inf") if self.max_value is None else self.max_value
        return Parametric(
            "relu", (("negative_slope", self.negative_slope), ("max_value", most), ("threshold", self.threshold))
        )


@layer
class LeakyReLU:
    """x where it is positive, `negative_slope × x` elsewhere; Keras's slope here is 0.3, that of the name "leaky_relu" 0.2."""

    negative_slope: float = 0.3
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        put(self, negative_slope=number("LeakyReLU: negative_slope", self.negative_slope, 0.0))
        entering(self)

    @property
    def function(self) -> activations.Activation:
        """What it applies."""
        return Parametric("leaky_relu", (("negative_slope", self.negative_slope),))


@layer
class ELU:
    """x where it is positive, `alpha × (exp(x) − 1)` elsewhere."""

    alpha: float = 1.0
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        put(self, alpha=number("ELU: alpha", self.alpha, 0.0))
        entering(self)

    @property
    def function(self) -> activations.Activation:
        """What it applies."""
        return "elu" if self.alpha == 1.0 else Parametric("elu", (("alpha", self.alpha),))


@layer
class Softmax:
    """Numbers to probabilities."""

    axis: int = -1
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        if self.axis not in (-1, 1):
            raise UsageError(
                f"Softmax: axis must be the last one, -1, got {self.axis!r}", hint="after a Dense there is one axis"
            )
        entering(self)

    @property
    def function(self) -> activations.Activation:
        """What it applies."""
        return "softmax"


@layer
class PReLU:
    """x where it is positive, `alpha × x` elsewhere, with an alpha for each neuron, which it learns (He et al. 2015)."""

    alpha_initializer: str | Initializer = "zeros"
    alpha_regularizer: Regularizer | None = None  # or a name
    alpha_constraint: Constraint | None = None
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        put(self, alpha_initializer=initializers.resolve(self.alpha_initializer))
        held(self, "alpha")
        entering(self)


Fixed = Activation | ReLU | LeakyReLU | ELU | Softmax  # without weights: each has a `function`
