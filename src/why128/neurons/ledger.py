"""The ledger: what every hidden neuron sees, is worth and costs, on one set of labelled images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from why128 import forward
from why128.data.images import Images
from why128.errors import InputRefused
from why128.forward import NUMPY
from why128.network import Network
from why128.neurons.activity import Seen, enough, seen
from why128.neurons.flags import Flags, flags
from why128.neurons.parts import Parts
from why128.neurons.pictures import Looks, looks
from why128.neurons.worth import Worth, worth
from why128.statistics.intervals import Interval, wilson
from why128.statistics.pairs import tango

CONFIDENCE = 0.95  # of all intervals of a column together: each is corrected for the number of neurons (Bonferroni)
MOST_IMAGES = 10_000  # looked at, evenly from all
SHOWN = 8  # images kept of those that excite a neuron most, and least
FLOAT = 4  # bytes


@dataclass(frozen=True)
class Neuron:
    """One line of the ledger."""

    layer: int  # of the hidden ones, from 1
    number: int  # within its layer, from 0
    fires: float  # the share of images on which what enters its activation is above 0
    fires_by_class: tuple[float | None, ...]  # None for a class without images
    prefers: int | None  # the class whose images it gives most to
    selectivity: float | None  # (that class's mean − the others') / (their sum), from 0 to 1: Morcos et al. 2018
    speaks: tuple[float, ...]  # for each class, by its weights, less their mean
    lost: Interval  # of accuracy, as a share of 1, where it is removed alone; below 0 where more is right without it
    lost_by_class: tuple[Interval | None, ...]
    bytes: int  # of its weights, coming in and going out, and its bias
    share: float  # of the network's multiplications, which are nearly all of its latency
    flags: Flags
    most: tuple[int, ...]  # images that drive it most, by their number, the most first
    least: tuple[int, ...]  # and least


@dataclass(frozen=True, eq=False)
class Ledger:
    """All hidden neurons of a network."""

    network: Network
    data: str
    part: str  # "test" or "all": which images of the data these were
    images: Images  # those that were looked at
    classes: tuple[str, ...]
    accuracy: Interval
    widths: tuple[int, ...]  # of each hidden layer
    neurons: tuple[Neuron, ...]
    looks: tuple[Looks, ...]  # what each layer's neurons look for, as pictures

    def of(self, layer: int) -> tuple[Neuron, ...]:
        """The neurons of hidden layer `layer`, from 1."""
        return tuple(neuron for neuron in self.neurons if neuron.layer == layer)

    def flagged(self, what: str) -> tuple[Neuron, ...]:
        """Those with a flag, by its first word: dead, constant, always, twin, redundant."""
        return tuple(one for one in self.neurons if any(word.startswith(what) for word in one.flags.words()))


def ledger(network: Network, images: Images, data: str = "", part: str = "all") -> Ledger:
    """The ledger of a network on labelled images, labels in the network's own order of classes.

    Of more than MOST_IMAGES images that many are looked at, evenly from all.  Takes 8 bytes an image and neuron.
    Raises InputRefused for images of another shape, for a network without hidden neurons, that diverged, or is too wide,
    UsageError for an activation without a name.
    """
    if not network.width:
        raise InputRefused("neurons: the network has no hidden neurons to look at")
    if not network.finite:
        raise InputRefused("neurons: the network has weights that are not finite numbers: its training diverged")
    most = enough(network, MOST_IMAGES)
    if len(images) > most:
        images = images.take(np.linspace(0, len(images) - 1, most).astype(int))
    found = seen(network, network.preparation.to_input(images.pixels))
    (hits,) = forward.right(NUMPY, network.ladder, found.sums[None], images.labels[None])
    classes = network.classes or tuple(map(str, range(max(2, network.ladder.classes))))
    neurons = [
        neuron for layer in range(len(found.layers)) for neuron in _lines(found, layer, images.labels, len(classes))
    ]
    return Ledger(
        network,
        data,
        part,
        images,
        classes,
        wilson(int(hits.sum()), len(hits), CONFIDENCE),
        tuple(part.outputs for part in found.parts.hidden),
        tuple(neurons),
        looks(network, found.parts),
    )


def _lines(found: Seen, layer: int, labels: np.ndarray, classes: int) -> Iterator[Neuron]:
    activity, part = found.layers[layer], found.parts.layers[layer]
    counts = np.bincount(labels, minlength=classes)
    missed = worth(found, layer, labels)
    overall, by_class = _intervals(missed, counts)
    firing = activity.driven > 0
    fires_by_class = _by_class(firing, labels, classes)
    means = _by_class(activity.given, labels, classes)  # (H, C), NaN for a class without images
    speaks = _speaks(found.parts, layer)
    size, share = _costs(found.parts, layer)
    marks = flags(activity, part.after)
    for j in range(part.outputs):
        prefers, selectivity = _selective(means[j], counts)
        order = np.argsort(-activity.driven[:, j], kind="stable")
        yield Neuron(
            layer + 1,
            j,
            float(firing[:, j].mean()),
            tuple(None if np.isnan(one) else float(one) for one in fires_by_class[j]),
            prefers,
            selectivity,
            tuple(map(float, speaks[j])),
            overall[j],
            by_class[j],
            size,
            share,
            marks[j],
            tuple(map(int, order[:SHOWN])),
            tuple(map(int, order[: -SHOWN - 1 : -1])),
        )


def _intervals(missed: Worth, counts: np.ndarray) -> tuple[list[Interval], list[tuple[Interval | None, ...]]]:
    """Paired on the same images; each at a confidence at which all of one column hold together."""
    confidence = 1 - (1 - CONFIDENCE) / len(missed.lost)
    lost, gained, whole = missed.lost.sum(1), missed.gained.sum(1), int(counts.sum())
    low, high = tango(lost, gained, np.array(whole), confidence)
    overall = [Interval(*map(float, one)) for one in zip((lost - gained) / whole, low, high, strict=True)]
    per = np.maximum(counts, 1)
    low, high = tango(missed.lost, missed.gained, per, confidence)
    mean = (missed.lost - missed.gained) / per
    by_class = [
        tuple(
            Interval(float(mean[j, c]), float(low[j, c]), float(high[j, c])) if counts[c] else None
            for c in range(len(counts))
        )
        for j in range(len(mean))
    ]
    return overall, by_class


def _by_class(values: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """The mean over each class's images: values (N, H) to (H, C)."""
    found = np.full((values.shape[1], classes), np.nan)
    for c in range(classes):
        own = values[labels == c]
        if len(own):
            found[:, c] = own.mean(0)
    return found


def _selective(means: np.ndarray, counts: np.ndarray) -> tuple[int | None, float | None]:
    there = np.flatnonzero(counts)
    if len(there) < 2 or not np.ptp(means[there]):
        return None, None
    best = there[int(means[there].argmax())]
    others = float(np.mean([means[c] for c in there if c != best]))
    whole = abs(float(means[best])) + abs(others)
    return int(best), (float(means[best]) - others) / whole


def _speaks(parts: Parts, layer: int) -> np.ndarray:
    """For which classes each neuron's outgoing weights speak: (H, C), less their mean over classes, which changes no answer.

    From a layer before the last, the product of all kernels from there on: as if nothing bent between.
    """
    found = parts.layers[layer + 1].product.kernel
    for part in parts.layers[layer + 2 :]:
        found = found[:, : part.product.kernel.shape[0]] @ part.product.kernel
    return found - found.mean(1, keepdims=True) if found.shape[1] > 1 else np.hstack([-found, found])


def _costs(parts: Parts, layer: int) -> tuple[int, float]:
    """The bytes of one neuron of a layer, and its share of all multiplications."""
    part, after = parts.layers[layer], parts.layers[layer + 1]
    units = part.product.kernel.shape[1] // part.outputs
    coming, going = part.product.kernel.shape[0] * units, after.product.kernel.shape[1]
    own = sum(
        value.size // part.outputs for step in part.after for value in vars(step).values() if _each(value, part.outputs)
    )
    whole = sum(one.product.kernel.size for one in parts.layers)
    return FLOAT * (coming + units + own + going), (coming + going) / whole


def _each(value: object, outputs: int) -> bool:
    return isinstance(value, np.ndarray) and value.size == outputs
