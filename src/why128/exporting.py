"""A network written in another format, with what it needs and how far its answers are from the original's on real images."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128 import activations
from why128.arrays import as_learned
from why128.data.catalogue import known
from why128.data.found import Reading
from why128.data.images import Dataset, Images
from why128.data.source import open_data
from why128.errors import InputRefused, UsageError, Why128Error, shown
from why128.formats import aside
from why128.formats.exported import Exported
from why128.formats.exports import format_of
from why128.forward import NUMPY
from why128.network import Network, flat_images
from why128.studies import resuming
from why128.studies.store import holding

CALIBRATED_BY = 1000  # images: beyond some hundreds the ends of a range hardly move


@dataclass(frozen=True)
class Comparison:
    """How far a written network's answers are from the original's."""

    data: str
    part: str  # "test" or "all": which images of the data these were
    images: int
    by: str  # who computed the written network's answers
    difference: float  # the largest one of any probability
    alike: float  # the share of images for which both name the same class
    accuracy: float  # of the written network
    original_accuracy: float


@dataclass(frozen=True)
class Written:
    """A file that was written."""

    file: str
    format: str
    int8: bool
    bytes: int
    constants: int  # bytes of weights
    memory: int  # bytes of RAM that answering one image takes, without the image and the answer
    pixels: int  # bytes of one image
    comparison: Comparison | None  # None where there were no images


def export(network: Network, out: str | os.PathLike, int8: bool = False, data: Dataset | None = None) -> Written:
    """Write a network as the format that the ending of `out` names; compare it on `data`, and calibrate `int8` by it.

    An older file is replaced.  Raises UsageError for another ending, for an activation that the format has no form of, and for
    int8 without data; InputRefused where data and network do not fit; SurroundingsError where a package is missing, or the disk
    refuses.  Then nothing was written.
    """
    form = format_of(out, int8)
    aside.check(out)
    if not network.finite:
        raise InputRefused(
            f"{shown(out)}: the network has weights that are not finite numbers: its training diverged",
            hint="train it again, with a lower learning rate",
        )
    judged = None if data is None else as_learned(network, data)
    if not int8 or form.int8 is None:
        made = form.floats(network)
    elif data is None:
        raise UsageError(
            "int8: expected images to calibrate it by; those that it learned from were not found",
            hint="give some with --data",
        )
    else:
        made = form.int8(network, _calibrating(network, data.train))
    comparison = None if judged is None or data is None else _compared(network, made, data.name, *judged)
    aside.write(out, made.data)
    needs = (len(made.data), made.constants, made.memory, made.pixels)
    return Written(os.fspath(out), form.name, int8, *needs, comparison)


def _calibrating(network: Network, images: Images) -> np.ndarray:
    """Some images, evenly from all, as rows on the network's own scale (N, D)."""
    rows = np.unique(np.linspace(0, len(images) - 1, CALIBRATED_BY).astype(int))
    pixels = network.preparation.to_input(images.pixels[rows])
    return flat_images(pixels, network.input_shape)


def _compared(network: Network, made: Exported, data: str, part: str, images: Images) -> Comparison:
    largest, found = 0.0, []
    for some in network.inputs(images.pixels):
        rows = flat_images(some, network.input_shape).astype(np.float32, copy=False)  # (B, D)
        ours, theirs = (_probabilities(network, answers) for answers in (network.outputs(rows), made.answers(rows)))
        largest = max(largest, float(np.abs(ours - theirs).max()))
        found.append((ours.argmax(axis=1), theirs.argmax(axis=1)))
    ours, theirs = (np.concatenate(one) for one in zip(*found, strict=True))  # (N,)
    shares = ((ours == theirs).mean(), (theirs == images.labels).mean(), (ours == images.labels).mean())
    return Comparison(data, part, len(images), made.by, largest, *map(float, shares))


def _probabilities(network: Network, answers: np.ndarray) -> np.ndarray:
    return activations.apply(NUMPY, "softmax", answers) if network.ladder.answer == "linear" else answers


def own_data(network: Network, path: str | os.PathLike | None = None) -> Dataset | None:
    """The images that a network learned from, where they are found again: as its study opened them, if the network's file lies
    in that study's folder, or by their name; None where they are not, or are others by now."""
    for source, reading in _places(network, path):
        try:
            data = open_data(source, reading)
        except Why128Error:
            continue
        if data.fingerprint == network.about.get("fingerprint"):
            return data
    return None


def _places(network: Network, path: str | os.PathLike | None) -> list[tuple[Any, Reading]]:
    found = []
    source = None if path is None else _of_study(path)
    if source:
        size = network.image_shape[:2] if source["size"] else None
        found.append((source["data"], Reading(size, source["skip_bad"], tuple(source.get("drop", ())))))
    there = [one.name for one in known() if one.name == network.about.get("data") and one.find() is not None]
    return found + [(name, Reading()) for name in there]


def _of_study(path: str | os.PathLike) -> Any:
    folder = holding(path)
    try:
        return None if folder is None else resuming.again(folder).source
    except Why128Error:  # damaged, or of own activations: then its data is not found, which is no fault
        return None
