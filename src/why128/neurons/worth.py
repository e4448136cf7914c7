"""What each neuron is worth: how many images are answered rightly without it, overall and of each class.

A neuron that is removed gives nothing any more.  One pass is enough: the next layer's sums lose its share, and only what follows from
them is computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from why128.formats.stepping import one, taken
from why128.formats.steps import Product, Scaling, Sloped, Standardised, Step
from why128.neurons.activity import Seen
from why128.neurons.parts import Part, answered, right

AT_ONCE = 16 << 20  # bytes of sums that are worked on together


@dataclass(frozen=True, eq=False)
class Worth:
    """Of one hidden layer's neurons: images that only the whole network, or only the one without, answers rightly."""

    lost: np.ndarray  # (H, C) images of each class
    gained: np.ndarray  # (H, C)


def worth(seen: Seen, layer: int, labels: np.ndarray) -> Worth:
    """For each neuron of hidden layer `layer` (0 is the first), removed alone; labels (N,) among C classes."""
    rest, part = seen.parts.rest(layer), seen.parts.layers[layer]
    classes = max(seen.sums.shape[1], 2)
    known = right(answered(seen.parts.layers[-1].after, seen.sums), labels)
    lost, gained = [], []
    for hits in (
        _without(seen, layer, rest, labels) if part.alone else _without_and_others_change(seen, layer, rest, labels)
    ):
        lost += [np.bincount(labels[known & ~hit], minlength=classes) for hit in hits]
        gained += [np.bincount(labels[hit & ~known], minlength=classes) for hit in hits]
    return Worth(np.array(lost), np.array(gained))


def _without(seen: Seen, layer: int, rest: tuple[Step, ...], labels: np.ndarray) -> Iterator[np.ndarray]:
    """Hits (h, N), some neurons after the other, where each neuron's activity is its own."""
    given, product = seen.layers[layer].given, seen.parts.layers[layer + 1].product
    sums = seen.sums if layer + 2 == len(seen.parts.layers) else one(product, given)  # (N, n)
    together = max(1, AT_ONCE // (sums.nbytes or 1))
    for first in range(0, given.shape[1], together):
        some = slice(first, first + together)
        each = sums - given.T[some, :, None] * product.kernel[some, None, :]  # (h, N, n)
        answers = answered(rest, each.reshape(-1, each.shape[-1]))
        yield right(answers.reshape(*each.shape[:2], -1), labels)


def _without_and_others_change(
    seen: Seen, layer: int, rest: tuple[Step, ...], labels: np.ndarray
) -> Iterator[np.ndarray]:
    """The same where neurons are looked at together, as LayerNormalization does: the others' activity changes, too."""
    part, product, sums = seen.parts.layers[layer], seen.parts.layers[layer + 1].product, seen.layers[layer].sums
    assert sums is not None
    for neuron in range(part.outputs):
        others = np.delete(np.arange(part.outputs), neuron)
        own = sums[:, _units(part, others)]
        given = taken([_fewer(step, others) for step in part.after], own) if len(others) else own
        fewer = Product(product.kernel[others], product.bias)
        yield right(answered(rest, one(fewer, given)), labels)[None]


def _units(part: Part, neurons: np.ndarray) -> np.ndarray:
    return (
        neurons if part.outputs == part.product.kernel.shape[1] else np.concatenate([neurons, neurons + part.outputs])
    )


def _fewer(step: Step, neurons: np.ndarray) -> Step:
    if isinstance(step, Scaling):
        return Scaling(*(value if value.size == 1 else value[neurons] for value in (step.factor, step.offset)))
    if isinstance(step, Sloped):
        return Sloped(step.alpha[neurons])
    return replace(step, gamma=step.gamma[neurons], beta=step.beta[neurons]) if isinstance(step, Standardised) else step
