"""Activations: the code that runs on each neuron, by Keras's names.

Each is written once, for NumPy and JAX alike: `xp` is a namespace with NumPy's names and `erf`.  Formulas and default
parameters are those of `keras.activations` (Keras 3), and so is the slope at a kink, which every blank image meets.  An activation with other
parameters is a layer, such as `LeakyReLU(0.1)`, or any function of one array.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from why128.errors import UsageError, shown

Array = Any


@dataclass(frozen=True)
class Parametric:
    """A named activation with other parameters than its usual ones, such as LeakyReLU(0.1)'s."""

    name: str  # one of PARAMETRIC
    parameters: tuple[tuple[str, float], ...]


Activation = str | Parametric | Callable[[Array], Array]

# selu's two constants, Klambauer et al. 2017, appendix A1
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _sigmoid(xp, x):
    return 0.5 * (xp.tanh(0.5 * x) + 1.0)  # by tanh: exp(-x) would overflow, and its gradient be NaN


def _softplus(xp, x):
    return xp.logaddexp(x, xp.zeros_like(x))


def _expm1_below(xp, x):
    return xp.expm1(
        xp.where(x > 0.0, 0.0, x)
    )  # the unused side of `where` must not overflow: its gradient would be NaN


def _elu(xp, x, alpha=1.0):
    return xp.where(x > 0, x, alpha * _expm1_below(xp, x))


def _selu(xp, x):
    return SELU_SCALE * xp.where(x > 0, x, SELU_ALPHA * _expm1_below(xp, x))


def _relu6(xp, x):
    return xp.where(x <= 0.0, 0.0, xp.where(x >= 6.0, 6.0, x))


def _hard_sigmoid(xp, x):
    return _relu6(xp, x + 3.0) / 6.0


def _gelu(xp, x):
    return 0.5 * x * (1.0 + xp.erf(x * 0.7071067811865476))


def _log_softmax(xp, x):
    shifted = x - xp.max(x, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def _softmax(xp, x):
    grown = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return grown / xp.sum(grown, axis=-1, keepdims=True)


def _sparsemax(xp, x):
    """Martins & Astudillo 2016, algorithm 1.  Keras 3.15's own does not sum to one for more than one survivor; this does."""
    ordered = -xp.sort(-x, axis=-1)
    place = xp.arange(1, x.shape[-1] + 1, dtype=x.dtype).reshape((1,) * (x.ndim - 1) + (-1,))
    total = xp.cumsum(ordered, axis=-1)
    support = (1.0 + place * ordered > total).astype(x.dtype)
    size = xp.sum(support, axis=-1, keepdims=True)
    threshold = (xp.sum(ordered * support, axis=-1, keepdims=True) - 1.0) / size
    return xp.maximum(x - threshold, 0.0)


def _sparse_plus(xp, x):
    return xp.where(x <= -1.0, 0.0, xp.where(x < 1.0, 0.25 * (x + 1.0) ** 2, x))


# One number in, one number out: (xp, x) -> array of x's shape.
ELEMENTWISE: dict[str, Callable[[Any, Array], Array]] = {
    "linear": lambda xp, x: x,
    "relu": lambda xp, x: xp.relu(x),  # each in its own way: ladder.NumPy, engine.arithmetic
    "relu6": _relu6,
    "leaky_relu": lambda xp, x: xp.where(x >= 0.0, x, 0.2 * x),
    "elu": _elu,
    "celu": _elu,  # with alpha = 1, Keras's default, the two are one function
    "selu": _selu,
    "gelu": _gelu,
    "silu": lambda xp, x: x * _sigmoid(xp, x),
    "mish": lambda xp, x: x * xp.tanh(_softplus(xp, x)),
    "softplus": _softplus,
    "softsign": lambda xp, x: x / (1.0 + xp.abs(x)),
    "squareplus": lambda xp, x: 0.5 * (x + xp.sqrt(x * x + 4.0)),
    "sparse_plus": _sparse_plus,
    "soft_shrink": lambda xp, x: xp.where(x > 0.5, x - 0.5, xp.where(x < -0.5, x + 0.5, 0.0)),
    "hard_shrink": lambda xp, x: xp.where(xp.abs(x) > 0.5, x, 0.0),
    "tanh_shrink": lambda xp, x: x - xp.tanh(x),
    "tanh": lambda xp, x: xp.tanh(x),
    "hard_tanh": lambda xp, x: xp.where(x > 1.0, 1.0, xp.where(x < -1.0, -1.0, x)),
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda xp, x: x * _hard_sigmoid(xp, x),
    "log_sigmoid": lambda xp, x: -_softplus(xp, -x),
    "sparse_sigmoid": lambda xp, x: xp.clip(0.5 * (x + 1.0), 0.0, 1.0),
    "exponential": lambda xp, x: xp.exp(x),
}

# Those that look at all of a layer's neurons: (xp, x of shape (..., units)) -> array.
ACROSS: dict[str, Callable[[Any, Array], Array]] = {
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "sparsemax": _sparsemax,
    "glu": lambda xp, x: x[..., : x.shape[-1] // 2] * _sigmoid(xp, x[..., x.shape[-1] // 2 :]),
}

NAMED = ELEMENTWISE | ACROSS


def _leaky_relu(xp, x, negative_slope):
    return xp.where(x >= 0.0, x, negative_slope * x)


def _bent_relu(xp, x, negative_slope, max_value, threshold):
    """Its slope at the threshold is that of above it, as Keras has it; at `max_value` it is 0."""
    above = x >= threshold if threshold == 0.0 and negative_slope else x > threshold
    return xp.where(x >= max_value, max_value, xp.where(above, x, negative_slope * (x - threshold)))


# (xp, x, **parameters) -> array of x's shape, number by number.
PARAMETRIC: dict[str, Callable[..., Array]] = {"relu": _bent_relu, "leaky_relu": _leaky_relu, "elu": _elu}

# Other spellings of the same functions: Keras's aliases, and what TensorFlow's functions call themselves.
ALIASES = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "leaky_relu_v2": "leaky_relu",
    "exp": "exponential",
}

# Libraries whose functions are known by name.  Where a default differs from Keras's, the function is called as it is.
KNOWN_LIBRARIES = {"tensorflow", "keras", "jax", "why128", "tf_keras"}
OWN_DEFAULTS = {
    ("jax", "gelu"),
    ("jax", "leaky_relu"),
    ("tensorflow", "hard_sigmoid"),
    ("tf_keras", "hard_sigmoid"),
}


def resolve(activation: object) -> Activation:
    """The one name of an activation, or the function itself where it has none here.

    A function of TensorFlow, Keras or JAX is recognised by the name and module that it carries; nothing is imported.

    >>> resolve(None), resolve("swish"), resolve("relu")
    ('linear', 'silu', 'relu')

    Raises UsageError for a name that is not known, and for what is neither a name nor a function.
    """
    if activation is None:
        return "linear"
    if isinstance(activation, str):
        name = ALIASES.get(activation, activation)
        if name not in NAMED:
            near = difflib.get_close_matches(name, NAMED, 1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise UsageError(
                f"activation: '{shown(activation)}' is not known; expected a Keras name or a function of one array",
                hint=f"{hint}known names: {', '.join(sorted(NAMED))}",
            )
        return name
    function = getattr(
        activation, "function", activation
    )  # a layer that only bends, such as LeakyReLU(0.1), does it too
    if isinstance(function, (str, Parametric)):
        return function
    if callable(function):
        return _name_of(function) or function
    raise UsageError(
        f"activation: expected a name or a function, got {shown(repr(activation))}",
        hint="for example 'relu', or tf.nn.relu",
    )


def _name_of(function: Callable) -> str | None:
    library = str(getattr(function, "__module__", "")).split(".")[0]
    name = str(getattr(function, "__name__", ""))
    name = ALIASES.get(name, name)
    if library in KNOWN_LIBRARIES and name in NAMED and (library, name) not in OWN_DEFAULTS:
        return name
    return None


def label(activation: Activation) -> str:
    """What a person calls it: its name, with parameters that are not the usual ones, or the function's own."""
    if isinstance(activation, Parametric):
        return f"{activation.name}({', '.join(f'{name}={value:g}' for name, value in activation.parameters)})"
    return activation if isinstance(activation, str) else getattr(activation, "__name__", repr(activation))


def apply(xp, activation: Activation, x: Array) -> Array:
    """The activation of a layer's sums x (..., units), in the same shape (`glu` halves the units)."""
    if isinstance(activation, str):
        return NAMED[activation](xp, x)
    if isinstance(activation, Parametric):
        return PARAMETRIC[activation.name](xp, x, **dict(activation.parameters))
    found = xp.asarray(activation(x))
    if found.shape != x.shape:
        raise UsageError(
            f"activation: {label(activation)} must give an array of the shape it is given, {x.shape}, gave {found.shape}"
        )
    return found


def elementwise(activation: Activation) -> bool:
    """Whether it is known to give each number by itself."""
    return isinstance(activation, Parametric) or activation in ELEMENTWISE


def outputs(activation: Activation, units: int) -> int:
    """How many numbers leave a layer of `units` neurons."""
    return units // 2 if activation == "glu" else units
