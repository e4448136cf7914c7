"""`model.weights.h5`: the numbers, under the paths where Keras keeps them.

Keras numbers a path by the layer's class, not its name: `layers/dense/vars/0` is the first Dense's kernel.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from why128.errors import InputRefused, UsageError, shown
from why128.formats import hdf5
from why128.formats.keras_config import names_of, snake_case
from why128.layers import Input, Layer, Normalization, Shape, output_shape
from why128.network import layer_weights

NAME = "model.weights.h5"
MOST = 1 << 31  # bytes
# Beside the float32 weights: as many again for each of an optimiser's moments (Adam's amsgrad with averaging has four),
# all of it perhaps in float64; and HDF5's own structure.
COPIES, STRUCTURE = 10, 1 << 20
COUNTS = re.compile(r"layers/normalization(_\d+)?/vars/2")


@dataclass(frozen=True)
class Due:
    """One array that the layers ask for."""

    path: str
    whose: str
    shape: Shape
    variance: bool = False  # which is never below 0


def due(layers: Sequence[Layer]) -> tuple[Due, ...]:
    """Every array that the layers ask for, in Keras's order."""
    found = []
    entries = zip(places(layers), names_of(layers), layer_weights(tuple(layers)), strict=True)
    for place, name, (_, own) in entries:
        found += [
            Due(
                f"{place}/vars/{i}", f"{weight.name} of '{shown(name)}'", weight.shape, weight.name == "moving_variance"
            )
            for i, weight in enumerate(own)
        ]
    return tuple(found)


def adapted(layers: Sequence[Layer]) -> dict[int, tuple[Due, Due]]:
    """By its place, the mean and the variance of each Normalization that its config leaves to the weights, as Keras does."""
    shape: Shape = layers[0].shape if layers and isinstance(layers[0], Input) else ()
    found = {}
    for number, (layer, place, name) in enumerate(zip(layers, places(layers), names_of(layers), strict=True)):
        if isinstance(layer, Normalization) and not layer.adapted:
            own = () if layer.axis is None else shape[-1:]
            mean, variance = (f"{what} of '{shown(name)}'" for what in ("mean", "variance"))
            found[number] = Due(f"{place}/vars/0", mean, own), Due(f"{place}/vars/1", variance, own, True)
        shape = output_shape(layer, shape)
    return found


def places(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Each layer's group; the input has none and is ""."""
    seen, found = Counter[str](), []
    for layer in layers:
        kind = "" if isinstance(layer, Input) else snake_case(type(layer).__name__)
        found.append(f"layers/{kind}_{seen[kind]}" if seen[kind] else f"layers/{kind}" if kind else "")
        seen[kind] += 1
    return tuple(found)


def limit(layers: Sequence[Layer]) -> int:
    """How many bytes the file of weights may have; raises InputRefused where the layers ask for more than is taken at all."""
    need = 4 * sum(
        prod(one.shape) for one in (*due(layers), *(one for pair in adapted(layers).values() for one in pair))
    )
    if need > MOST:
        raise InputRefused(f"its layers ask for {need:,} bytes of weights: too large, the limit here is {MOST:,}")
    return min(MOST, COPIES * need) + STRUCTURE


# -------------------------------------------------------------------- reading


def read(data: bytes, layers: Sequence[Layer]) -> tuple[tuple[Layer, ...], tuple[np.ndarray, ...]]:
    """The layers, adapted, and their weights, float32; raises InputRefused, naming the array, where one is not as it is due.

    Every shape is compared before any number is read; what the file has beside (an optimiser's state) is not looked at.
    """
    file = hdf5.File(data)
    left, asked = adapted(layers), due(layers)
    known = [one for pair in left.values() for one in pair]
    found = _datasets(file)
    _check_names(found, [*asked, *known])
    stored = [_checked(one, file.dataset(found[one.path])) for one in (*asked, *known)]
    numbers = [_numbers(one, file.values(dataset)) for one, dataset in zip((*asked, *known), stored, strict=True)]
    means, variances = numbers[len(asked) :: 2], numbers[len(asked) + 1 :: 2]
    whole: list[Any] = list(layers)
    for number, mean, variance in zip(left, means, variances, strict=True):
        whole[number] = replace(whole[number], mean=mean, variance=variance)
    return tuple(whole), tuple(numbers[: len(asked)])


def _datasets(file: hdf5.File) -> dict[str, int]:
    """The addresses of all datasets of the model and its layers, by path."""
    found: dict[str, int] = {}
    links = file.links(file.root) or {}
    waiting: list[tuple[str, hdf5.Link]] = [(top, links[top]) for top in ("layers", "vars") if top in links]
    groups = {file.root}
    while waiting:
        path, link = waiting.pop()
        if link.address is None:
            raise InputRefused(f"{shown(path)} is a link ({link.kind}) to somewhere else; expected the array itself")
        below = file.links(link.address)
        if below is None:
            found[path] = link.address
            continue
        if link.address in groups:
            raise InputRefused(f"HDF5 is damaged: the group {shown(path)} is reached twice (a loop)")
        groups.add(link.address)
        waiting += [(f"{path}/{name}", one) for name, one in below.items()]
    return found


def _check_names(found: dict[str, int], asked: Sequence[Due]) -> None:
    for one in asked:
        if one.path not in found:
            raise InputRefused(f"{one.path}, the {one.whose}, is missing; expected an array of shape {one.shape}")
    paths = {one.path for one in asked}
    for path in sorted(found):
        # a Dropout's generator is only of use in training; a Normalization counts what it has seen
        if path not in paths and "/seed_generator/" not in path and not COUNTS.fullmatch(path):
            raise InputRefused(
                f"{shown(path)} is there, but no layer of config.json asks for it; expected only {len(paths)} arrays"
            )


def _checked(one: Due, dataset: hdf5.Dataset) -> hdf5.Dataset:
    where = f"{one.path}, the {one.whose},"
    if dataset.shape != one.shape:
        raise InputRefused(f"{where} has the shape {shown(dataset.shape)}; expected {one.shape}, as config.json says")
    if not dataset.dtype.startswith("<"):
        raise InputRefused(f"{where} has the dtype {dataset.dtype}; expected float16, float32 or float64")
    if dataset.layout != "contiguous":
        raise InputRefused(f"{where} is {dataset.layout}; expected its numbers in one piece, as Keras writes them")
    return dataset


def _numbers(one: Due, values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
        numbers = np.array(values, np.float32)
    odd = int(np.count_nonzero(~np.isfinite(numbers)))
    if odd:
        raise InputRefused(
            f"{one.path}, the {one.whose}, has numbers that are not finite in float32 (NaN or infinite): {odd:,} of {numbers.size:,}; expected none"
        )
    if one.variance and numbers.min(initial=0.0) < 0.0:
        raise InputRefused(f"{one.path}, the {one.whose}, has a number below 0: {numbers.min():g}; expected a variance")
    return numbers


# -------------------------------------------------------------------- writing


def written(layers: Sequence[Layer], weights: Sequence[np.ndarray]) -> bytes:
    """The file as Keras lays it out: the same weights give the same bytes.

    Raises UsageError for weights that could not be read again: not finite, or too large.
    """
    import h5py  # 0.4 s, and only writing needs it

    out, asked = io.BytesIO(), due(layers)
    with h5py.File(out, "w", libver="earliest") as file:
        file.create_group("vars").attrs["name"] = "sequential"
        for place, name in zip(places(layers), names_of(layers), strict=True):
            if place:
                file.create_group(f"{place}/vars").attrs["name"] = name
        for one, values in zip(asked, weights, strict=True):
            if not np.isfinite(values).all():
                raise UsageError(
                    f"the {one.whose} has numbers that are not finite; nothing was written",
                    hint="train again with a smaller learning rate",
                )
            file.create_dataset(one.path, data=np.asarray(values, np.float32), track_times=False)
    return out.getvalue()
