"""A network's numbers in eight bits: what is stored stands for scale · (stored − zero), as TFLite has it.

Weights are symmetric, with a scale a neuron; images and activity have one scale a tensor, from the least and the greatest
number that some images bring about (Jacob et al. 2018, section 2 and 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from why128.errors import UsageError
from why128.formats.calibrating import Range, span, with_zero
from why128.formats.stepping import one
from why128.formats.steps import Applied, Product, Step
from why128.formats.tflite_graph import Quantized
from why128.network import Network, flat_images

LOWEST, HIGHEST = -128, 127
MOST_SUM = 1 << 30  # of a neuron's sum in int32: half of what fits
TINIEST = 1e-18  # the least scale: the product of two is still a float32


def spread(told: Range) -> Quantized:
    """The scale on which `told`, and 0, just fit."""
    low, _, step = with_zero(told)
    scale = np.float32(max(step, TINIEST))
    return Quantized(np.array([scale]), int(np.clip(np.rint(LOWEST - low / float(scale)), LOWEST, HIGHEST)))


def image_scale(network: Network, images: np.ndarray) -> Quantized:
    """The images' scale: that of all pixels the network is made for, on which bytes stay what they are."""
    low, high = network.preparation.scale
    return spread((min(low, float(images.min())), max(high, float(images.max()))))


def ranges(network: Network, steps: Sequence[Step], images: np.ndarray) -> tuple[Range, ...]:
    """The least and the greatest number that leaves each step and is told apart, as images show them; raises UsageError for what is no number."""
    flat = flat_images(images, network.input_shape)  # (N, D)
    if not len(flat):
        raise UsageError(
            "int8: no images to see the range of activity by, expected some hundreds",
            hint="give images that are like those to come, for example the training images",
        )
    x, spans = flat.astype(np.float32), []
    for number, step in enumerate(steps):
        with np.errstate(over="ignore", invalid="ignore"):
            x = one(step, x)
        spans.append(found := span(x, steps[number + 1 :]))
        if not np.isfinite(found).all():
            raise UsageError(
                f"int8: step {number} ({_named(steps[number])}) gives numbers from {found[0]:g} to {found[1]:g}, "
                "expected finite ones; nothing was written",
                hint="the network diverged, or the images are not on its own scale",
            )
    return tuple(spans)


def weights(product: Product, entering: Quantized) -> tuple[np.ndarray, Quantized, np.ndarray, Quantized]:
    """A kernel as rows (units, inputs) int8 and a bias (units,) int32, each with its scales."""
    rows = product.kernel.T.astype(np.float64)  # (units, inputs)
    scale_in = float(entering.scale[0])
    # A neuron with a large bias or very many inputs has a coarser scale, so that its sum cannot leave int32.
    whole = np.abs(rows).sum(axis=1) * (HIGHEST - LOWEST) + np.abs(product.bias) / scale_in
    scale = np.maximum(np.abs(rows).max(axis=1, initial=0.0) / HIGHEST, whole / MOST_SUM)
    scale = np.where(scale > 0.0, scale, scale.max())  # a neuron without weights gets a scale like the others'
    scale = np.maximum(scale, TINIEST).astype(np.float32)
    kernel = np.rint(rows / scale[:, None]).clip(-HIGHEST, HIGHEST).astype(np.int8)
    together = entering.scale * scale
    bias = np.rint(product.bias / together.astype(np.float64)).clip(-MOST_SUM, MOST_SUM)
    return np.ascontiguousarray(kernel), Quantized(scale), bias.astype(np.int32), Quantized(together)


def table(step: Step, entering: Quantized, leaving: Quantized) -> np.ndarray:
    """What a step that takes each number by itself makes of all 256 that there are: (256,) int8."""
    real = (np.arange(LOWEST, HIGHEST + 1, dtype=np.float32) - np.float32(entering.zero)) * entering.scale
    with np.errstate(over="ignore", invalid="ignore"):
        stored = np.rint(one(step, real).astype(np.float64) / float(leaving.scale[0])) + leaving.zero
    return np.nan_to_num(stored, nan=leaving.zero).clip(LOWEST, HIGHEST).astype(np.int8)


def _named(step: Step) -> str:
    return step.activation if isinstance(step, Applied) else type(step).__name__.lower()
