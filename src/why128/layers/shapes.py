"""What enters and leaves a layer, and the weights that it has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from why128.constraints import Constraint
from why128.errors import UsageError
from why128.initializers import Initializer
from why128.layers.bending import Fixed, PReLU
from why128.layers.core import Dense, Flatten, Input, Rescaling, Reshape
from why128.layers.noise import Dropout, GaussianNoise
from why128.layers.normalizing import BatchNormalization, LayerNormalization, Normalization
from why128.layers.words import Shape
from why128.regularizers import Regularizer

if TYPE_CHECKING:
    import numpy as np

Layer = (
    Input | Flatten | Reshape | Rescaling | Normalization | Dense | Fixed | PReLU | BatchNormalization
    | LayerNormalization | Dropout | GaussianNoise
)  # fmt: skip


@dataclass(frozen=True)
class Weight:
    """One array of a layer's weights."""

    name: str  # Keras's
    shape: Shape
    initializer: str | Initializer
    learned: bool = True  # by the optimiser
    present: bool = True  # absent ones stay at their initial numbers, and are in no file
    regularizer: Regularizer | None = None
    constraint: Constraint | None = None

    @property
    def absent(self) -> np.ndarray:
        """What stands in the place of one that is absent: zeros or ones."""
        import numpy as np  # heavy, and a layer can be named without it

        return np.full(self.shape, self.initializer == "ones", np.float32)


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """The shape that leaves `layer` when `shape` enters it; raises UsageError where the two do not fit."""
    due = layer.shape if isinstance(layer, Input) else getattr(layer, "input_shape", None)
    if due is not None and math.prod(due) != math.prod(shape):
        raise UsageError(f"{type(layer).__name__}: expected an input of shape {due}, got {shape}")
    if isinstance(layer, Flatten):
        return (math.prod(shape),)
    if isinstance(layer, Reshape):
        return layer.shape_from(shape)
    if isinstance(layer, Dense):
        if len(shape) != 1:
            raise UsageError(
                f"Dense({layer.units}): expected a series of numbers, got images of shape {shape}",
                hint="put Flatten() before the first Dense",
            )
        return (layer.outputs,)
    return shape


def weights(layer: Layer, shape: Shape) -> tuple[Weight, ...]:
    """The weights of a layer that `shape` enters, in Keras's order, absent ones at their place."""
    if isinstance(layer, Dense):
        kernel = _weight(layer, "kernel", (shape[0], layer.units))
        return kernel, _weight(layer, "bias", (layer.units,), "zeros", layer.use_bias)
    if isinstance(layer, PReLU):
        return (_weight(layer, "alpha", _flat(layer, shape)),)
    if isinstance(layer, (BatchNormalization, LayerNormalization)):
        own = _flat(layer, shape)
        gamma = _weight(layer, "gamma", own, "ones", layer.scale)
        beta = _weight(layer, "beta", own, "zeros", layer.center)
        if isinstance(layer, LayerNormalization):
            return gamma, beta
        mean = Weight("moving_mean", own, layer.moving_mean_initializer, learned=False)
        return gamma, beta, mean, Weight("moving_variance", own, layer.moving_variance_initializer, learned=False)
    return ()


def _weight(layer: Any, name: str, shape: Shape, absent: str = "zeros", present: bool = True) -> Weight:
    """One that is learned, as the layer's arguments say, or in its place what leaves every answer as it is."""
    if not present:
        return Weight(name, shape, absent, present=False)
    of = {how: getattr(layer, f"{name}_{how}") for how in ("initializer", "regularizer", "constraint")}
    return Weight(name, shape, **of)


def _flat(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 1:
        raise UsageError(
            f"{type(layer).__name__}: expected a series of numbers, got images of shape {shape}",
            hint="put Flatten() before it",
        )
    return shape
