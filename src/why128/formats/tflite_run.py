"""A TFLite file as `why128 export` writes it: what it needs, and what LiteRT's own interpreter answers by it."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from why128.errors import SurroundingsError
from why128.formats import tflite
from why128.formats.exported import Exported, floats
from why128.network import Network


def exported(network: Network) -> Exported:
    """In float32.  Raises UsageError for what TFLite cannot say, SurroundingsError where a package is missing."""
    data = tflite.written(network)
    memory = tflite.arena(network) - floats(network)
    return Exported(data, tflite.constants(network), memory, floats(network), _answers(data, network), _by())


def exported_int8(network: Network, images: np.ndarray) -> Exported:
    """Wholly in int8, calibrated on `images` (N, D) on the network's own scale; raises as `exported`, and InputRefused."""
    data, pixels = tflite.written_int8(network, images), math.prod(network.input_shape)
    memory = tflite.arena(network, True) - pixels
    return Exported(data, tflite.constants(network, True), memory, pixels, _answers(data, network), _by())


def _by() -> str:
    return f"LiteRT {version('ai-edge-litert')}"


def _answers(data: bytes, network: Network) -> Callable[[np.ndarray], np.ndarray]:
    """Images (N, D) on the network's own scale to (N, C), real numbers in and out."""
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise SurroundingsError(
            "TFLite: the package 'ai-edge-litert', which answers by what is written, is not installed; nothing was written",
            hint="pip install 'why128[export]'",
        )
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    def answers(images: np.ndarray) -> np.ndarray:
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # which would tell that they are there
        running = Interpreter(model_content=data, experimental_op_resolver_type=plain)
        entering, leaving = running.get_input_details()[0], running.get_output_details()[0]
        running.resize_tensor_input(entering["index"], (len(images), *network.input_shape))
        running.allocate_tensors()
        running.set_tensor(entering["index"], _stored(images.reshape(-1, *network.input_shape), entering))
        running.invoke()
        found = running.get_tensor(leaving["index"])
        if found.dtype != np.int8:
            return found
        scale, zero = leaving["quantization"]
        return (found.astype(np.float32) - zero) * np.float32(scale)

    return answers


def _stored(images: np.ndarray, entering: dict) -> np.ndarray:
    if entering["dtype"] != np.int8:
        return images.astype(np.float32)
    scale, zero = entering["quantization"]
    return np.clip(np.rint(images / scale) + zero, -128, 127).astype(np.int8)
