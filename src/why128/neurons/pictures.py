"""What a layer's neurons look for, as pictures of the images' own shape: weights, from blue (against) by white (nothing) to red (for).

The first layer's are its weights themselves.  A deeper one's are composed: its weights times those of the layers before, as if nothing
bent in between; and are said to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.formats.steps import Product, Scaling, folded
from why128.network import Network
from why128.neurons.parts import Parts

# ColorBrewer's RdBu, which people with any colour vision can tell apart; zero is its middle.
SCALE = np.array(
    [
        (5, 48, 97), (33, 102, 172), (67, 147, 195), (146, 197, 222), (209, 229, 240), (247, 247, 247),
        (253, 219, 199), (244, 165, 130), (214, 96, 77), (178, 24, 43), (103, 0, 31),
    ],
    np.float64,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Looks:
    """What the neurons of one hidden layer look for."""

    weights: np.ndarray  # (H, height, width, channels) float32, for images on the network's own scale
    largest: float  # of all, without sign: the end of the one scale of colours
    composed: bool  # whether they are those of several layers, multiplied

    def picture(self, neuron: int) -> np.ndarray:
        """(height, width, 3) bytes; the channels of a colour image are averaged."""
        return coloured(self.weights[neuron].mean(-1) / (self.largest or 1.0))


def coloured(values: np.ndarray) -> np.ndarray:
    """Numbers (height, width) from -1, blue, by 0, white, to 1, red: (height, width, 3) bytes."""
    place = (np.clip(values, -1, 1) + 1) / 2 * (len(SCALE) - 1)
    below = np.minimum(place.astype(int), len(SCALE) - 2)
    part = (place - below)[..., None]
    return np.rint(SCALE[below] * (1 - part) + SCALE[below + 1] * part).astype(np.uint8)


def looks(network: Network, parts: Parts) -> tuple[Looks, ...]:
    """Of every hidden layer."""
    found, whole = [], None
    for layer, part in enumerate(parts.hidden):
        kernel = _on_images(parts) if layer == 0 else part.product.kernel  # (inputs, units)
        whole = kernel if whole is None else whole @ kernel
        whole = whole[:, : part.outputs]
        shaped = np.ascontiguousarray(whole.T).reshape(-1, *network.image_shape)
        found.append(Looks(shaped, float(np.abs(shaped).max(initial=0.0)), layer > 0))
    return tuple(found)


def _on_images(parts: Parts) -> np.ndarray:
    """The first kernel for images as they enter: what scales them before is taken in."""
    before = tuple(step for step in parts.before if isinstance(step, Scaling))
    first = parts.layers[0].product
    last = folded((*before, first))[-1]
    assert isinstance(last, Product)
    return last.kernel
