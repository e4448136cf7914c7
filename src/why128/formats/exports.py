"""The formats into which a network can be written, by the file's ending: the one table that everything else asks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from why128.errors import UsageError, shown
from why128.formats import c_header, json_file, keras_file, npz_file, onnx_file, tflite_run
from why128.formats.exported import Exported, floats, loaded
from why128.formats.steps import constants, steps
from why128.network import Network


@dataclass(frozen=True)
class Format:
    """A format: what it is called, and what writes it."""

    name: str
    floats: Callable[[Network], Exported]  # in float32
    int8: Callable[[Network, np.ndarray], Exported] | None = (
        None  # by images (N, D) on the network's own scale, if it can
    )


def _keras(network: Network) -> Exported:
    data, own = keras_file.written(network), steps(network)
    again = keras_file.read(data)
    return Exported(data, constants(own), loaded(network, own), floats(network), again.outputs, "NumPy, from the file")


FORMATS: dict[str, Format] = {
    ".onnx": Format("ONNX", onnx_file.exported),
    ".tflite": Format("TFLite", tflite_run.exported, tflite_run.exported_int8),
    ".h": Format("C", c_header.exported, c_header.exported_int8),
    ".npz": Format("NPZ", npz_file.exported),
    ".json": Format("JSON", json_file.exported),
    ".keras": Format("Keras", _keras),
}


def format_of(path: str | os.PathLike, int8: bool = False) -> Format:
    """The format that a path's ending names; raises UsageError for another ending, and for `int8` where it has none."""
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending not in FORMATS:
        raise UsageError(
            f"{shown(path)}: expected a path that ends in {_listed(list(FORMATS))}, got "
            + (f"'{shown(ending)}'" if ending else "no ending"),
            hint=f"for example {shown(os.path.splitext(os.fspath(path))[0])}.onnx",
        )
    if int8 and FORMATS[ending].int8 is None:
        able = [known for known, one in FORMATS.items() if one.int8 is not None]
        raise UsageError(
            f"{shown(path)}: {FORMATS[ending].name} is written in float32 only, and int8 was asked for",
            hint=f"int8 can be written as {_listed(able)}; or leave out --int8",
        )
    return FORMATS[ending]


def _listed(endings: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(endings[:-1]), endings[-1])))
