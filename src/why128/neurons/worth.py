"""What each neuron is worth: how many images are answered rightly without it, overall and of each class.

A neuron that is removed gives nothing any more.  One pass is enough: the next layer's sums lose its share, and only what follows from
them is computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from why128 import forward
from why128.formats.stepping import one, taken
from why128.forward import NUMPY
from why128.neurons.activity import Seen
from why128.neurons.parts import Parts, kept, units_of

AT_ONCE = 16 << 20  # bytes of sums that are worked on together


@dataclass(frozen=True, eq=False)
class Worth:
    """Of one hidden layer's neurons: images that only the whole network, or only the one without, answers rightly."""

    lost: np.ndarray  # (H, C) images of each class
    gained: np.ndarray  # (H, C)


def worth(seen: Seen, layer: int, labels: np.ndarray) -> Worth:
    """For each neuron of hidden layer `layer` (0 is the first), removed alone; labels (N,) among C classes."""
    ladder, classes = seen.network.ladder, max(seen.sums.shape[1], 2)
    (known,) = forward.right(NUMPY, ladder, seen.sums[None], labels[None])
    without = _without if seen.parts.layers[layer].alone else _without_and_others_change
    lost, gained = [], []
    for sums in without(seen, layer):
        for hits in forward.right(NUMPY, ladder, sums, labels[None]):
            lost.append(np.bincount(labels[known & ~hits], minlength=classes))
            gained.append(np.bincount(labels[hits & ~known], minlength=classes))
    return Worth(np.array(lost), np.array(gained))


def _without(seen: Seen, layer: int) -> Iterator[np.ndarray]:
    """The output's sums (h, N, C) without each neuron, some after the other, where each one's activity is its own."""
    given, product, rest = seen.layers[layer].given, seen.parts.layers[layer + 1].product, seen.parts.rest(layer)
    sums = one(product, given) if rest else seen.sums  # (N, n) of the next layer
    together = max(1, AT_ONCE // (sums.nbytes or 1))
    for first in range(0, given.shape[1], together):
        some = slice(first, first + together)
        each = sums - given.T[some, :, None] * product.kernel[some, None, :]  # (h, N, n)
        yield taken(rest, each.reshape(-1, each.shape[-1])).reshape(*each.shape[:2], -1)


def _without_and_others_change(seen: Seen, layer: int) -> Iterator[np.ndarray]:
    """The same where neurons are looked at together, as LayerNormalization does: the others' activity changes, too."""
    part, sums, rest = seen.parts.layers[layer], seen.layers[layer].sums, seen.parts.rest(layer)
    assert sums is not None
    for neuron in range(part.outputs):
        others = np.delete(np.arange(part.outputs), neuron)
        if len(others):
            left, after = Parts.of(kept(seen.network, layer, others)).layers[layer : layer + 2]
            given = taken(left.after, sums[:, units_of(others, part.outputs, sums.shape[1])])
            next_sums = one(after.product, given)
        else:  # of the next layer's sums its bias is left
            bias = seen.parts.layers[layer + 1].product.bias
            next_sums = np.broadcast_to(bias, (len(sums), len(bias)))
        yield taken(rest, next_sums)[None]
