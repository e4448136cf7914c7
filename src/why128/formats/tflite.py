"""A network as a TFLite file, for phones and microcontrollers: in float32, or wholly in int8.

Images enter as the network takes them: of its shape, pixels on its own scale, any number at a time.  What leaves is what the
network's last layer gives; where that is softmax, the probabilities.  The names of the classes, and how a picture is prepared,
are in the file as metadata ("why128.classes" and "why128.preparation", JSON).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from why128.activations import ELEMENTWISE
from why128.formats import int8, tflite_file, tflite_graph
from why128.formats.int8 import Quantized
from why128.formats.steps import Applied, Bent, Product, Scaling, Sloped, Standardised, Step, folded, rule, steps
from why128.formats.tflite_activations import ACTIVATIONS, FUSED, OPTIONS, PARAMETRIC, halves, sloped, standardised
from why128.formats.tflite_graph import Graph, Tensor, Value
from why128.network import Network, flat_images

Fused = str | None  # the activation that a product has taken in
Writers = dict[type, Callable[..., Value]]  # by the kind of step

# Activations with an operator of its own for int8, and the scale on which that answers, where it is a fixed one.
OWN_INT8: dict[str, tuple[str, Quantized | None]] = {
    "sigmoid": ("LOGISTIC", Quantized(np.array([1 / 256], np.float32), -128)),
    "tanh": ("TANH", Quantized(np.array([1 / 128], np.float32))),
    "softmax": ("SOFTMAX", Quantized(np.array([1 / 256], np.float32), -128)),
    "log_softmax": ("LOG_SOFTMAX", Quantized(np.array([16 / 256], np.float32), 127)),
    "leaky_relu": ("LEAKY_RELU", None),
    "hard_silu": ("HARD_SWISH", None),
    "elu": ("ELU", None),
    "celu": ("ELU", None),
    "gelu": ("GELU", None),
}


def written(network: Network) -> bytes:
    """The file in float32; its answers are the network's to about six digits.

    Raises UsageError for what TFLite cannot say, SurroundingsError where the package flatbuffers is missing.
    """
    return tflite_file.written(_float32(network), _about(network))


def written_int8(network: Network, images: np.ndarray) -> bytes:
    """The file in int8: images, weights, activity and answers; a quarter of the bytes.

    What has no operator of int8 (sparsemax, LayerNormalization, slopes of their own) is computed in float32 in between.

    `images` (N, ...), on the network's own scale, show which numbers activity takes; a few hundred that are like those to
    come will do.  Raises UsageError where that shows nothing or no numbers, InputRefused for another shape, else as `written`.
    """
    return tflite_file.written(_int8(network, images), _about(network))


def arena(network: Network, in_int8: bool = False) -> int:
    """Bytes of memory that answering one image takes beside the file: images, activity and answers.

    Exactly those of the tensors that must be there at the same time, where that is most: what an operator reads, what it makes,
    and what a later one will read.  No interpreter can do with less; each adds what it keeps of every tensor and operator,
    and rounds up.  TensorFlow Lite for Microcontrollers calls this memory its tensor arena.
    """
    if not in_int8:
        return tflite_graph.arena(_float32(network))
    black = np.full((1, *network.input_shape), network.preparation.scale[0], np.float32)
    return tflite_graph.arena(_int8(network, black))  # how much it takes depends on no image


def constants(network: Network, in_int8: bool = False) -> int:
    """Bytes of the numbers that the file holds: weights, biases, and what its operators are given."""
    black = np.full((1, *network.input_shape), network.preparation.scale[0], np.float32)
    graph = _int8(network, black) if in_int8 else _float32(network)
    return sum(tensor.data.nbytes for tensor in graph.tensors if tensor.data is not None)


def _about(network: Network) -> dict[str, bytes]:
    found: dict[str, Any] = {"why128.preparation": asdict(network.preparation)}
    if network.classes:
        found["why128.classes"] = list(network.classes)
    return {name: json.dumps(value, ensure_ascii=False).encode() for name, value in found.items()}


def _fused(found: tuple[Step, ...]) -> Iterator[tuple[int, Step, Fused]]:
    """Each step with the number of the one whose answers it gives, and the activation after it that it takes in."""
    number = 0
    while number < len(found):
        step, after = found[number], found[number + 1] if number + 1 < len(found) else None
        taken = isinstance(step, Product) and isinstance(after, Applied) and after.activation in FUSED
        number += 1 + taken
        yield number - 1, step, after.activation if taken and isinstance(after, Applied) else None


def _made(found: tuple[Step, ...], entering: Tensor, writers: Writers, *more: Any) -> Graph:
    graph = Graph(entering)
    value = graph.images
    for number, step, fused in _fused(found):
        value = rule(writers, type(step), "TFLite")(value, step, fused, *(spans[number] for spans in more))
    graph.output = value.index
    graph.tensors[value.index] = replace(value.tensor, name="outputs")
    return graph


def _outputs(fused: Fused) -> dict[int, np.generic]:
    return {0: np.int8(FUSED[fused])} if fused else {}


# ---------------------------------------------------------------- float32


def _float32(network: Network) -> Graph:
    entering = Tensor("images", (1, *network.input_shape))
    return _made(folded(steps(network)), entering, FLOAT32)


def _product(value: Value, step: Product, fused: Fused) -> Value:
    graph = value.graph
    inputs = [value, graph.constant(np.ascontiguousarray(step.kernel.T)), graph.constant(step.bias)]
    return graph.apply("FULLY_CONNECTED", inputs, [graph.activity((1, len(step.bias)))], _outputs(fused))[0]


def _scaled(value: Value, step: Scaling, fused: Fused) -> Value:
    flat = _flat(value)
    return flat * value.graph.constant(step.factor) + value.graph.constant(step.offset)


def _flat(value: Value) -> Value:
    size = value.tensor.bytes // value.tensor.dtype.itemsize
    if len(value.tensor.shape) == 2:
        return value
    shape = value.graph.constant(np.array([-1, size], np.int32))
    reshaped = replace(value.graph.activity((1, size)), dtype=value.tensor.dtype, quantized=value.tensor.quantized)
    return value.graph.apply("RESHAPE", [value, shape], [reshaped])[0]


def _applied(value: Value, step: Applied, fused: Fused) -> Value:
    return rule(ACTIVATIONS, step.activation, "TFLite")(value)


def _bent(value: Value, step: Bent, fused: Fused) -> Value:
    return PARAMETRIC[step.activation](_flat(value), **dict(step.parameters))


def _sloped(value: Value, step: Sloped, fused: Fused) -> Value:
    return sloped(_flat(value), step.alpha)


def _standardised(value: Value, step: Standardised, fused: Fused) -> Value:
    return standardised(_flat(value), step.gamma, step.beta, step.epsilon)


FLOAT32: Writers = {
    Scaling: _scaled,
    Product: _product,
    Applied: _applied,
    Bent: _bent,
    Sloped: _sloped,
    Standardised: _standardised,
}

# ---------------------------------------------------------------- int8


def _int8(network: Network, images: np.ndarray) -> Graph:
    found = folded(steps(network))
    spans = int8.ranges(network, found, images)
    scale = int8.image_scale(network, flat_images(images, network.input_shape))
    entering = Tensor("images", (1, *network.input_shape), np.dtype(np.int8), None, scale)
    return _made(found, entering, INT8, tuple(int8.spread(span) for span in spans))


def _product_int8(value: Value, step: Product, fused: Fused, leaving: Quantized) -> Value:
    graph = value.graph
    kernel, scales, bias, products = int8.weights(step, _scale(value))
    inputs = [value, graph.constant(kernel, scales), graph.constant(bias, products)]
    made = graph.activity((1, len(bias)), np.int8, leaving)
    return graph.apply("FULLY_CONNECTED", inputs, [made], _outputs(fused))[0]


def _scaled_int8(value: Value, step: Scaling, fused: Fused, leaving: Quantized) -> Value:
    if max(step.factor.size, step.offset.size) > 1:
        return _in_float32(value, step, leaving)
    return _looked_up(_flat(value), step, leaving)


def _applied_int8(value: Value, step: Applied, fused: Fused, leaving: Quantized) -> Value:
    graph, name = value.graph, step.activation
    if name in OWN_INT8:
        code, fixed = OWN_INT8[name]
        made = graph.activity(value.tensor.shape, np.int8, fixed or leaving)
        return graph.apply(code, [value], [made], OPTIONS.get(name))[0]
    if name == "glu":
        first, second = halves(value)
        code, fixed = OWN_INT8["sigmoid"]
        gate = graph.apply(code, [second], [graph.activity(second.tensor.shape, np.int8, fixed)])[0]
        return graph.apply("MUL", [first, gate], [graph.activity(first.tensor.shape, np.int8, leaving)])[0]
    return _looked_up(_flat(value), step, leaving) if name in ELEMENTWISE else _in_float32(value, step, leaving)


def _bent_int8(value: Value, step: Bent, fused: Fused, leaving: Quantized) -> Value:
    return _looked_up(_flat(value), step, leaving)


def _in_float32(value: Value, step: Step, leaving: Quantized) -> Value:
    """What no operator of int8 does: the numbers are brought to float32, and what is made of them back."""
    flat = _flat(value)
    shape = flat.tensor.shape
    real = value.graph.apply("DEQUANTIZE", [flat], [value.graph.activity(shape)])[0]
    made = FLOAT32[type(step)](real, step, None)
    return value.graph.apply("QUANTIZE", [made], [value.graph.activity(made.tensor.shape, np.int8, leaving)])[0]


def _unlike_others_int8(value: Value, step: Sloped | Standardised, fused: Fused, leaving: Quantized) -> Value:
    return _in_float32(value, step, leaving)


INT8: Writers = {
    Scaling: _scaled_int8,
    Product: _product_int8,
    Applied: _applied_int8,
    Bent: _bent_int8,
    Sloped: _unlike_others_int8,
    Standardised: _unlike_others_int8,
}


def _looked_up(value: Value, step: Step, leaving: Quantized) -> Value:
    """What a step makes of each number, from a table of all 256: nearer than operators of int8 one after another."""
    graph, shape = value.graph, value.tensor.shape
    table = graph.constant(int8.table(step, _scale(value), leaving), leaving)
    wide = graph.apply("CAST", [value], [graph.activity(shape, np.int32)], {0: np.int8(9), 1: np.int8(2)})[0]
    shift = graph.constant(np.array([-int8.LOWEST], np.int32))
    place = graph.apply("ADD", [wide, shift], [graph.activity(shape, np.int32)])[0]
    return graph.apply("GATHER", [table, place], [graph.activity(shape, np.int8, leaving)])[0]


def _scale(value: Value) -> Quantized:
    assert value.tensor.quantized is not None
    return value.tensor.quantized
