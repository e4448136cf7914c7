"""Many small pictures as one: the contact sheet of all neurons, and the sheets that a page cuts its pictures from."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from why128.atlas import words
from why128.neurons.ledger import Ledger

LARGEST = 40  # pixels a side that are kept of a picture
COLUMNS = 32
TILE, LINE, MARGIN = 56, 13, 8  # pixels of the contact sheet: a picture's side, its line of text, and the space around


def small(pixels: np.ndarray, side: int = LARGEST) -> np.ndarray:
    """A picture (height, width) or (height, width, 3) of bytes, no larger than a page needs it: (height, width, 3)."""
    image = Image.fromarray(pixels).convert("RGB")
    image.thumbnail((side, side))
    return np.asarray(image)


def sheet(pictures: Sequence[np.ndarray], columns: int = COLUMNS) -> bytes:
    """Pictures of one size (height, width, 3) side by side, row by row, as a PNG file."""
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    whole = np.zeros((rows * height, min(columns, len(pictures)) * width, 3), np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        whole[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return _png(Image.fromarray(whole))


def contact_sheet(ledger: Ledger) -> bytes:
    """All neurons as one PNG file, layer by layer, each with its number, and its first flag."""
    across = min(16, max(ledger.widths))
    wide = across * (TILE + MARGIN) + MARGIN
    layers = [ledger.of(layer + 1) for layer in range(len(ledger.widths))]
    heights = [2 * MARGIN + LINE + -(-len(layer) // across) * (TILE + 2 * LINE + MARGIN) for layer in layers]
    whole = Image.new("RGB", (max(wide, 360), sum(heights)), "white")
    draw, top = ImageDraw.Draw(whole), MARGIN
    for layer in layers:
        looks = ledger.looks[layer[0].layer - 1]
        draw.text(
            (MARGIN, top),
            f"layer {layer[0].layer}: {'composed ' * looks.composed}weights, red for, blue against",
            "black",
        )
        top += LINE + MARGIN
        for place, neuron in enumerate(layer):
            row, column = divmod(place, across)
            x, y = MARGIN + column * (TILE + MARGIN), top + row * (TILE + 2 * LINE + MARGIN)
            picture = Image.fromarray(looks.picture(neuron.number))
            scale = TILE / max(picture.size)
            size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            whole.paste(picture.resize(size, Image.Resampling.NEAREST), (x, y))
            flag = next(iter(neuron.flags.words()), "")
            draw.text((x, y + TILE + 1), words.name(ledger, neuron), "#555")
            draw.text((x, y + TILE + LINE), flag, "#a00")
        top += -(-len(layer) // across) * (TILE + 2 * LINE + MARGIN)
    return _png(whole)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
