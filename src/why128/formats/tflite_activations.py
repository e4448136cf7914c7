"""Every activation of activations.py in TFLite's own operators, for float32: by one of them where there is one, else composed.

Formulas differ from those of activations.py in what they are made of, not in what they give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from why128.activations import SELU_ALPHA, SELU_SCALE
from why128.formats.tflite_graph import Value

# What a FULLY_CONNECTED does to its sums in passing, by its number in the file.
FUSED = {"relu": 1, "hard_tanh": 2, "relu6": 3}
# Of operators whose formula has a number: its slot and its value.
OPTIONS: dict[str, Mapping[int, np.generic]] = {"leaky_relu": {0: np.float32(0.2)}, "softmax": {0: np.float32(1.0)}}
BOOL, FLOAT = np.int8(6), np.int8(0)  # types of tensors, as CAST has them among its options


def _exp_of_minus_size(x: Value) -> Value:
    return (x.taken("ABS") * -1.0).taken("EXP")  # it cannot overflow


def _softplus(x: Value) -> Value:
    return x.taken("RELU") + (_exp_of_minus_size(x) + 1.0).taken("LOG")


def _log_sigmoid(x: Value) -> Value:
    return x.taken("MINIMUM", 0.0) - (_exp_of_minus_size(x) + 1.0).taken("LOG")


def _selu(x: Value) -> Value:
    return x.taken("RELU") * SELU_SCALE + x.taken("MINIMUM", 0.0).taken("ELU") * (SELU_SCALE * SELU_ALPHA)


def _sparse_plus(x: Value) -> Value:
    risen = x.taken("RELU_N1_TO_1") + 1.0
    return risen * risen * 0.25 + (x - 1.0).taken("RELU")


def _soft_shrink(x: Value) -> Value:
    return x - x.taken("MINIMUM", 0.5).taken("MAXIMUM", -0.5)


def _hard_shrink(x: Value) -> Value:
    far = x.taken("ABS").taken("GREATER", 0.5, dtype=np.bool_)
    return far.taken("SELECT_V2", x, 0.0)


def halves(x: Value) -> tuple[Value, Value]:
    """The first half of the neurons, and the second."""
    shape = (1, x.tensor.shape[1] // 2)
    parts = [x.graph.activity(shape, x.tensor.dtype.type, x.tensor.quantized) for _ in range(2)]
    axis = x.graph.constant(np.array(1, np.int32))
    first, second = x.graph.apply("SPLIT", [axis, x], parts, {0: np.int32(2)})
    return first, second


def _glu(x: Value) -> Value:
    first, second = halves(x)
    return first * second.taken("LOGISTIC")


def _over_all(x: Value, code: str) -> Value:
    axis = x.graph.constant(np.array([1], np.int32))
    return x.taken(code, axis, shape=(1, 1), options={0: np.bool_(True)})


def _sparsemax(x: Value) -> Value:
    graph, shape = x.graph, x.tensor.shape
    sorted_and_places = [graph.activity(shape), graph.activity(shape, np.int32)]
    ordered, _ = graph.apply("TOPK_V2", [x, graph.constant(np.array(shape[1], np.int32))], sorted_and_places)
    place = graph.constant(np.arange(1, shape[1] + 1, dtype=np.float32)[np.newaxis])
    total = ordered.taken("CUMSUM", graph.constant(np.array(1, np.int32)))
    inside = (ordered * place + 1.0).taken("GREATER", total, dtype=np.bool_)
    support = inside.taken("CAST", options={0: BOOL, 1: FLOAT})
    threshold = (_over_all(ordered * support, "SUM") - 1.0) / _over_all(support, "SUM")
    return (x - threshold).taken("RELU")


def _bent_relu(x: Value, negative_slope: float, max_value: float, threshold: float) -> Value:
    below = (x - threshold) * negative_slope if negative_slope else 0.0
    bent = x.taken("GREATER", threshold, dtype=np.bool_).taken("SELECT_V2", x, below)
    return bent if max_value == float("inf") else bent.taken("MINIMUM", max_value)


def _elu(x: Value, alpha: float) -> Value:
    return x.taken("RELU") + x.taken("MINIMUM", 0.0).taken("ELU") * alpha


def sloped(x: Value, alpha: np.ndarray) -> Value:
    """A ReLU with a slope of its own below 0 for every neuron."""
    return x.taken("PRELU", x.graph.constant(alpha))


def standardised(x: Value, gamma: np.ndarray, beta: np.ndarray, epsilon: float) -> Value:
    """All numbers of an image less their mean, over their standard deviation, then × gamma + beta."""
    away = x - _over_all(x, "MEAN")
    factor = (_over_all(away * away, "MEAN") + epsilon).taken("RSQRT")
    return away * factor * x.graph.constant(gamma) + x.graph.constant(beta)


# Those with parameters, by their names in activations.PARAMETRIC.
PARAMETRIC: dict[str, Callable[..., Value]] = {
    "relu": _bent_relu,
    "leaky_relu": lambda x, negative_slope: x.taken("LEAKY_RELU", options={0: np.float32(negative_slope)}),
    "elu": _elu,
}
ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "relu": lambda x: x.taken("RELU"),
    "relu6": lambda x: x.taken("RELU6"),
    "leaky_relu": lambda x: x.taken("LEAKY_RELU", options=OPTIONS["leaky_relu"]),
    "elu": lambda x: x.taken("ELU"),
    "celu": lambda x: x.taken("ELU"),
    "selu": _selu,
    "gelu": lambda x: x.taken("GELU"),
    "silu": lambda x: x * x.taken("LOGISTIC"),
    "mish": lambda x: x * _softplus(x).taken("TANH"),
    "softplus": _softplus,
    "softsign": lambda x: x / (x.taken("ABS") + 1.0),
    "squareplus": lambda x: (x + (x * x + 4.0).taken("SQRT")) * 0.5,
    "sparse_plus": _sparse_plus,
    "soft_shrink": _soft_shrink,
    "hard_shrink": _hard_shrink,
    "tanh_shrink": lambda x: x - x.taken("TANH"),
    "tanh": lambda x: x.taken("TANH"),
    "hard_tanh": lambda x: x.taken("RELU_N1_TO_1"),
    "sigmoid": lambda x: x.taken("LOGISTIC"),
    "hard_sigmoid": lambda x: (x + 3.0).taken("RELU6") / 6.0,
    "hard_silu": lambda x: x.taken("HARD_SWISH"),
    "log_sigmoid": _log_sigmoid,
    "sparse_sigmoid": lambda x: (x.taken("RELU_N1_TO_1") + 1.0) * 0.5,
    "exponential": lambda x: x.taken("EXP"),
    "softmax": lambda x: x.taken("SOFTMAX", options=OPTIONS["softmax"]),
    "log_softmax": lambda x: x.taken("LOG_SOFTMAX"),
    "sparsemax": _sparsemax,
    "glu": _glu,
}
