"""Every activation by ONNX's operators of opset 17: (graph, name of the sums) -> name of the activity."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from why128.activations import SELU_ALPHA, SELU_SCALE

if TYPE_CHECKING:
    from why128.formats.onnx_file import Graph

Rule = Callable[["Graph", str], str]


def _plain(operator: str, **attributes: float) -> Rule:
    return lambda graph, x: graph.add(operator, x, **attributes)


def _times(rule: Rule) -> Rule:
    return lambda graph, x: graph.add("Mul", x, rule(graph, x))


def _clipped(low: float, high: float) -> Rule:
    return lambda graph, x: graph.add("Clip", x, graph.number(low), graph.number(high))


def _softplus(graph: Graph, x: str) -> str:
    """By the absolute value: exp(x) alone overflows, and so it does in ONNX's own reference."""
    shrunk = graph.add("Exp", graph.add("Neg", graph.add("Abs", x)))
    return graph.add("Add", graph.add("Relu", x), graph.add("Log", graph.add("Add", graph.number(1.0), shrunk)))


def _gelu(graph: Graph, x: str) -> str:
    risen = graph.add("Add", graph.number(1.0), graph.add("Erf", graph.add("Mul", x, graph.number(0.5**0.5))))
    return graph.add("Mul", graph.add("Mul", graph.number(0.5), x), risen)


def _squareplus(graph: Graph, x: str) -> str:
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", x, x), graph.number(4.0)))
    return graph.add("Mul", graph.number(0.5), graph.add("Add", x, root))


def _sparse_plus(graph: Graph, x: str) -> str:
    """x beyond 1, (x + 1)² / 4 down to -1, and 0 below: the middle on x clipped to its ends, the rest added."""
    risen = graph.add("Add", _clipped(-1.0, 1.0)(graph, x), graph.number(1.0))
    beyond = graph.add("Relu", graph.add("Sub", x, graph.number(1.0)))
    return graph.add("Add", graph.add("Mul", graph.number(0.25), graph.add("Mul", risen, risen)), beyond)


def _sparsemax(graph: Graph, x: str) -> str:
    """Martins & Astudillo 2016, algorithm 1, as in activations.py; from the largest down, so that no sum cancels."""
    most = graph.add("ReduceMax", x, axes=[-1], keepdims=1)
    shifted = graph.add("Sub", x, most)
    count = graph.width
    ordered, _ = graph.several("TopK", 2, shifted, graph.array(np.array([count], np.int64)), axis=-1)
    total = graph.add("CumSum", ordered, graph.array(np.array(-1, np.int64)))
    place = graph.array(np.arange(1, count + 1, dtype=np.float32)[None])
    kept = graph.add("Greater", graph.add("Add", graph.number(1.0), graph.add("Mul", place, ordered)), total)
    support = graph.add("Cast", kept, to=1)  # 1: float32
    axis = graph.array(np.array([-1], np.int64))
    size = graph.add("ReduceSum", support, axis, keepdims=1)
    sum_ = graph.add("ReduceSum", graph.add("Mul", ordered, support), axis, keepdims=1)
    threshold = graph.add("Div", graph.add("Sub", sum_, graph.number(1.0)), size)
    return graph.add("Relu", graph.add("Sub", shifted, threshold))


def _glu(graph: Graph, x: str) -> str:
    half, gate = graph.several("Split", 2, x, axis=-1)
    return graph.add("Mul", half, graph.add("Sigmoid", gate))


ACTIVATIONS: dict[str, Rule] = {
    "linear": _plain("Identity"),
    "relu": _plain("Relu"),
    "relu6": _clipped(0.0, 6.0),
    "leaky_relu": _plain("LeakyRelu", alpha=0.2),
    "elu": _plain("Elu", alpha=1.0),
    "celu": _plain("Elu", alpha=1.0),
    "selu": _plain("Selu", alpha=SELU_ALPHA, gamma=SELU_SCALE),
    "gelu": _gelu,
    "silu": _times(_plain("Sigmoid")),
    "mish": _times(lambda graph, x: graph.add("Tanh", _softplus(graph, x))),
    "softplus": _softplus,
    "softsign": _plain("Softsign"),
    "squareplus": _squareplus,
    "sparse_plus": _sparse_plus,
    "soft_shrink": _plain("Shrink", lambd=0.5, bias=0.5),
    "hard_shrink": _plain("Shrink", lambd=0.5, bias=0.0),
    "tanh_shrink": lambda graph, x: graph.add("Sub", x, graph.add("Tanh", x)),
    "tanh": _plain("Tanh"),
    "hard_tanh": _clipped(-1.0, 1.0),
    "sigmoid": _plain("Sigmoid"),
    "hard_sigmoid": _plain("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_silu": _times(_plain("HardSigmoid", alpha=1 / 6, beta=0.5)),
    "log_sigmoid": lambda graph, x: graph.add("Neg", _softplus(graph, graph.add("Neg", x))),
    "sparse_sigmoid": _plain("HardSigmoid", alpha=0.5, beta=0.5),
    "exponential": _plain("Exp"),
    "softmax": _plain("Softmax", axis=-1),
    "log_softmax": _plain("LogSoftmax", axis=-1),
    "sparsemax": _sparsemax,
    "glu": _glu,
}


def _relu(graph: Graph, x: str, negative_slope: float, max_value: float, threshold: float) -> str:
    away = graph.add("Sub", x, graph.number(threshold))
    below = graph.add("Mul", away, graph.number(negative_slope))
    bent = graph.add("Where", graph.add("Greater", x, graph.number(threshold)), x, below)
    return bent if max_value == float("inf") else graph.add("Min", bent, graph.number(max_value))


# Those with parameters: (graph, name of the sums, **parameters) -> name of the activity.
PARAMETRIC: dict[str, Callable[..., str]] = {
    "relu": _relu,
    "leaky_relu": lambda graph, x, negative_slope: graph.add("LeakyRelu", x, alpha=negative_slope),
    "elu": lambda graph, x, alpha: graph.add("Elu", x, alpha=alpha),
}
