"""The text of `Sequential.summary`: layers, the shapes that leave them, and how many numbers each learns."""

from __future__ import annotations

import math

from why128.layers import Input, Layer, Shape, output_shape, weights

HEADINGS = ("Layer (type)", "Output shape", "Param #")
BYTES = 4  # of a float32


def text(name: str, layers: tuple[Layer, ...]) -> str:
    """The summary of these layers; shapes and numbers are "?" while the input's shape is not known."""
    rows = (
        _known(layers) if layers and isinstance(layers[0], Input) else [(_label(layer), "?", "?") for layer in layers]
    )
    wide = [max(len(row[i]) for row in (HEADINGS, *rows)) for i in range(3)]
    table = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}" for a, b, c in (HEADINGS, *rows)]
    rule = "─" * len(table[0])
    last = [f"{what} params: {count:,} ({BYTES * count / 1024:,.2f} KB)" for what, count in _counts(layers).items()]
    return "\n".join([f'Model: "{name}"', rule, table[0], rule, *table[1:], rule, *last])


def _counts(layers: tuple[Layer, ...]) -> dict[str, int]:
    """How many numbers there are, how many are learned, and how many follow the batches instead."""
    found = {"Total": 0, "Trainable": 0, "Non-trainable": 0}
    shape: Shape = ()
    for layer in layers if layers and isinstance(layers[0], Input) else ():
        shape = layer.shape if isinstance(layer, Input) else shape
        for weight in (one for one in weights(layer, shape) if one.present):
            for what in ("Total", "Trainable" if weight.learned else "Non-trainable"):
                found[what] += math.prod(weight.shape)
        shape = output_shape(layer, shape)
    return found


def _known(layers: tuple[Layer, ...]) -> list[tuple[str, str, str]]:
    rows, shape = [], layers[0].shape if isinstance(layers[0], Input) else ()
    for layer in layers[1:]:
        count = sum(math.prod(weight.shape) for weight in weights(layer, shape) if weight.present)
        shape = output_shape(layer, shape)
        rows.append((_label(layer), f"(None, {', '.join(map(str, shape))})", f"{count:,}"))
    return rows


def _label(layer: Layer) -> str:
    kind = type(layer).__name__
    return f"{layer.name} ({kind})" if layer.name else kind
