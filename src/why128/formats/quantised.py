"""A network in whole numbers: weights as signed bytes with a scale a neuron, activity as bytes on a scale that images calibrate.

Only products are quantised, which is where the numbers and the time are; each neuron's sum becomes a float32 again, so that every
activation is what it was.  After training, without learning anything anew (Jacob et al. 2018, section 2, with float biases).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from why128.errors import InputRefused
from why128.formats.calibrating import span, with_zero
from why128.formats.stepping import taken
from why128.formats.steps import IntegerProduct, Product, Quantised, Step

LARGEST_WEIGHT, LARGEST_BYTE = 127, 255
LARGEST_SUM = 2**31 - 1  # of what is summed in 32 bits


def quantised(steps: Iterable[Step], images: np.ndarray, bytes_enter: bool) -> tuple[Step, ...]:
    """The steps with every product in whole numbers, its inputs on the scale that `images` (N, D), on the network's own, show.

    Where `bytes_enter`, pixels are bytes already and stay as they are.  Raises InputRefused where sums would not fit 32 bits.
    """
    found: list[Step] = []
    x, every = np.asarray(images, np.float32), tuple(steps)
    for number, step in enumerate(every):
        if isinstance(step, Product):
            own = Quantised(1.0, 0) if bytes_enter and not found else _range(x, every[number:])
            found += [own, _integers(step, own)]
        else:
            found.append(step)
        x = taken([step], x)
    return tuple(found)


def _range(x: np.ndarray, rest: Sequence[Step]) -> Quantised:
    """The scale on which bytes reach from the least to the greatest number, and hit 0 exactly."""
    low, _, scale = with_zero(span(x, rest) if x.size else (0.0, 0.0))
    return Quantised(scale, round(-low / scale))


def _integers(step: Product, own: Quantised) -> IntegerProduct:
    kernel = step.kernel.astype(np.float64)
    scales = np.abs(kernel).max(axis=0, initial=0.0) / LARGEST_WEIGHT  # (units,)
    scales[scales == 0.0] = 1.0
    whole = np.rint(kernel / scales)
    largest = LARGEST_BYTE * max(np.maximum(whole, 0).sum(0).max(), np.maximum(-whole, 0).sum(0).max())
    if largest > LARGEST_SUM:
        raise InputRefused(
            f"int8: a neuron's sum over {len(kernel):,} inputs may reach {largest:,.0f}, more than 32 bits hold ({LARGEST_SUM:,})",
            hint="train on smaller images, or export it in float32",
        )
    scales = own.scale * scales
    bias = step.bias - own.zero * scales * whole.sum(axis=0)
    return IntegerProduct(whole.astype(np.int8), scales.astype(np.float32), bias.astype(np.float32))
