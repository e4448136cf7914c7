"""The bytes of a TFLite file: FlatBuffers tables with the slots of TensorFlow's schema.fbs, version 3.

The same graph gives the same bytes.  Numbers of types, operators and options are the schema's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from why128.errors import SurroundingsError, UsageError
from why128.formats.tflite_graph import Graph, Operator, Quantized, Tensor

VERSION, IDENTIFIER = 3, b"TFL3"
ALIGNED = 16  # bytes: where constants begin, so that an interpreter can use them where they lie
MOST_BYTES = (1 << 31) - (1 << 20)  # FlatBuffers ends at 2 GiB; what is not weights is less than a megabyte
TYPES = {"float32": 0, "int32": 2, "bool": 6, "int8": 9}
OLD_CODES = 127  # operators above it are only in the newer of two fields

# Each operator's number, and that of its table of options (0: it has none).
CODES = {
    "ADD": (0, 11), "DEQUANTIZE": (6, 38), "FULLY_CONNECTED": (9, 8), "LOGISTIC": (14, 0), "MUL": (18, 21), "RELU": (19, 0), "RELU_N1_TO_1": (20, 0),
    "RELU6": (21, 0), "RESHAPE": (22, 17), "SOFTMAX": (25, 9), "TANH": (28, 0), "GATHER": (36, 23), "MEAN": (40, 27), "SUB": (41, 28),
    "DIV": (42, 29), "EXP": (47, 33), "TOPK_V2": (48, 34), "SPLIT": (49, 35), "LOG_SOFTMAX": (50, 36), "CAST": (53, 37), "PRELU": (54, 0),
    "MAXIMUM": (55, 39), "MINIMUM": (57, 39), "GREATER": (61, 44), "LOG": (73, 0), "SUM": (74, 27), "SQRT": (75, 0), "RSQRT": (76, 0),
    "LEAKY_RELU": (98, 75), "ABS": (101, 78), "ELU": (111, 0), "QUANTIZE": (114, 89), "HARD_SWISH": (117, 91), "SELECT_V2": (123, 98),
    "CUMSUM": (128, 102), "GELU": (150, 116),
}  # fmt: skip


class Offset(NamedTuple):
    """Where in the file something lies that was written already."""

    place: int


Slots = Mapping[int, Offset | np.generic | None]


def written(graph: Graph, about: Mapping[str, bytes]) -> bytes:
    """The file of a graph, with what it says of itself under names of its own.

    Raises UsageError where it would be too large, SurroundingsError where FlatBuffers is missing.
    """
    size = sum(tensor.data.nbytes for tensor in graph.tensors if tensor.data is not None)
    if size > MOST_BYTES:
        raise UsageError(
            f"TFLite: weights of {size:,} bytes, a file holds at most {MOST_BYTES:,}; nothing was written",
            hint="write int8, which takes a quarter, or a smaller network",
        )
    return _File(size).written(graph, about)


def _builder(size: int) -> Any:
    try:
        from flatbuffers import Builder  # optional: only who writes TFLite needs it
    except ImportError:
        raise SurroundingsError(
            "TFLite: a file takes FlatBuffers, expected its package flatbuffers, found none here; nothing was written",
            hint="pip install 'why128[export]'   (or: pip install flatbuffers)",
        ) from None
    return Builder(size + (1 << 16))


class _File:
    """A file under way; FlatBuffers are written from their end, what is referred to before what refers to it."""

    def __init__(self, size: int):
        self.builder = _builder(size)

    def written(self, graph: Graph, about: Mapping[str, bytes]) -> bytes:
        codes = list(dict.fromkeys((operator.code, operator.version) for operator in graph.operators))
        stored = [tensor.data for tensor in graph.tensors if tensor.data is not None]
        buffers = [None, *stored, *(np.frombuffer(data, np.uint8) for data in about.values())]  # the first is empty
        all_buffers = self.tables([{0: self.data(each)} for each in buffers])
        metadata = self.tables(
            [{0: self.text(name), 1: np.uint32(1 + len(stored) + n)} for n, name in enumerate(about)]
        )
        model: Slots = {
            0: np.uint32(VERSION),
            1: self.tables([_code(*each) for each in codes]),
            2: self.tables([self.subgraph(graph, codes)]),
            3: self.text("why128"),
            4: all_buffers,
            6: metadata,
            7: self.tables([self.signature(graph)]),
        }
        self.builder.Finish(self.table(model).place, file_identifier=IDENTIFIER)
        return bytes(self.builder.Output())

    def subgraph(self, graph: Graph, codes: list[tuple[str, int]]) -> Slots:
        filled = 0
        tensors = []
        for tensor in graph.tensors:
            filled += tensor.data is not None
            tensors.append(self.tensor(tensor, filled if tensor.data is not None else 0))
        return {
            0: self.tables(tensors),
            1: self.numbers([0]),
            2: self.numbers([graph.output]),
            3: self.tables([self.operator(each, codes.index((each.code, each.version))) for each in graph.operators]),
            4: self.text("main"),
        }

    def tensor(self, tensor: Tensor, buffer: int) -> Slots:
        free = None if tensor.data is not None else self.numbers([-1, *tensor.shape[1:]])  # any number of images
        return {
            0: self.numbers(tensor.shape),
            1: np.int8(TYPES[tensor.dtype.name]),
            2: np.uint32(buffer),
            3: self.text(tensor.name),
            4: self.quantized(tensor.quantized),
            7: free,
        }

    def quantized(self, quantized: Quantized | None) -> Offset | None:
        if quantized is None:
            return None
        zeros = np.full(quantized.scale.size, quantized.zero, np.int64)
        return self.table({2: self.array(quantized.scale), 3: self.array(zeros)})

    def operator(self, operator: Operator, code: int) -> Slots:
        kind = CODES[operator.code][1]
        return {
            0: np.uint32(code),
            1: self.numbers(operator.inputs),
            2: self.numbers(operator.outputs),
            3: np.uint8(kind),
            4: self.table(operator.options) if kind else None,
        }

    def signature(self, graph: Graph) -> Slots:
        """How the whole is called by name."""
        ends: list[Slots] = [
            {0: self.text(graph.tensors[number].name), 1: np.uint32(number)} for number in (0, graph.output)
        ]
        return {0: self.tables(ends[:1]), 1: self.tables(ends[1:]), 2: self.text("serving_default")}

    # ---------------------------------------------------------------- what FlatBuffers knows

    def table(self, slots: Slots) -> Offset:
        self.builder.StartObject(max(slots, default=-1) + 1)
        for slot, value in slots.items():
            if isinstance(value, Offset):
                self.builder.PrependUOffsetTRelativeSlot(slot, value.place, 0)
            elif value is not None:
                put = getattr(self.builder, f"Prepend{value.dtype.name.capitalize()}Slot")
                put(slot, value.item(), 0)
        return Offset(self.builder.EndObject())

    def tables(self, each: Iterable[Slots]) -> Offset:
        places = [self.table(slots).place for slots in each]
        self.builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            self.builder.PrependUOffsetTRelative(place)
        return Offset(self.builder.EndVector())

    def text(self, text: str) -> Offset:
        return Offset(self.builder.CreateString(text))

    def numbers(self, numbers: Iterable[int]) -> Offset:
        return self.array(np.array(list(numbers), np.int32))

    def array(self, array: np.ndarray) -> Offset:
        return Offset(self.builder.CreateNumpyVector(array))

    def data(self, array: np.ndarray | None) -> Offset | None:
        """A constant's bytes."""
        if array is None:
            return None
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        self.builder.Prep(ALIGNED, len(raw))
        return Offset(self.builder.CreateByteVector(raw))


def _code(code: str, version: int) -> Slots:
    number = CODES[code][0]
    return {0: np.int8(min(number, OLD_CODES)), 2: np.int32(version), 3: np.int32(number)}
