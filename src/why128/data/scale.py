"""The scale of pixels: seen in their type and range, said, and brought to bytes or to float32 in 0..1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.data.spool import Spool, blocks, made, pieces
from why128.errors import InputRefused

SLACK = 1e-6  # above 1 (or below 0) that is a rounding of float32 and not another scale
DARK = 25  # of 255: pixels all below a tenth of the range are probably of another scale


@dataclass(frozen=True)
class Scale:
    """How numbers become brightness: (value + shift) / white is in 0..1."""

    name: str
    white: float
    shift: float = 0.0


BYTES, UNIT, BINARY = Scale("0-255", 255.0), Scale("0-1", 1.0), Scale("0/1", 1.0)
WORDS, SIGNED = Scale("0-65535", 65535.0), Scale("-1-1", 2.0, 1.0)


def check_finite(array: np.ndarray, where: str) -> None:
    """Raises InputRefused naming the first image with a pixel that is NaN or infinite; `array` is (N, ...)."""
    if array.dtype.kind != "f":
        return
    for rows in pieces(array):
        block = array[rows]
        bad = ~np.isfinite(block.reshape(len(block), -1)).all(axis=1)  # of each row
        if bad.any():
            index = rows.start + int(bad.argmax())
            pixels = array[index].ravel()
            value = pixels[~np.isfinite(pixels)][0]
            raise InputRefused(
                f"{where}: image {index} (counted from 0) has a pixel that is {value}, expected finite numbers",
                hint="remove or mend such images first",
            )


def span(array: np.ndarray) -> tuple[float, float]:
    """The lowest and the highest pixel."""
    lows, highs = zip(*((block.min(), block.max()) for block in blocks(array)), strict=True)
    return float(min(lows)), float(max(highs))


def scale_of(dtype: np.dtype, low: float, high: float, where: str) -> tuple[Scale, tuple[str, ...]]:
    """The scale of pixels of type `dtype` in `low`..`high`, and what a person should know about it.

    Raises InputRefused when no scale fits.
    """
    if dtype.kind == "b":
        return BINARY, ()
    chosen = whole_scale(dtype, low, high) if dtype.kind in "iu" else float_scale(low, high)
    if chosen is None:
        negative = ": bytes read as signed (int8) have negative values" if dtype == np.int8 else ""
        raise InputRefused(
            f"{where}: pixels of type {dtype} in the range {low:g} to {high:g}{negative}, expected one of 0..255, 0..1, -1..1 (floats) or 0..65535 (uint16)",
            hint="bring them to one of these scales, for example (x - x.min()) / (x.max() - x.min())",
        )
    return chosen, scale_warnings(chosen, dtype, low, high, where)


def whole_scale(dtype: np.dtype, low: float, high: float) -> Scale | None:
    """The scale of whole numbers."""
    if low < 0:
        return None
    if high <= 1:
        return BINARY if high == 1 else BYTES
    if high <= 255:
        return BYTES
    return WORDS if dtype.kind == "u" and dtype.itemsize == 2 else None


def float_scale(low: float, high: float) -> Scale | None:
    """The scale of floating-point numbers."""
    if low >= -SLACK and high <= 1 + SLACK:
        return UNIT
    if low >= 0 and high <= 255:
        return BYTES
    if low >= -1 - SLACK and high <= 1 + SLACK:
        return SIGNED
    return None


def scale_warnings(scale: Scale, dtype: np.dtype, low: float, high: float, where: str) -> tuple[str, ...]:
    """What a person should know about the scale that was chosen."""
    if scale is BINARY:
        return (f"{where}: pixels are only 0 and 1: read on the scale 0 to 1, so that 1 is white",)
    if scale is SIGNED:
        return (
            f"{where}: pixels are in the range {low:g} to {high:g}: read on the scale -1 to 1, so that -1 is black",
        )
    if scale is BYTES and 0 < high < DARK:
        return (f"{where}: the brightest pixel is {high:g} of 255: nearly black, or of another scale",)
    if scale is BYTES and dtype == np.uint16:
        return (f"{where}: pixels of type uint16 do not exceed {high:g}: read on the scale 0 to 255",)
    return ()


def scaled(array: np.ndarray, scale: Scale, where: str) -> np.ndarray:
    """`array` as bytes when they hold it exactly, else as float32 in 0..1; the same shape."""
    if array.dtype == np.uint8 and scale is BYTES:
        return array if array.flags.c_contiguous else made(array.shape, np.uint8, blocks(array), where)
    spool = Spool(array.shape, np.uint8, where)
    for rows in pieces(array):
        block = unit(array[rows], scale)
        rounded = np.rint(block * 255)
        if not close(block, rounded, array.dtype):
            del spool  # or else its room is taken while theirs is asked for
            return as_floats(array, scale, where)
        spool.add(rounded)
    return spool.array


def unit(block: np.ndarray, scale: Scale) -> np.ndarray:
    """`block` as float64 in 0..1."""
    return np.clip((block.astype(np.float64) + scale.shift) / scale.white, 0.0, 1.0)


def close(block: np.ndarray, rounded: np.ndarray, dtype: np.dtype) -> bool:
    """Whether every pixel is a byte over 255, but for the rounding of its own type."""
    slack = (
        2 * np.finfo(dtype).eps if dtype.kind == "f" and dtype.itemsize > 2 else 2**-11 if dtype.kind == "f" else 1e-12
    )
    return bool((np.abs(block * 255 - rounded) <= 255 * slack).all())


def as_floats(array: np.ndarray, scale: Scale, where: str) -> np.ndarray:
    """`array` as float32 in 0..1."""
    return made(array.shape, np.float32, (unit(block, scale) for block in blocks(array)), where)
