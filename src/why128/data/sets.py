"""Data sets of other libraries, each one object: a pandas frame, a Dataset of Hugging Face's datasets, one of PyTorch or torchvision.

Nothing of those libraries is imported: an object is known by what it can do (objects.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128.data.found import TEST, TRAIN, Found, Part, Reading
from why128.data.header import LABEL_NAMES, label_column, pixel_order
from why128.data.layout import PART_WORDS, quoted
from why128.data.objects import Size, as_array, gathered, is_list, library
from why128.data.spool import blocks
from why128.errors import InputRefused, shown

IMAGE_NAMES = {"image", "images", "img", "picture", "pixels", "pixel_values", "x"}
TRANSFORMS = ("transform", "target_transform", "transforms")  # what torchvision's data sets do to each item


@dataclass(frozen=True, eq=False)
class Labelled:
    """A data set that came as one object."""

    images: np.ndarray  # (N, ...)
    labels: np.ndarray  # (N,)
    classes: tuple[str, ...] | None  # where the object names them: labels are indexes into it
    warnings: tuple[str, ...] = ()


def is_set(given: object) -> bool:
    """Whether this is images and labels in one object: a frame, a Dataset of datasets or PyTorch, one of torchvision's."""
    if isinstance(given, np.ndarray):
        return False
    if library(given) == "pandas":
        return len(getattr(given, "columns", ())) > 1
    if isinstance(given, (Sequence, Mapping)) or hasattr(given, "__array__"):
        return False
    return hasattr(given, "__len__") and hasattr(given, "__getitem__")


def is_to_study(given: object) -> bool:
    """Whether `found` takes it: a data set, a dictionary of them such as a DatasetDict, or two, to learn from and to test by."""
    if isinstance(given, Mapping):
        return bool(given) and all(map(is_set, given.values()))
    if isinstance(given, (tuple, list)):
        return len(given) == 2 and all(map(is_set, given))
    return is_set(given)


def labelled(given: Any, where: str, size: Size = None) -> Labelled:
    """Images, labels and class names of a data set that is one object (`is_set`).

    `size` (height, width) is what its pictures are brought to.  Raises InputRefused for what has no labels, or images of
    several sizes.
    """
    if library(given) == "pandas":
        return _of_frame(given, where, size)
    classes = _classes(given, where)
    stored = _stored(given)
    if stored is not None:
        return Labelled(*stored, classes)
    labels: list[Any] = []

    def seen() -> Iterator[Any]:
        for image, label in _items(given, where):
            labels.append(label)
            yield image

    images = gathered(seen(), where, size)
    return Labelled(images, _labels(labels, where, classes), classes)


def pictures(given: Any, where: str) -> np.ndarray:
    """The images of a data set, whether it has labels or not."""
    if library(given) == "pandas":
        others = [index for index, name in enumerate(given.columns) if str(name).lower() not in LABEL_NAMES]
        return _of_columns(given, others or list(range(len(given.columns))), where, None)
    stored = _stored(given)
    return stored[0] if stored is not None else gathered((image for image, _ in _items(given, where)), where)


def _classes(given: Any, where: str) -> tuple[str, ...] | None:
    """The class names that it knows, in the order of its labels."""
    if _has_columns(given):
        names = getattr(given.features.get(_columns(given, where)[1]), "names", None)
    else:
        names = getattr(given, "classes", None)
        if names is None and hasattr(given, "dataset"):  # a Subset of another
            return _classes(given.dataset, where)
    names = names.tolist() if isinstance(names, np.ndarray) else names
    if not is_list(names) or not names:
        return None
    return tuple(name if isinstance(name, str) else ", ".join(map(str, name)) for name in names)


def _stored(given: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """The arrays in which torchvision holds all images, where what it gives one by one is no other: much sooner."""
    own = type(given).__module__.split(".")[0] == "torchvision"
    if not own or any(getattr(given, name, None) is not None for name in TRANSFORMS):
        return None
    if not all(hasattr(given, name) for name in ("data", "targets")):
        return None
    images, labels = as_array(given.data), as_array(given.targets)
    return (images, labels) if images.ndim in (3, 4) and labels.shape == (len(given),) == images.shape[:1] else None


def _items(given: Any, where: str) -> Iterator[tuple[Any, Any]]:
    """Each image with its label, None where there is none."""
    columns = _columns(given, where) if _has_columns(given) else None
    rows = given if columns else (given[number] for number in range(len(given)))
    for number, item in enumerate(rows):
        image, label = columns or _keys(item)
        if isinstance(item, Mapping) and image in item:
            yield item[image], item.get(label)
        elif isinstance(item, (tuple, list)) and len(item) == 2:
            yield item[0], item[1]
        else:
            raise InputRefused(
                f"{where}: item {number} is of the type {shown(type(item).__name__)}, expected (image, label), or a dictionary with image and label",
                hint="give the arrays themselves: (x, y)",
            )


def _keys(item: Any) -> tuple[str, str]:
    keys = [key for key in item if isinstance(key, str)] if isinstance(item, Mapping) else []
    image, label = (next((k for k in keys if k.lower() in names), "") for names in (IMAGE_NAMES, LABEL_NAMES))
    return image, label


def _has_columns(given: Any) -> bool:
    """Whether it is one of Hugging Face's, whose columns say what they hold."""
    return isinstance(getattr(given, "features", None), Mapping)


def _columns(given: Any, where: str) -> tuple[str, str]:
    """The columns of images and of labels, by their features, else by their names; a label's is "" where there is none."""
    kinds = {name: type(feature).__name__ for name, feature in given.features.items()}
    images = [name for name, kind in kinds.items() if kind == "Image"] or [
        name for name in kinds if name.lower() in IMAGE_NAMES
    ]
    labels = [name for name, kind in kinds.items() if kind == "ClassLabel"] or [
        name for name in kinds if name.lower() in LABEL_NAMES
    ]
    if len(labels) > 1:
        labels = [name for name in labels if name.lower() in LABEL_NAMES] or labels
    if len(images) != 1 or len(labels) > 1:
        raise InputRefused(
            f"{where}: expected one column of images and one of labels, found {quoted(kinds)}",
            hint="keep those two: dataset.select_columns(['image', 'label'])",
        )
    return images[0], labels[0] if labels else ""


def _labels(labels: list[Any], where: str, classes: tuple[str, ...] | None) -> np.ndarray:
    missing = [number for number, label in enumerate(labels) if label is None]
    if missing:
        raise InputRefused(
            f"{where}: {len(missing):,} of {len(labels):,} labels are missing, the first is that of image {missing[0]}",
            hint="give one label for each image",
        )
    array = as_array(labels, f"{where}: labels")
    if classes is None:
        return array
    if array.dtype.kind not in "iuf" or array.ndim != 1 or (array % 1 != 0).any():
        raise InputRefused(
            f"{where}: labels of the type {array.dtype} and the shape {array.shape}, expected whole numbers from 0 to {len(classes) - 1}: "
            f"its {len(classes)} classes have names",
            hint="a target_transform, or another column, may have changed them",
        )
    return array.astype(np.int64)


def _of_frame(frame: Any, where: str, size: Size) -> Labelled:
    """A frame with a column of labels, and one of pictures or one for each pixel."""
    names = [str(name) for name in frame.columns]
    label, warnings = label_column(names, where, f"{where}: columns")
    others = [index for index in range(len(names)) if index != label]
    labels = as_array(frame.iloc[:, label], f"{where}: {shown(names[label], 40)}")
    order, more = pixel_order(names, label, where, f"{where}: columns")
    pixels = _of_columns(frame, list(order or others), where, size)
    return Labelled(pixels, labels, None, warnings + more)


def _of_columns(frame: Any, columns: list[int], where: str, size: Size) -> np.ndarray:
    """The images in one column of pictures, or in one for each pixel."""
    first = frame.iloc[:, columns[0]]
    if len(columns) == 1 and getattr(first.dtype, "kind", "O") == "O":  # Arrow's lists say "O" too
        return gathered(first.to_numpy(), where, size)
    return as_array(frame.iloc[:, columns], where)


def found(given: Any, reading: Reading) -> Found:
    """What a data set, a dictionary of them, or a pair (to learn from, to test by) holds."""
    parts, ignored = _parts(given)
    whose = {name: type(each).__name__ for name, each in parts.items()}
    name = whose[TRAIN]
    read = {part: labelled(each, whose[part], reading.size) for part, each in parts.items()}
    classes, warnings = read[TRAIN].classes, [line for each in read.values() for line in each.warnings]
    if ignored:
        warnings.append(f"{name}: parts that were not asked for are left unread: {quoted(ignored)}")
    images = {part: each.images for part, each in read.items()}
    if all(map(_is_gray, images.values())):
        images = {part: array[..., :1] for part, array in images.items()}
        warnings.append(f"{name}: all pictures are gray, though in RGB: read as gray")
    labels = {part: each.labels for part, each in read.items()}
    if classes is not None:
        classes, labels, more = _with_images(classes, labels, name)
        warnings += more
    return Found(name, name, {p: Part(images[p], labels[p]) for p in read}, classes, warnings=tuple(warnings))


def _parts(given: Any) -> tuple[dict[str, Any], list[str]]:
    """The data sets by TRAIN, VALIDATION and TEST, and the names of those that are none of these."""
    if not isinstance(given, Mapping):
        return dict(zip((TRAIN, TEST), given if isinstance(given, (tuple, list)) else (given,), strict=False)), []
    parts: dict[str, Any] = {}
    ignored = []
    for name, each in given.items():
        part = PART_WORDS.get(str(name).lower())
        if part is None or part in parts:
            ignored.append(str(name))
        else:
            parts[part] = each
    if TRAIN not in parts:
        raise InputRefused(
            f"{type(given).__name__}: no part is called train, found {quoted(map(str, given))}",
            hint="give the one to learn from: data['train']",
        )
    return parts, ignored


def _is_gray(images: np.ndarray) -> bool:
    """Whether pictures in RGB are all gray."""
    if images.ndim != 4 or images.shape[3] != 3:
        return False
    return all((block == block[..., :1]).all() for block in blocks(images))


def _with_images(
    classes: tuple[str, ...], labels: dict[str, np.ndarray], where: str
) -> tuple[tuple[str, ...], dict[str, np.ndarray], list[str]]:
    """Only the classes that have an image to learn from, numbered anew, and a line where others were left out."""
    there = sorted({label for label in np.unique(labels[TRAIN]).tolist() if 0 <= label < len(classes)})
    lost = [name for number, name in enumerate(classes) if number not in there]
    sound = all(((array >= 0) & (array < len(classes))).all() for array in labels.values())
    if not lost or not sound or not there:
        return classes, labels, []
    for part, array in labels.items():
        strange = np.setdiff1d(array, there)
        if len(strange):
            raise InputRefused(
                f"{where}: {part} part: labels that no training image has: {quoted(classes[label] for label in strange)}",
                hint="give images of every class to learn from",
            )
    line = f"{where}: classes without an image are left out: {quoted(lost)}"
    anew = {part: np.searchsorted(there, array) for part, array in labels.items()}
    return tuple(classes[number] for number in there), anew, [line]
