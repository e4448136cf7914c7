"""What a person holds in Python already, as arrays: tensors, columns, and lists of pictures.

Nothing of their libraries is imported: an object is known by the library that its type comes from, and by what it can do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from why128.data.pictures import BadPictureError, PictureBytes, decoded, in_mode, pillow_quiet, prepared
from why128.data.shapes import CHANNELS
from why128.data.spool import Pile, made
from why128.errors import InputRefused, UsageError, shown

LIBRARIES = {"torch", "pandas", "PIL", "jax", "jaxlib"}
ONE_BY_ONE = LIBRARIES - {"pandas"}  # a list of theirs would take NumPy minutes
GRAY_MODES = {"1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N"}  # Pillow's
TAKEN = "arrays of NumPy, JAX and PyTorch, pandas columns, lists of pictures, data sets of datasets, torchvision and PyTorch"
Size = tuple[int, int] | None


def library(given: object) -> str:
    """The library among LIBRARIES that an object's type, or one that it is derived from, comes from; else ""."""
    roots = (kind.__module__.split(".")[0] for kind in type(given).__mro__)
    return next((root for root in roots if root in LIBRARIES), "")


def dimensions(given: Any) -> int:
    """How many axes it has as an array, without making one of pictures."""
    return 2 if is_list(given) and len(given) and _is_element(given[0], given) else np.ndim(given)


# ---------------------------------------------------------------- arrays


def as_array(given: Any, name: str = "x") -> np.ndarray:
    """Anything that can be an array, as one: also tensors on any device, columns, and lists of pictures.

    Raises UsageError naming it otherwise.
    """
    if isinstance(given, np.ndarray) and given.dtype != object:
        return _plain(given)  # at once: one image is answered in 30 µs
    if library(given) == "torch":
        return _of_tensor(given, name)
    if library(given) == "pandas":
        given = _of_pandas(given, name)
    if is_list(given) and len(given) and _is_element(given[0], given):
        return gathered(given, name)
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes, list, tuple)):
        given = list(given)  # a column of datasets is read in one go so, and otherwise row by row
    try:
        array = np.asarray(given)
    except ValueError:
        raise UsageError(f"{name}: expected an array, got rows of different lengths") from None
    if not array.ndim and array.dtype == object:
        kind = type(given).__name__
        raise UsageError(f"{name}: expected what can be an array, got {shown(kind)}", hint=f"taken are {TAKEN}")
    return _plain(array)


def is_list(given: object) -> bool:
    """A list, a column of objects, or what is like them."""
    if isinstance(given, np.ndarray):
        return given.dtype == object and given.ndim == 1
    return isinstance(given, Sequence) and not isinstance(given, (str, bytes))


def _is_element(first: object, given: object) -> bool:
    """Whether the elements must be made arrays one by one: NumPy would not, or take minutes."""
    encoded = isinstance(first, bytes) or (isinstance(first, Mapping) and "bytes" in first)
    return encoded or library(first) in ONE_BY_ONE or (isinstance(given, np.ndarray) and isinstance(first, np.ndarray))


def _of_tensor(tensor: Any, name: str) -> np.ndarray:
    try:
        held = tensor.detach().cpu()
        return np.asarray(held.float() if str(held.dtype) == "torch.bfloat16" else held)  # NumPy has no such type
    except (AttributeError, TypeError, RuntimeError) as error:  # sparse, quantised, on the device "meta"
        raise UsageError(
            f"{name}: a tensor that cannot be an array: {shown(error, 80)}", hint="expected a dense tensor of numbers"
        ) from None


def _of_pandas(given: Any, name: str) -> np.ndarray:
    array = given.to_numpy()
    if array.dtype != object:
        return array
    missing = np.asarray(given.isna()).reshape(len(array), -1).any(axis=1)
    if missing.any():
        raise UsageError(
            f"{name}: {int(missing.sum()):,} rows with missing values, the first is row {int(missing.argmax())} (counted from 0)",
            hint="leave them out, for example by dropna()",
        )
    for kinds in (str, (int, float, np.number)):
        if all(isinstance(value, kinds) for value in array.ravel()):
            return np.array(array.tolist())  # words, or numbers of a column in which some might have been missing
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array  # a frame of one column of pictures


def _plain(array: np.ndarray) -> np.ndarray:
    """Numbers of a type that only machine learning knows (bfloat16) as float32."""
    return array.astype(np.float32) if array.dtype.type.__module__ == "ml_dtypes" else array


# ---------------------------------------------------------------- pictures


def gathered(elements: Iterable[Any], where: str, size: Size = None) -> np.ndarray:
    """Pictures or arrays as one array, (N, height, width) or (N, height, width, channels).

    `size` (height, width) is what pictures are brought to.  Raises InputRefused where they are of several sizes.
    """
    pile, colour = Pile(where), False
    with pillow_quiet:
        for number, element in enumerate(elements):
            pixels, in_colour = _pixels(element, f"{where}: image {number}", size)
            pile.add(pixels)
            colour = colour or in_colour
    numbers = range(len(pile))
    shapes = [_coloured(pile.form(number)[0], colour) for number in numbers]
    other = next((number for number in numbers if shapes[number] != shapes[0]), None)
    if other is not None:
        first, second = (" x ".join(map(str, shapes[number])) for number in (0, other))
        raise InputRefused(
            f"{where}: images of several sizes: image 0 is {first}, image {other} is {second} (height x width x channels), expected one size",
            hint="resize them first, or give pictures as a data set to load_data(..., size=(28, 28))",
        )
    dtype = np.result_type(*{pile.form(number)[1] for number in numbers}) if len(pile) else np.dtype(np.uint8)
    every = (in_mode(pile[number], "rgb")[np.newaxis] if colour else pile[number][np.newaxis] for number in numbers)
    return made((len(pile), *(shapes[0] if shapes else ())), dtype, every, where)


def _coloured(shape: tuple[int, ...], colour: bool) -> tuple[int, ...]:
    return (*shape, 3) if colour and len(shape) == 2 else shape


def _pixels(element: Any, where: str, size: Size) -> tuple[np.ndarray, bool]:
    """One picture's pixels, and whether it is a picture file's or Pillow's in colour."""
    kind = library(element)
    try:
        if isinstance(element, Mapping) and element.get("bytes") is None and element.get("path"):
            picture = decoded(element["path"], size)
            return picture.pixels, picture.pixels.ndim == 3
        if isinstance(element, (bytes, Mapping)):
            element = PictureBytes.of(element if isinstance(element, bytes) else element["bytes"], where).image
        elif kind != "PIL":
            return _of_array(element, where), False
        return prepared(element, size).pixels, element.mode not in GRAY_MODES
    except (BadPictureError, KeyError) as bad:
        raise InputRefused(f"{where}: {bad}") from None


def _of_array(element: Any, where: str) -> np.ndarray:
    """An array or tensor as (height, width) or (height, width, channels); PyTorch's pictures have their channels first."""
    array = as_array(element, where)
    if array.dtype.kind not in "biuf":
        raise InputRefused(
            f"{where}: of the type {shown(type(element).__name__)}, expected a picture or an array of numbers",
            hint="leave it out, or read it first",
        )
    if library(element) == "torch" and array.ndim == 3 and array.shape[0] in CHANNELS:
        array = array.transpose(1, 2, 0)
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
