"""A wider network that computes the same function to start with (Net2WiderNet: Chen, Goodfellow and Shlens 2016)."""

from __future__ import annotations

import numpy as np

from why128.errors import UsageError
from why128.network import Network
from why128.neurons.parts import Parts, kept, reweighted

APART = 0.1  # of a copied neuron's share: what one copy has more and the other less, so that they learn apart


def grown(network: Network, to: int, layer: int = 0, seed: int = 0) -> Network:
    """The network with `to` neurons in its hidden layer `layer` (0 is the first): drawn ones again, their outgoing weights shared out.

    Raises UsageError where that is no more than there are, or where a layer's neurons are looked at together (LayerNormalization).
    """
    parts = Parts.of(network)
    have, part = parts.layers[layer].outputs, parts.layers[layer]
    if to <= have:
        raise UsageError(f"grow: expected more than the {have:,} neurons that there are, got {to:,}")
    if not part.alone:
        raise UsageError(
            "grow: a layer whose neurons are looked at together (LayerNormalization, softmax) cannot have one twice",
            hint="grow another layer",
        )
    rng = np.random.default_rng(seed)
    drawn = np.concatenate([np.arange(have), rng.integers(0, have, to - have)])
    weighed = 1 + APART * rng.uniform(-1, 1, to)  # shares of each copy, then those of one neuron add up to 1
    shares = weighed / np.bincount(drawn, weighed, minlength=have)[drawn]
    kernel = parts.layers[layer + 1].product.kernel.astype(np.float64)[drawn] * shares[:, None]
    wide = kept(network, layer, drawn)
    return reweighted(wide, layer, kernel, parts.layers[layer + 1].product.bias)
