"""A network as ONNX, of an opset and a version of its representation that runtimes of the last years read too.

The package `onnx` writes it, which is an optional extra.  What was written is compared through ONNX Runtime where that is
installed, and through ONNX's own slow reference where it is not.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from why128.errors import SurroundingsError
from why128.formats.exported import Exported, described, floats, loaded
from why128.formats.onnx_activations import ACTIVATIONS, PARAMETRIC
from why128.formats.steps import (
    Applied,
    Bent,
    Product,
    Scaling,
    Sloped,
    Standardised,
    Step,
    folded,
    outputs,
    rule,
    steps,
)
from why128.network import Network

OPSET, IR = 17, 8  # of 2022: the package's own defaults are too new for older runtimes
WHAT = "ONNX"
INPUT, OUTPUT = "pixels", "outputs"
QUIET = 3  # of ONNX Runtime's levels: errors only


def exported(network: Network) -> Exported:
    """Raises SurroundingsError where the package `onnx` is missing, UsageError for what ONNX has no form of here."""
    if importlib.util.find_spec("onnx") is None:
        raise SurroundingsError(
            "ONNX: the package 'onnx', which writes it, is not installed", hint="pip install 'why128[export]'"
        )
    own = folded(steps(network))
    data = _written(network, own)
    by, answers = _runtime(data) or _reference(data)
    shape = network.input_shape
    return Exported(
        data, _held(data), loaded(network, own), floats(network), lambda images: answers(images.reshape(-1, *shape)), by
    )


class Graph:
    """Nodes and constants of a graph as they are added; a node's output is named by its number."""

    def __init__(self, width: int):
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}
        self.width = width  # of the array that is worked on: how many numbers an image has there

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output, whose name comes back."""
        return self.several(operator, 1, *inputs, **attributes)[0]

    def several(self, operator: str, count: int, *inputs: str, **attributes: Any) -> tuple[str, ...]:
        """A node with several outputs."""
        from onnx import helper

        number = len(self.nodes)
        names = tuple(f"{operator.lower()}_{number}{'abc'[i] if count > 1 else ''}" for i in range(count))
        self.nodes.append(helper.make_node(operator, list(inputs), list(names), **attributes))
        return names

    def array(self, values: np.ndarray, name: str = "") -> str:
        """A constant array."""
        name = name or f"constant_{len(self.constants)}"
        self.constants[name] = values
        return name

    def number(self, value: float) -> str:
        """A constant float32; equal ones are kept once."""
        return self.array(np.array(value, np.float32), f"number_{value!r}")


def _product(graph: Graph, step: Product, x: str) -> str:
    at = len(graph.nodes)
    kernel, bias = graph.array(step.kernel, f"kernel_{at}"), graph.array(step.bias, f"bias_{at}")
    return graph.add("Gemm", x, kernel, bias)


def _scaling(graph: Graph, step: Scaling, x: str) -> str:
    at = len(graph.nodes)
    grown = graph.add("Mul", x, graph.array(step.factor, f"factor_{at}"))
    return graph.add("Add", grown, graph.array(step.offset, f"offset_{at}"))


def _applied(graph: Graph, step: Applied, x: str) -> str:
    return rule(ACTIVATIONS, step.activation, WHAT)(graph, x)


def _bent(graph: Graph, step: Bent, x: str) -> str:
    return rule(PARAMETRIC, step.activation, WHAT)(graph, x, **dict(step.parameters))


def _sloped(graph: Graph, step: Sloped, x: str) -> str:
    return graph.add("PRelu", x, graph.array(step.alpha, f"alpha_{len(graph.nodes)}"))


def _standardised(graph: Graph, step: Standardised, x: str) -> str:
    at = len(graph.nodes)
    gamma, beta = graph.array(step.gamma, f"gamma_{at}"), graph.array(step.beta, f"beta_{at}")
    return graph.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=step.epsilon)


WRITERS: dict[type, Callable[[Graph, Any, str], str]] = {
    Product: _product,
    Scaling: _scaling,
    Applied: _applied,
    Bent: _bent,
    Sloped: _sloped,
    Standardised: _standardised,
}


def _written(network: Network, own: Iterable[Step]) -> bytes:
    from onnx import helper, numpy_helper

    graph = Graph(math.prod(network.input_shape))
    x = graph.add("Flatten", INPUT, axis=1)  # (N, D)
    for step in own:
        x = rule(WRITERS, type(step), WHAT)(graph, step, x)
        graph.width = outputs(step, graph.width)
    graph.nodes[-1].output[0] = OUTPUT
    made = helper.make_graph(
        graph.nodes,
        "why128",
        [helper.make_tensor_value_info(INPUT, 1, ["N", *network.input_shape])],
        [helper.make_tensor_value_info(OUTPUT, 1, ["N", graph.width])],
        [numpy_helper.from_array(np.asarray(array, order="C"), name) for name, array in graph.constants.items()],
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="why128"
    )
    for key, value in described(network).items():
        model.metadata_props.add(key=key, value=value if isinstance(value, str) else json.dumps(value))
    return model.SerializeToString(deterministic=True)


def _held(data: bytes) -> int:
    """The bytes of the constants in a file."""
    import onnx

    return sum(len(one.raw_data) for one in onnx.load_from_string(data).graph.initializer)


def _runtime(data: bytes) -> tuple[str, Callable[[np.ndarray], np.ndarray]] | None:
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return f"ONNX Runtime {onnxruntime.__version__}", lambda images: session.run(None, {INPUT: images})[0]


def _reference(data: bytes) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    import onnx
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(onnx.load_from_string(data))

    def answers(images: np.ndarray) -> np.ndarray:
        found: Any = evaluator.run(None, {INPUT: images})
        return found[0]

    return f"the reference of onnx {onnx.__version__}", answers
