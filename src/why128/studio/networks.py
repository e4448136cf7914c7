"""One network for the page: the ledger of its neurons, what it does without some of them, and a smaller one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from why128.arrays import as_learned
from why128.atlas import words
from why128.atlas.sheet import COLUMNS, sheet, small
from why128.data.images import Dataset, Images, as_bytes
from why128.errors import InputRefused, UsageError, shown
from why128.exporting import own_data
from why128.formats import keras_file
from why128.judging import assessed
from why128.network import Network
from why128.neurons.ledger import Ledger, Neuron, ledger
from why128.neurons.parts import kept
from why128.report import words as told
from why128.resizing import own_study, shrink
from why128.studio.source import Source, stamp

MOST, LEAST = 8, 4  # images shown of those that excite a neuron most, and least
MOST_JUDGED = 2_000  # images that a network without some neurons is judged by: as many as answer while one looks
SIDE = 40  # pixels of a small picture

Off = tuple[tuple[int, int], ...]  # neurons that are switched off: hidden layer, from 1, and number


def off(given: object) -> Off:
    """Neurons from what the page sends, [[layer, number], …].  Raises UsageError."""
    if not isinstance(given, list) or not all(
        isinstance(one, list) and len(one) == 2 and all(type(part) is int and part >= 0 for part in one)
        for one in given
    ):
        raise UsageError("off: expected a list of neurons, each its layer and its number")
    return tuple(sorted({(one[0], one[1]) for one in given}))


def opened(path: str) -> Network:
    """A network's file, kept open as long as it stays what it is.  Raises InputRefused."""
    return _opened(path, stamp(path))


@lru_cache(maxsize=8)
def _opened(path: str, as_of: int) -> Network:
    return keras_file.load(path)


@lru_cache(maxsize=16)
def without(network: Network, gone: Off) -> Network:
    """The network without these neurons.  Raises UsageError where a layer would keep none, or has no such neuron."""
    for layer, width in enumerate(network.width, 1):
        out = {number for one, number in gone if one == layer}
        if not out <= set(range(width)):
            raise UsageError(f"off: layer {layer} has no neuron {max(out)}")
        if out:
            network = kept(network, layer - 1, [number for number in range(width) if number not in out])
    return network


def described(path: str, source: Source | None) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A network's neurons for the page, and its sheets of pictures.  Raises InputRefused or UsageError."""
    network = opened(path)
    if not network.width:
        raise InputRefused(
            f"{shown(Path(path).name)}: this network has no hidden neurons: it is softmax regression",
            hint="choose another one of the study's networks",
        )
    data = images_of(path, source)
    part, images = as_learned(network, data)
    found = ledger(network, images, data.name, part)
    sheets, blobs = _Sheets(), {}
    layers = []
    for number, looks in enumerate(found.looks, 1):
        pictures = [small(looks.picture(neuron)) for neuron in range(len(looks.weights))]
        layers.append({"layer": number, "composed": looks.composed, **sheets.add(pictures)})
    used = sorted({place for one in found.neurons for place in (*one.most[:MOST], *one.least[:LEAST])})
    seen = sheets.add([small(as_bytes(found.images.pixels[image]), SIDE) for image in used])
    places = {image: place for place, image in enumerate(used)}
    blobs = sheets.blobs
    document = {
        "headline": words.headline(found), "judged": words.judged(found), "summary": words.summary(found), "costs": words.costs(found),
        "classes": list(found.classes), "columns": words.COLUMNS, "flags": list(words.FLAGS), "layers": layers, "seen": seen,
        "neurons": [_neuron(found, one, places) for one in found.neurons],
    }  # fmt: skip
    return document, blobs


class _Sheets:
    """Sheets of small pictures, and where each is fetched."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def add(self, pictures: Sequence[np.ndarray]) -> dict[str, Any]:
        png = sheet(pictures)
        key = sha256(png).hexdigest()[:24]
        self.blobs[key] = png
        height, width, _ = pictures[0].shape
        across = min(COLUMNS, len(pictures))
        return {"key": key, "across": across, "width": width, "height": height, "count": len(pictures)}


def _neuron(found: Ledger, one: Neuron, places: Mapping[int, int]) -> dict[str, Any]:
    def shown_images(images: Sequence[int]) -> list[dict[str, Any]]:
        return [{"at": places[image], "class": found.classes[int(found.images.labels[image])]} for image in images]

    return {
        "layer": one.layer, "number": one.number, "name": words.name(found, one), "cells": words.cells(found, one),
        "flags": list(one.flags.words()), "fires": one.fires, "lost": one.lost.mean,
        "prefers": None if one.prefers is None else found.classes[one.prefers], "selectivity": one.selectivity or 0.0,
        "most": shown_images(one.most[:MOST]), "least": shown_images(one.least[:LEAST]), "by_class": words.by_class(one),
    }  # fmt: skip


def judged(path: str, source: Source | None, gone: Off) -> dict[str, Any]:
    """What a network does without these neurons, class by class, beside what it does with them."""
    network = opened(path)
    images = _judging(path, source)
    before = assessed(network, images)[1]
    after = assessed(without(network, gone), images)[1] if gone else before
    classes = network.classes or tuple(map(str, range(max(2, network.ladder.classes))))
    rows = []
    for label, name in enumerate(classes):
        own = images.labels == label
        if own.any():
            shares = (float(before[own].mean()), float(after[own].mean()))
            rows.append({"name": name, "images": int(own.sum()), "before": shares[0], "after": shares[1]})
    return {
        "images": len(images), "before": float(before.mean()), "after": float(after.mean()), "classes": rows,
        "said": words.switched_off(len(gone), len(images), float(before.mean()), float(after.mean())),
    }  # fmt: skip


def smaller(path: str, source: Source | None, to: int | None, tolerance: float | None) -> dict[str, Any]:
    """Write a smaller network beside a network's file; gives where it is, and what it lost.  Raises what shrinking refuses."""
    network = opened(path)
    wanted = None if to is None else (to,) * len(network.width)
    made = shrink(network, images_of(path, source), wanted, tolerance, study=own_study(path))
    neurons = "x".join(map(str, made.chosen.widths))
    file = Path(path).with_name(f"{Path(path).stem}-{neurons}.keras")
    keras_file.save(made.network, file)
    return {"path": str(file), "name": file.stem, "lines": list(told.shrunk(made))}


def images_of(path: str, source: Source | None) -> Dataset:
    """The images that a network learned from, where they are found again; else those that the page has open."""
    found = _own(path, stamp(path))
    if found is not None:
        return found
    if source is None:
        raise UsageError(
            f"{shown(Path(path).name)}: the images that it learned from were not found",
            hint="open them under Pictures, and come back",
        )
    return source.open()


@lru_cache(maxsize=2)
def _own(path: str, as_of: int) -> Dataset | None:
    return own_data(opened(path), path)


def _judging(path: str, source: Source | None) -> Images:
    return _chosen(path, source, (stamp(path), source and stamp(source.data)))


@lru_cache(maxsize=4)
def _chosen(path: str, source: Source | None, as_of: tuple) -> Images:
    _, images = as_learned(opened(path), images_of(path, source))
    rows = np.unique(np.linspace(0, len(images) - 1, min(MOST_JUDGED, len(images))).astype(int))
    return images.take(rows)
