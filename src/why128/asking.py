"""The library's door: ask how many neurons are enough, and open data and networks."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from why128 import exporting, resizing
from why128.activations import Activation
from why128.data.download import by_name
from why128.data.found import Reading
from why128.data.images import Dataset
from why128.data.source import open_data
from why128.errors import DataWarning, UsageError
from why128.exporting import Written
from why128.formats import keras_file, live_keras
from why128.network import Network
from why128.report.answer import Answer
from why128.resizing import Resized
from why128.sequential import Sequential
from why128.studies.candidate import Candidate
from why128.studies.plan import Plan
from why128.studies.resuming import own_folder
from why128.studies.study import read
from why128.studies.until import Until

if TYPE_CHECKING:
    from why128.studies.progress import Heard


def study(
    data: Any = "sample",
    plan: Plan | None = None,
    *,
    out: str | os.PathLike | None = None,
    tell: Callable[[Heard], None] = lambda heard: None,
    workers: int | None = None,
    until: Until | None = None,
    on: str | None = None,
) -> Answer:
    """How many neurons are enough for this data?  Trains the plan's ladder and answers.

    `data` is whatever `load_data` opens, or a Dataset.  Results are kept in `out`, by default a new folder in
    why128-studies/; where the same study was stopped before, it is gone on with.  With `until` it stops when it knows, or
    when that much is spent.  `on` is the address of a Dask scheduler whose workers train (docs/cluster.md), such as
    "tcp://10.0.0.1:8786", or "dask": workers of its own on this machine.  `print(answer)` shows the table and the verdict; `answer.network` is the network.

    Raises InputRefused for data that cannot be studied, UsageError for a plan that cannot mean anything.
    """
    from why128.studies import hiring

    with hiring.getting_ready(on):
        from why128.studies.conduct import study as run

        images, asked = data if isinstance(data, Dataset) else load_data(data), plan or Plan()
        folder = out or own_folder(asked, images, until)
        return Answer(run(asked, images, folder, tell, workers, until, _source(data), on))


def _source(data: Any) -> dict[str, Any] | None:
    """How the data can be opened again; None where only the caller has it."""
    if not isinstance(data, (str, os.PathLike)):
        return None
    named = isinstance(data, str) and by_name(data) is not None
    return {"data": data if named else os.path.abspath(data), "size": None, "skip_bad": False, "drop": []}


def load_data(
    source: Any, *, size: tuple[int, int] | None = None, skip_bad: bool = False, drop: Sequence[str] = ()
) -> Dataset:
    """Open labelled images: a known name, a path, arrays (x, y) or ((x, y), (x_test, y_test)) of any library, or a data set of
    Hugging Face's datasets, pandas, PyTorch or torchvision (docs/input.md).

    What a person should know about how they were read is said as DataWarning.  Raises InputRefused.
    """
    data = open_data(source, Reading(size, skip_bad, tuple(drop)))
    for text in data.warnings:
        warnings.warn(text, DataWarning, stacklevel=2)
    return data


def load_study(folder: str | os.PathLike, own: Sequence[Activation] = ()) -> Answer:
    """The answer of a study that was run before, from its folder; raises InputRefused for what is none.

    `own` are the activations that are functions of one's own, where its plan had any.
    """
    return Answer(read(folder, own))


def load_model(path: str | os.PathLike) -> Sequential:
    """Open a network's file (`.keras`, ours or Keras's own); raises InputRefused."""
    return Sequential.of(keras_file.load(path))


def from_keras(model: Any) -> Sequential:
    """A live model of Keras 3 as one of ours, with its weights as they are; its inverse is `model.to_keras()`.

    Raises UsageError for what is no model of Keras, InputRefused for layers that are not here.
    """
    return Sequential.of(live_keras.from_keras(model))


def export(
    model: Sequential | Network | str | os.PathLike, out: str | os.PathLike, *, int8: bool = False, data: Any = None
) -> Written:
    """Write a model, or a network's file, as the format that the ending of `out` names: .onnx, .tflite, .h (C), .npz, .json or .keras.

    `data`, whatever `load_data` opens, or a Dataset, is what it is compared on, and what `int8` is calibrated by; by default the
    images that it learned from, where they are found.  What was written is said in numbers: bytes, memory, comparison.

    Raises UsageError for another ending, for what the format has no form of, and for int8 without data; SurroundingsError where a
    package is missing or the disk refuses.
    """
    network, images = _opened(model, data)
    return exporting.export(network, out, int8, images)


def shrink(
    model: Sequential | Network | str | os.PathLike,
    data: Any = None,
    *,
    to: Sequence[int] | int | None = None,
    tolerance: float | None = None,
    max_bytes: int | None = None,
    epochs: int = 0,
    seed: int = 0,
) -> Resized:
    """A smaller network with nearly the same answers (docs/neurons.md); its `model` goes on from it.

    `to` so many neurons a hidden layer, or to `max_bytes` of weights, or as small as loses no more than `tolerance` points (0.5). `data` is
    whatever `load_data` opens, or a Dataset; by default the images that it learned from, where they are found.
    Raises UsageError without images or for what cannot be asked together, InputRefused where data and network do not fit.
    """
    network, images = _opened(model, data)
    if images is None:
        raise UsageError(
            "shrink: expected images; those that it learned from were not found", hint="give some: shrink(model, data)"
        )
    beside = resizing.own_study(model) if isinstance(model, (str, os.PathLike)) else None
    sizes = [to] if isinstance(to, int) else to
    return resizing.shrink(network, images, sizes, tolerance, max_bytes, epochs, seed, beside)


def grow(
    model: Sequential | Network | str | os.PathLike,
    to: int,
    *,
    layer: int = 1,
    data: Any = None,
    epochs: int = 0,
    seed: int = 0,
) -> Sequential:
    """A model with `to` neurons in its hidden layer `layer` (from 1) that answers as before; with `epochs` it learns from the data on.

    Raises UsageError where it has that many already, or for `epochs` without images.
    """
    network, images = _opened(model, data)
    if epochs and images is None:
        raise UsageError(
            "grow: expected images; those that it learned from were not found",
            hint="give some: grow(model, to, data=...)",
        )
    return Sequential.of(resizing.grow(network, to, layer, images, epochs, seed))


def _opened(model: Sequential | Network | str | os.PathLike, data: Any) -> tuple[Network, Dataset | None]:
    """A network, and the images that are named, or that it learned from, where they are found."""
    path = model if isinstance(model, (str, os.PathLike)) else None
    if isinstance(model, (str, os.PathLike)):
        model = keras_file.load(model)
    network = model.network if isinstance(model, Sequential) else model
    if data is None:
        return network, exporting.own_data(network, path)
    return network, data if isinstance(data, Dataset) else load_data(data)


def load(source: Any) -> Dataset | Sequential:
    """Open whatever it is: a network's file as a model, anything else as data."""
    if isinstance(source, (str, os.PathLike)) and keras_file.is_network_file(source):
        return load_model(source)
    return load_data(source)


__all__ = [
    "Candidate", "Plan", "export", "from_keras", "grow", "load", "load_data", "load_model", "load_study", "shrink", "study",
]  # fmt: skip
