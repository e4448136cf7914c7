"""A TFLite network before it is bytes: tensors, and operators that make tensors of tensors.

A Value stands for a tensor while a graph is built, so that a formula here reads as it does in activations.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from why128.layers import Shape

Options = Mapping[int, np.generic]  # by their slot in the operator's table of options


@dataclass(frozen=True, eq=False)
class Quantized:
    """real = scale · (stored − zero), for all of a tensor or for each of its rows."""

    scale: np.ndarray  # (1,) or (rows,) float32
    zero: int = 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """Numbers of one image: those of activity come when the network runs, those of a constant are in the file."""

    name: str
    shape: Shape  # an activity's begins with a 1, the images of a batch
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float32))
    data: np.ndarray | None = None  # a constant's
    quantized: Quantized | None = None

    @property
    def bytes(self) -> int:
        """How many it takes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Operator:
    """One step of TFLite's own: `code` is its name there, tensors are numbers in the graph."""

    code: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


class Graph:
    """Tensors and operators in the order in which they run; the first tensor is the images, `output` what leaves."""

    def __init__(self, entering: Tensor):
        self.tensors = [entering]
        self.operators: list[Operator] = []
        self.output = 0
        self._numbers: dict[float, Value] = {}

    @property
    def images(self) -> Value:
        """What enters."""
        return Value(self, 0)

    def constant(self, data: np.ndarray, quantized: Quantized | None = None) -> Value:
        """An array that goes into the file."""
        return self._added(Tensor(f"constant_{len(self.tensors)}", data.shape, data.dtype, data, quantized))

    def number(self, value: float) -> Value:
        """One number for every neuron, each kept once."""
        if value not in self._numbers:
            self._numbers[value] = self.constant(np.array([value], np.float32))
        return self._numbers[value]

    def apply(
        self, code: str, inputs: Sequence[Value], outputs: Sequence[Tensor], options: Options | None = None
    ) -> tuple[Value, ...]:
        """What an operator makes of its inputs."""
        made = tuple(self._added(tensor) for tensor in outputs)
        version = SINCE_INT8.get(code, 1) if any(value.tensor.dtype == np.int8 for value in inputs) else 1
        taken, given = (tuple(value.index for value in values) for values in (inputs, made))
        self.operators.append(Operator(code, version, taken, given, options or {}))
        return made

    def activity(self, shape: Shape, dtype: type = np.float32, quantized: Quantized | None = None) -> Tensor:
        """A tensor that an operator is to make."""
        return Tensor(f"activity_{len(self.tensors)}", shape, np.dtype(dtype), None, quantized)

    def _added(self, tensor: Tensor) -> Value:
        self.tensors.append(tensor)
        return Value(self, len(self.tensors) - 1)


@dataclass(frozen=True)
class Value:
    """A tensor of a graph that is being built, with the arithmetic of float32."""

    graph: Graph
    index: int

    @property
    def tensor(self) -> Tensor:
        """The tensor that it stands for."""
        return self.graph.tensors[self.index]

    def taken(self, code: str, *others: Value | float, **more) -> Value:
        """What the operator makes of this and others, in this one's shape; `more`: its options, or another shape or type."""
        shape, dtype = more.get("shape", self.tensor.shape), more.get("dtype", np.float32)
        inputs = [self, *(other if isinstance(other, Value) else self.graph.number(other) for other in others)]
        return self.graph.apply(code, inputs, [self.graph.activity(shape, dtype)], more.get("options"))[0]

    def __add__(self, other: Value | float) -> Value:
        return self.taken("ADD", other)

    def __sub__(self, other: Value | float) -> Value:
        return self.taken("SUB", other)

    def __mul__(self, other: Value | float) -> Value:
        return self.taken("MUL", other)

    def __truediv__(self, other: Value | float) -> Value:
        return self.taken("DIV", other)


# The version of an operator that takes int8; of all others it is 1 (tensorflow/lite/tools/versioning/op_version.cc).
# FULLY_CONNECTED takes int8 from 4 on; but before 12 an interpreter might use the first row's scale for all rows without a
# word.  MUL is 3 where its scales multiply by 1 or more, and 2 otherwise; whoever knows 3 does both.
SINCE_INT8 = {"FULLY_CONNECTED": 12, "MUL": 3, "CAST": 3} | dict.fromkeys(
    ("DEQUANTIZE", "RELU", "RELU6", "LOGISTIC", "TANH", "SOFTMAX", "LOG_SOFTMAX", "GELU", "SPLIT", "GATHER"), 2
)


def arena(graph: Graph) -> int:
    """Bytes of the tensors that must be there at the same time, at most, while one image is answered.

    There at a time are what the operator reads, what it makes, and what a later one will read.
    """
    last = {number: step for step, operator in enumerate(graph.operators) for number in operator.inputs}
    last[graph.output] = len(graph.operators)
    alive, most = {0}, graph.tensors[0].bytes
    for step, operator in enumerate(graph.operators):
        alive |= set(operator.outputs)
        most = max(most, sum(graph.tensors[number].bytes for number in alive))
        alive = {number for number in alive if last.get(number, 0) > step}
    return most
