"""A network made smaller, or wider, for a person who has one: how far it may shrink is chosen on some images and judged on others."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from why128.arrays import as_learned, to_learn_from
from why128.data.images import Dataset, Images
from why128.data.room import check_room
from why128.errors import InputRefused, UsageError, Why128Error
from why128.formats import keras_file
from why128.judging import assessed
from why128.layers import MOST_UNITS
from why128.losses import SparseCategoricalCrossentropy
from why128.network import Network
from why128.neurons.activity import Seen, enough, seen
from why128.neurons.growing import grown
from why128.neurons.ledger import CONFIDENCE, MOST_IMAGES
from why128.neurons.parts import kept
from why128.neurons.shrinking import Order, Tidied, order, shrunk, tidied
from why128.recipe import Recipe
from why128.sequential import Sequential
from why128.statistics.intervals import Interval, accuracy, wilson
from why128.statistics.pairs import Difference, mcnemar
from why128.studies.cost import Cost, measure
from why128.studies.store import holding
from why128.studies.study import Study, read

TOLERANCE = 0.5  # points of accuracy that may be lost, where nothing else is said
FLOAT = 4  # bytes of a weight
LADDER = 2**-0.5  # each point of the curve has so many times the neurons of the one before


@dataclass(frozen=True)
class Point:
    """One size on the curve."""

    widths: tuple[int, ...]
    neurons: int
    bytes: int  # of its weights
    accuracy: Interval
    lost: Difference  # against the original, on the same images, as shares of 1
    trained: Interval | None = None  # of networks that learned with so many neurons, in the study that it comes from


@dataclass(frozen=True, eq=False)
class Resized:
    """A network that was made smaller."""

    network: Network
    original: Point
    tidied: Tidied  # what could go at no change in any answer
    chosen: Point
    curve: tuple[Point, ...]  # sizes that were tried, the largest first
    costs: tuple[Cost, Cost]  # of the original and of the chosen one, measured: latencies
    tolerance: float | None  # in points; None where a size was asked for
    data: str
    part: str  # "test" or "all": which images of the data these were
    judged_by: int  # images that judged, and did not choose

    @property
    def model(self) -> Sequential:
        """A model that goes on from it."""
        return Sequential.of(self.network)


def shrink(
    network: Network,
    data: Dataset,
    to: Sequence[int] | None = None,
    tolerance: float | None = None,
    max_bytes: int | None = None,
    epochs: int = 0,
    seed: int = 0,
    study: Study | None = None,
) -> Resized:
    """Make a network smaller: to so many neurons a hidden layer, to so many bytes of weights, or as small as loses no more than `tolerance` points.

    Weights are fitted on the images to learn from (10,000 at most); of the test images, or of all where there are none, every second
    one chooses the size, and the others judge it.  With `epochs` the result then learns from the data again.  Of the `study` that the
    network comes from, the networks that learned with fewer neurons are judged beside it.
    Raises UsageError for what cannot be asked together, InputRefused where data and network do not fit, or where it has no hidden neurons.
    """
    _check(network, to, tolerance, max_bytes)
    part, judged = as_learned(network, data)
    choosing, judging = judged.take(slice(0, None, 2)), judged.take(slice(1, None, 2))
    learned = to_learn_from(network, data) if data.test is not None else choosing
    made = _Shrinking.of(network, _inputs(network, learned, enough(network, MOST_IMAGES)))
    aim = TOLERANCE if to is None and max_bytes is None and tolerance is None else tolerance
    widths = (
        made.wide(to)
        if to is not None
        else made.fitting(max_bytes)
        if max_bytes is not None
        else made.within(choosing, aim or 0.0)
    )
    small = made.at(widths)
    small = _learned_again(small, learned, epochs, seed) if epochs else small
    beside = {} if study is None else _trained(study, judging)
    before = _hits(network, judging)
    curve = tuple(_point(one, _hits(one, judging), before, beside) for one in made.ladder(beside))
    return Resized(
        replace(small, about={**network.about, "shrunk_from": list(network.width)}),
        _point(network, before, before, {}),
        made.tidied,
        _point(small, _hits(small, judging), before, {}),
        curve,
        (measure(network, 0.0), measure(small, 0.0)),
        aim,
        data.name,
        part,
        len(judging),
    )


def grow(
    network: Network, to: int, layer: int = 1, data: Dataset | None = None, epochs: int = 0, seed: int = 0
) -> Network:
    """A network with `to` neurons in its hidden layer `layer` (from 1) that answers as before; with `epochs` it then learns from the data.

    Raises UsageError where it has no such layer, or that many neurons already.
    """
    if not 0 < layer <= len(network.width):
        raise UsageError(f"grow: expected a hidden layer from 1 to {len(network.width)}, got {layer}")
    if to > MOST_UNITS:
        raise UsageError(f"grow: expected at most {MOST_UNITS:,} neurons, got {to:,}")
    entering, leaving = network.sizes[layer - 1], network.sizes[layer + 1]
    check_room(2 * FLOAT * to * (entering + leaving), "grow")
    seed = Recipe(seed=seed).seed
    wide = grown(network, to, layer - 1, seed)
    if epochs and data is not None:
        wide = _learned_again(wide, to_learn_from(network, data), epochs, seed)
    return replace(wide, about={**network.about, "grown_from": list(network.width)})


# ---------------------------------------------------------------- how small


def _check(network: Network, to: Sequence[int] | None, tolerance: float | None, max_bytes: object) -> None:
    if sum(one is not None for one in (to, tolerance, max_bytes)) > 1:
        raise UsageError(
            "shrink: expected one of a size, a tolerance and a number of bytes, got several",
            hint="leave out all but one",
        )
    if tolerance is not None and not 0 <= tolerance < float("inf"):
        raise UsageError(f"shrink: expected a tolerance of at least 0 points, got {tolerance:g}")
    have = network.width
    if not have:
        raise InputRefused("shrink: the network has no hidden neurons to remove")
    if to is None:
        return
    asked, there = ("x".join(map(str, sizes)) for sizes in (to, have))
    if len(to) != len(have) or not all(0 < size <= most for size, most in zip(to, have, strict=True)):
        raise UsageError(
            f"shrink: expected a number from 1 for each hidden layer, {there} at most, got {asked or 'none'}",
            hint="`why128 grow` makes a network wider",
        )


@dataclass(frozen=True, eq=False)
class _Shrinking:
    tidied: Tidied
    images: np.ndarray  # that weights are fitted on, on the network's own scale
    seen: Seen
    orders: tuple[Order, ...]

    @classmethod
    def of(cls, network: Network, images: np.ndarray) -> _Shrinking:
        tidy = tidied(network, images)
        found = seen(tidy.network, images)
        return cls(tidy, images, found, tuple(order(found, layer) for layer in range(len(found.layers))))

    @property
    def all(self) -> int:
        return sum(len(order.leaving) for order in self.orders)

    def at(self, widths: Sequence[int]) -> Network:
        """The network with so many neurons of each layer."""
        keep = [order.leaving[len(order.leaving) - width :] for order, width in zip(self.orders, widths, strict=True)]
        return shrunk(self.tidied.network, self.images, keep, self.seen)

    def widths(self, neurons: int) -> tuple[int, ...]:
        """How many neurons each layer keeps of so many: from all layers those leave first that leave the least error."""
        summed = [(cost, layer) for layer, order in enumerate(self.orders) for cost in np.cumsum(order.costs)[:-1]]
        leaving = [layer for _, layer in sorted(summed)[: self.all - neurons]]
        return tuple(len(order.leaving) - leaving.count(layer) for layer, order in enumerate(self.orders))

    def ladder(self, beside: Mapping[int, Interval]) -> list[Network]:
        """From all neurons to one a layer, with those numbers of a single layer that others are known of."""
        counts = {max(len(self.orders), round(self.all * LADDER**step)) for step in range(40)}
        known = {count for count in beside if len(self.orders) == 1 and count < self.all}
        return [self.at(self.widths(count)) for count in sorted(counts | known, reverse=True)]

    def wide(self, to: Sequence[int]) -> tuple[int, ...]:
        """So many neurons, or as many as are left where fewer are."""
        return tuple(min(asked, left) for asked, left in zip(to, self.tidied.network.width, strict=True))

    def fitting(self, most: int) -> tuple[int, ...]:
        """The most neurons whose weights fit into so many bytes."""
        counts = range(len(self.orders), self.all + 1)
        fit = bisect_right(counts, most, key=lambda count: FLOAT * self.parameters(self.widths(count)))
        if not fit:
            least = FLOAT * self.parameters(self.widths(counts[0]))
            raise UsageError(
                f"shrink: one neuron a layer takes {least:,} bytes, more than the {most:,} that it may have"
            )
        return self.widths(counts[fit - 1])

    def parameters(self, widths: Sequence[int]) -> int:
        """How many weights the network has with so many neurons of each layer."""
        network = self.tidied.network
        for layer, width in enumerate(widths):
            network = kept(network, layer, range(width))
        return network.parameters

    def within(self, choosing: Images, tolerance: float) -> tuple[int, ...]:
        """The fewest neurons that lose no more than this, in points, of the images that choose; by halving what is not known yet."""
        original = _hits(self.tidied.network, choosing).mean()
        low, high = (
            len(self.orders) - 1,
            self.all,
        )  # `high` is known to do; `low` is one fewer than there can be, or does not
        while high - low > 1:
            middle = (low + high) // 2
            lost = original - _hits(self.at(self.widths(middle)), choosing).mean()
            low, high = (low, middle) if 100 * lost <= tolerance else (middle, high)
        return self.widths(high)


def own_study(path: str | os.PathLike) -> Study | None:
    """The study in whose folder a network's file lies; None where it lies in none that ended."""
    folder = holding(path)
    try:
        return None if folder is None else read(folder)
    except Why128Error:  # damaged, or not at its end: then nothing is known beside
        return None


def _trained(study: Study, images: Images) -> dict[int, Interval]:
    """How often the networks of a study's single-layer candidates are right on these images, by their neurons."""
    found = {}
    for candidate, trials in zip(study.candidates, study.evidence.trials, strict=True):
        files = [study.folder / trial.network for trial in trials if trial.network]
        if len(candidate.widths) == 1 and files:
            hits = np.stack([_hits(keras_file.load(file), images) for file in files])
            found[candidate.neurons] = accuracy(hits, CONFIDENCE)
    return found


def _point(network: Network, hits: np.ndarray, before: np.ndarray, beside: Mapping[int, Interval]) -> Point:
    """A network that is right on these images, (N,), where the original was right on those; `beside` knows others by their neurons."""
    lost = mcnemar(before, hits, CONFIDENCE)
    assert lost is not None
    found, neurons = wilson(int(hits.sum()), len(hits), CONFIDENCE), sum(network.width)
    trained = beside.get(neurons) if len(network.width) == 1 else None
    return Point(network.width, neurons, FLOAT * network.parameters, found, lost, trained)


def _hits(network: Network, images: Images) -> np.ndarray:
    return assessed(network, images)[1]


def _inputs(network: Network, images: Images, most: int) -> np.ndarray:
    rows = np.unique(np.linspace(0, len(images) - 1, min(most, len(images))).astype(int))
    return network.preparation.to_input(images.pixels[rows])


def _learned_again(network: Network, images: Images, epochs: int, seed: int) -> Network:
    model = Sequential.of(network)
    model.seed = Recipe(seed=seed).seed
    ends_in_sums = network.ladder.answer == "linear"
    model.compile("adam", SparseCategoricalCrossentropy(from_logits=ends_in_sums))
    pixels = network.preparation.to_input(images.pixels)
    model.fit(pixels.reshape(len(pixels), *network.input_shape), images.labels, epochs=epochs, verbose=0)
    return replace(network, weights=model.network.weights)
