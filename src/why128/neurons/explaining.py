"""Why this answer: for one image which neurons fired, how each moved each class's score, and the fewest that carry the decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.network import Network
from why128.neurons.activity import seen
from why128.neurons.parts import Parts

STEP = 1e-3  # of the scale of pixels: how far a pixel is moved to see what it does where no formula is at hand


@dataclass(frozen=True, eq=False)
class Explanation:
    """One image's answer, taken apart.  Scores are the sums before the last activation."""

    scores: np.ndarray  # (C,)
    bias: np.ndarray  # (C,) what the scores begin with
    parts: (
        np.ndarray
    )  # (H, C): how much each neuron of the last hidden layer moves each score; bias + their sum = scores
    driven: np.ndarray  # (H,) what enters each neuron's activation
    answer: int
    runner_up: int | None
    carrying: tuple[int, ...]  # the fewest neurons, the weightiest first, which alone put the answer first
    pixels: np.ndarray | None  # (height, width, channels): gradient × input of the answer's score less the runner-up's

    @property
    def fired(self) -> np.ndarray:
        """The neurons that fired, by number."""
        return np.flatnonzero(self.driven > 0)


def explained(network: Network, image: np.ndarray) -> Explanation:
    """One image, (...) of the network's shape on its own scale; raises InputRefused for another shape."""
    found = seen(network, np.asarray(image)[None])
    product = found.parts.layers[-1].product
    scores = found.sums[0].astype(np.float64)
    if found.layers:
        given, driven = found.layers[-1].given[0].astype(np.float64), found.layers[-1].driven[0]
    else:
        given = driven = np.zeros(0)
    own = given[:, None] * product.kernel[: len(given)]  # (H, C)
    order = np.argsort(-scores, kind="stable")
    answer, second = int(order[0]), int(order[1]) if len(scores) > 1 else None
    bias = product.bias.astype(np.float64) if found.layers else scores
    return Explanation(
        scores,
        bias,
        own,
        driven,
        answer,
        second,
        _carrying(own, bias, answer),
        _on_pixels(network, found.parts, image, driven, answer, second),
    )


def _carrying(own: np.ndarray, bias: np.ndarray, answer: int) -> tuple[int, ...]:
    """Neurons added one after the other, always the one that most helps the answer against its nearest rival, until it is first; one at least."""
    chosen: list[int] = []
    scores = bias.copy()
    left = set(range(len(own)))
    others = np.arange(len(bias)) != answer
    while len(bias) > 1 and left and not (chosen and scores[answer] > scores[others].max()):
        rival = int(np.flatnonzero(others)[scores[others].argmax()])
        best = max(left, key=lambda j: own[j, answer] - own[j, rival])
        chosen.append(best)
        scores = scores + own[best]
        left.remove(best)
    return tuple(chosen)


def _on_pixels(
    network: Network, parts: Parts, image: np.ndarray, driven: np.ndarray, answer: int, second: int | None
) -> np.ndarray | None:
    """Gradient × input of the answer's score less the runner-up's, by a small step along each pixel's way."""
    flat = np.asarray(image, np.float32).reshape(-1)
    inputs = parts.layers[0].product.kernel.shape[0]
    if second is None or len(flat) != inputs:
        return None
    span = network.preparation.scale[1] - network.preparation.scale[0]
    return _gradient(network, flat, answer, second, span * STEP).reshape(network.image_shape)


def _gradient(network: Network, flat: np.ndarray, answer: int, second: int, step: float) -> np.ndarray:
    moved = np.repeat(flat[None], 2 * len(flat), 0)
    places = np.arange(len(flat))
    moved[places, places] += step
    moved[len(flat) + places, places] -= step
    sums = seen(network, moved).sums.astype(np.float64)
    margin = sums[:, answer] - sums[:, second]
    return ((margin[: len(flat)] - margin[len(flat) :]) / (2 * step) * flat).astype(np.float32)
