"""From arrays of any published shape to (N, height, width, channels)."""

from __future__ import annotations

import math

import numpy as np

from why128.errors import InputRefused

CHANNELS = (1, 3)


def as_images(array: np.ndarray, where: str, size: tuple[int, int] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """`array` as images, (N, height, width, channels), and what was assumed, one line each.

    Rows of numbers, (N, pixels), are images of the size `size` when that fits, else square ones.
    Raises InputRefused for a shape that cannot be images.
    """
    if array.ndim in (3, 4) and not math.prod(array.shape[1:]):
        raise InputRefused(f"{where}: its images have no pixels: the shape {array.shape} has a zero in it")
    if not len(array):
        raise InputRefused(f"{where}: empty: no images (0 images)")
    if array.ndim == 2:
        return array.reshape(len(array), *row_shape(array.shape[1], where, size)), ()
    if array.ndim == 3:
        return array[..., np.newaxis], ()
    if array.ndim == 4 and array.shape[3] in CHANNELS:
        return array, ()
    if array.ndim == 4 and array.shape[1] in CHANNELS:
        return array.transpose(0, 2, 3, 1), (
            f"{where}: channels came first, {array.shape[1:]}: read as height, width, channels",
        )
    if array.ndim == 4:
        raise InputRefused(
            f"{where}: images of {array.shape[3]} channels, expected 1 (gray) or 3 (RGB), found the shape {array.shape}",
            hint="leave out an alpha channel: x[..., :3]",
        )
    raise InputRefused(
        f"{where}: {array.ndim} dimension{'s'[: array.ndim != 1]} in the shape {array.shape}, expected (N, height, width) or (N, height, width, channels)"
    )


def row_shape(pixels: int, where: str, size: tuple[int, int] | None) -> tuple[int, int, int]:
    """(height, width, channels) of an image that came as a row of `pixels` numbers; RGB rows are pixel by pixel."""
    for channels in CHANNELS:
        if size is not None and size[0] * size[1] * channels == pixels:
            return (*size, channels)
    for channels in CHANNELS:
        side = math.isqrt(pixels // channels)
        if pixels and side * side * channels == pixels:
            return side, side, channels
    raise InputRefused(
        f"{where}: rows of {pixels:,} pixels, which is no square, gray or RGB, so their shape is not known",
        hint="say their height and width (--size), save them as NPZ with the shape (N, height, width), or check whether a column is missing",
    )
