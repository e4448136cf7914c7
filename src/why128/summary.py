"""The text of `Sequential.summary`: layers, the shapes that leave them, and how many numbers each learns."""

from __future__ import annotations

import math

from why128.layers import Input, Layer, output_shape, weights

HEADINGS = ("Layer (type)", "Output shape", "Param #")
BYTES = 4  # of a float32


def text(name: str, layers: tuple[Layer, ...]) -> str:
    """The summary of these layers; shapes and numbers are "?" while the input's shape is not known."""
    known = layers and isinstance(layers[0], Input)
    rows, counts = _known(layers) if known else ([(_label(layer), "?", "?") for layer in layers], (0, 0))
    wide = [max(len(row[i]) for row in (HEADINGS, *rows)) for i in range(3)]
    table = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}" for a, b, c in (HEADINGS, *rows)]
    rule = "─" * len(table[0])
    named = zip(("Total", "Trainable", "Non-trainable"), (sum(counts), *counts), strict=True)
    last = [f"{what} params: {count:,} ({BYTES * count / 1024:,.2f} KB)" for what, count in named]
    return "\n".join([f'Model: "{name}"', rule, table[0], rule, *table[1:], rule, *last])


def _known(layers: tuple[Layer, ...]) -> tuple[list[tuple[str, str, str]], tuple[int, int]]:
    """A row a layer; and how many numbers are learned, and how many follow the batches instead."""
    rows, shape = [], layers[0].shape if isinstance(layers[0], Input) else ()
    learned = others = 0
    for layer in layers[1:]:
        own = [(weight.learned, math.prod(weight.shape)) for weight in weights(layer, shape) if weight.present]
        shape = output_shape(layer, shape)
        rows.append((_label(layer), f"(None, {', '.join(map(str, shape))})", f"{sum(count for _, count in own):,}"))
        learned += sum(count for is_learned, count in own if is_learned)
        others += sum(count for is_learned, count in own if not is_learned)
    return rows, (learned, others)


def _label(layer: Layer) -> str:
    kind = type(layer).__name__
    return f"{layer.name} ({kind})" if layer.name else kind
