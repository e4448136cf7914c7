"""Why this answer: for one image which neurons fired, how each moved each class's score, and the fewest that carry the decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.formats.stepping import one, taken
from why128.formats.steps import Scaling
from why128.network import Network
from why128.neurons.activity import seen
from why128.neurons.parts import Part, Parts

STEP = 1e-3  # how far a sum is moved, as a share of it, to see what an activation makes of it


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
        _on_pixels(network, found.parts, image, answer, second),
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


def _on_pixels(network: Network, parts: Parts, image: np.ndarray, answer: int, second: int | None) -> np.ndarray | None:
    """Gradient × input of the answer's score less the runner-up's; None where an image is standardised before its first product."""
    if second is None or not all(isinstance(step, Scaling) for step in parts.before):
        return None
    flat = np.asarray(image, np.float32).reshape(1, -1)
    x, sums = taken(parts.before, flat), []
    for part in parts.hidden:
        sums.append(one(part.product, x))
        x = taken(part.after, sums[-1])
    out = parts.layers[-1].product.kernel.astype(np.float64)
    gradient = out[:, answer] - out[:, second]  # by what enters the output layer
    for part, own in zip(reversed(parts.hidden), reversed(sums), strict=True):
        gradient = part.product.kernel @ _through(part, own, gradient)
    for step in reversed(parts.before):
        assert isinstance(step, Scaling)
        gradient = gradient * step.factor
    return (gradient * flat[0]).astype(np.float32).reshape(network.image_shape)


def _through(part: Part, sums: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The gradient by a layer's sums (1, n) from that by what it gives (H,): central differences of a small step."""
    step = STEP * np.maximum(1.0, np.abs(sums))
    if part.alone:
        return ((taken(part.after, sums + step) - taken(part.after, sums - step)) / (2 * step))[0] * gradient
    each = np.diag(step[0])
    return ((taken(part.after, sums + each) - taken(part.after, sums - each)) @ gradient) / (2 * step[0])
