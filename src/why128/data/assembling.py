"""From what a reader found to a data set: one shape, one scale, one list of classes for all parts."""

from __future__ import annotations

import numpy as np

from why128.data.dropping import dropped
from why128.data.findings import check_classes, class_list, class_warnings, is_constant, order_warnings, pixel_warnings
from why128.data.found import PLAIN, TEST, TRAIN, VALIDATION, Found, Part, Places, Reading
from why128.data.images import Dataset, Images
from why128.data.labels import Named, named, ordered
from why128.data.pictures import all_resized
from why128.data.repeats import repeat_warnings
from why128.data.scale import UNIT, check_finite, scale_of, scaled, span
from why128.data.shapes import as_images
from why128.data.spool import blocks, made
from why128.errors import InputRefused

Pixels = dict[str, np.ndarray]  # by part: (N, height, width, channels)


def dataset_from(found: Found, reading: Reading = PLAIN) -> Dataset:
    """The data set in `found`; raises InputRefused naming what does not fit together."""
    if reading.drop:
        found = dropped(found, *labelled(found), reading.drop)
    pixels, warnings = shaped(found, reading)
    pixels, scale, more = brought_to_scale(found, pixels)
    if reading.size is not None:
        pixels = {name: all_resized(array, reading.size, found.where) for name, array in pixels.items()}
    classes, labels = labelled(found)
    parts, merged = two_parts(found)
    train, test = (
        Images(joined(pixels, parts[name], found.where), joined(labels, parts[name], found.where))
        if name in parts
        else None
        for name in (TRAIN, TEST)
    )
    assert train is not None
    check_classes(found.where, classes, train)
    worth_saying = data_warnings(found, parts, classes, train, test)
    lines = (*found.warnings, *merged, *warnings, *more, *worth_saying)
    return Dataset(found.name, classes, train, test, scale, found.skipped, lines)


def data_warnings(
    found: Found, parts: dict[str, tuple[str, ...]], classes: tuple[str, ...], train: Images, test: Images | None
) -> tuple[str, ...]:
    """What a person should know about the images and labels themselves, one line each."""
    places = {name: Places(tuple((part, found.parts[part]) for part in of)) for name, of in parts.items()}
    place = places[TRAIN]
    lines = pixel_warnings(found.where, train, place) + class_warnings(found.where, classes, train, test, place)
    if found.classes is None:  # whoever names the classes, such as folders, has put them in order
        lines += order_warnings(found.where, classes, train, place)
    if not is_constant(train):
        lines += repeat_warnings(found.where, classes, (train, test), (place, places.get(TEST)))
    return lines


def whose(found: Found, part: str) -> str:
    """The start of a message about one part."""
    return found.where if part == TRAIN else f"{found.where}: {part} part"


def shaped(found: Found, reading: Reading) -> tuple[Pixels, tuple[str, ...]]:
    """Every part's pixels as images of one shape."""
    pixels: Pixels = {}
    warnings: tuple[str, ...] = ()
    for name, part in found.parts.items():
        check_finite(part.pixels, whose(found, name))
        pixels[name], more = as_images(part.pixels, whose(found, name), reading.size)
        warnings += more
    shape = pixels[TRAIN].shape[1:]
    for name, array in pixels.items():
        if array.shape[1:] != shape:
            raise InputRefused(
                f"{whose(found, name)}: its images are {size(array.shape[1:])}, those of the training part {size(shape)}",
                hint="both parts must be prepared alike",
            )
    return pixels, warnings


def size(shape: tuple[int, ...]) -> str:
    """An image's shape in words."""
    return " x ".join(str(side) for side in shape) + " (height x width x channels)"


def brought_to_scale(found: Found, pixels: Pixels) -> tuple[Pixels, str, tuple[str, ...]]:
    """Every part's pixels on one scale, its name, and what a person should know about it."""
    if found.scale is not None:
        return pixels, found.scale, ()
    groups: dict[np.dtype, list[str]] = {}
    for name, array in pixels.items():
        groups.setdefault(array.dtype, []).append(name)
    chosen = {}
    for dtype, names in groups.items():  # parts of one type share one range: a dark test part is not another scale
        spans = [span(pixels[name]) for name in names]
        chosen[names[0]] = scale_of(
            dtype, min(low for low, _ in spans), max(high for _, high in spans), whose(found, names[0])
        )
    scales = {scale for scale, _ in chosen.values()}
    if len(scales) > 1:
        words = ", ".join(f"{name} {scale.name}" for name, (scale, _) in chosen.items())
        raise InputRefused(
            f"{found.where}: the parts are on different scales: {words}", hint="both parts must be prepared alike"
        )
    scale = scales.pop()
    warnings = tuple(line for _, lines in chosen.values() for line in lines)
    if scale is UNIT and found.parts[TRAIN].lines is not None:  # in a text file nothing but the numbers tells the scale
        warnings += (f"{found.where}: pixels are decimals in 0 to 1: read on the scale 0-1",)
    converted = {name: scaled(array, scale, found.where) for name, array in pixels.items()}
    if len({array.dtype for array in converted.values()}) > 1:  # bytes hold one part exactly, but not the other
        converted = {
            name: array if array.dtype == np.float32 else as_unit(array, found.where)
            for name, array in converted.items()
        }
    return converted, scale.name, warnings


def labelled(found: Found) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """The classes of the training part, and every part's labels as indexes into them, (N,) int32."""
    if found.classes is not None:
        return found.classes, {name: checked_codes(found, name, part) for name, part in found.parts.items()}
    parts = {name: named(part, whose(found, name)) for name, part in found.parts.items()}
    classes = ordered(parts[TRAIN].names)
    return classes, {name: coded(found, name, part, classes) for name, part in parts.items()}


def checked_codes(found: Found, name: str, part: Part) -> np.ndarray:
    """Labels that are indexes into given classes already."""
    codes = np.asarray(part.labels)
    assert found.classes is not None
    if codes.min() < 0 or codes.max() >= len(found.classes):
        raise InputRefused(
            f"{whose(found, name)}: labels from {codes.min()} to {codes.max()}"
            f", expected the {len(found.classes)} classes 0 to {len(found.classes) - 1} of {found.name}"
        )
    return np.asarray(codes, np.int32)


def coded(found: Found, name: str, part: Named, classes: tuple[str, ...]) -> np.ndarray:
    """The labels of one part as indexes into `classes`."""
    index = {label: code for code, label in enumerate(classes)}
    unseen = [label for label in part.names if label not in index]
    if unseen:
        count = int(np.isin(part.codes, [part.names.index(label) for label in unseen]).sum())
        raise InputRefused(
            f"{whose(found, name)}: labels that no training image has: {class_list(unseen)} ({count:,} image{'s'[: count != 1]})"
            f", expected the classes {class_list(list(classes))}"
        )
    return np.take(np.array([index[label] for label in part.names], np.int32), part.codes)


def two_parts(found: Found) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Which parts make up the training and the test part: a validation part joins the training part, or is the test part
    where there is none; and that said."""
    if VALIDATION not in found.parts:
        return {name: (name,) for name in found.parts}, ()
    count = len(found.parts[VALIDATION].pixels)
    if TEST not in found.parts:
        line = f"{found.where}: {count:,} validation images are taken as the test part: no other is given"
        return {TRAIN: (TRAIN,), TEST: (VALIDATION,)}, (line,)
    line = (
        f"{found.where}: {count:,} validation images join the images to learn from, of which some are held out anyway"
    )
    return {TRAIN: (TRAIN, VALIDATION), TEST: (TEST,)}, (line,)


def as_unit(array: np.ndarray, where: str) -> np.ndarray:
    """Bytes as float32 in 0..1."""
    return made(array.shape, np.float32, (b.astype(np.float32) / np.float32(255) for b in blocks(array)), where)


def joined(arrays: Pixels, parts: tuple[str, ...], where: str) -> np.ndarray:
    """The arrays of these parts, one after another; a single one is not copied."""
    own = [arrays[part] for part in parts]
    if len(own) == 1:
        return own[0]
    shape = (sum(map(len, own)), *own[0].shape[1:])
    return made(shape, own[0].dtype, (block for array in own for block in blocks(array)), where)
