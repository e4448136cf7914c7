"""What a person hands to `fit` and `evaluate`, read into the arrays that the engine takes, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np

from why128.data.images import Dataset, Images
from why128.data.objects import as_array
from why128.data.sets import is_set, labelled, pictures
from why128.errors import InputRefused, UsageError, shown
from why128.layers import Shape
from why128.losses import Loss, SparseCategoricalCrossentropy
from why128.network import Network, flat_images


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled images, read: what is learned from or judged by."""

    images: np.ndarray  # (N, D) bytes or float32
    targets: np.ndarray  # (N,) int32, or (N, C) float32
    weights: np.ndarray  # (N,) float32, how much each counts

    def take(self, part: slice) -> Examples:
        """Some of them."""
        return Examples(self.images[part], self.targets[part], self.weights[part])


def images(x: object, due: Shape, name: str = "x") -> np.ndarray:
    """Images as rows, bytes kept as bytes and all else float32: (N, ...) of shape `due` to (N, D).

    Raises UsageError for what is no array of finite numbers, InputRefused where the shapes do not fit.
    """
    array = as_array(x, name)
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{name}: expected an array of numbers, got {array.dtype}", hint="for example images / 255.0")
    flat = flat_images(array, due)  # (N, D)
    if not len(flat):
        raise UsageError(f"{name}: no images in an array of shape {array.shape}")
    if array.dtype == np.uint8:
        return flat
    flat = np.asarray(flat, np.float32)
    if not np.isfinite(flat).all():
        row = int(np.flatnonzero(~np.isfinite(flat).all(axis=1))[0])
        raise UsageError(f"{name}: expected finite numbers, got NaN or infinity in image {row}")
    return flat


def targets(y: object, count: int, classes: int, loss: Loss, name: str = "y") -> np.ndarray:
    """What `loss` asks for: whole numbers (N,) int32, or as many numbers as the network answers (N, C) float32.

    Raises UsageError where they are missing, are not as many as the images, or do not fit.
    """
    if y is None:
        raise UsageError(f"{name}: labels are missing", hint="call fit(images, labels)")
    array = as_array(y, name)
    if not array.ndim or len(array) != count:
        given = f"{len(array):,}" if array.ndim else "a single value"
        raise UsageError(f"{name}: expected {count:,} labels, one an image, got {given}")
    if not isinstance(loss, SparseCategoricalCrossentropy):
        return _as_answers(array, classes, name)
    array = array.reshape(count) if array.size == count else array
    missing = np.isnan(array) if array.dtype.kind == "f" and array.ndim == 1 else np.zeros(count, bool)
    if missing.any():
        raise UsageError(
            f"{name}: {int(missing.sum()):,} of {count:,} labels are missing (NaN), the first is that of image {int(missing.argmax())}",
            hint="give one label for each image, or leave those out",
        )
    if array.ndim != 1 or array.dtype.kind not in "biuf" or not np.isfinite(array).all() or (array % 1 != 0).any():
        raise UsageError(
            f"{name}: expected whole numbers of shape ({count},), got {array.dtype} of shape {array.shape}",
            hint="one-hot targets go with loss='categorical_crossentropy'",
        )
    if array.min() < 0 or array.max() >= classes:
        worst = int(array.min() if array.min() < 0 else array.max())
        raise UsageError(
            f"{name}: expected labels from 0 to {classes - 1}, got {worst}",
            hint="the last layer needs one neuron a class",
        )
    return array.astype(np.int32)


def opened(x: object, y: object = None) -> tuple[np.ndarray, object, tuple[str, ...] | None]:
    """Images, labels and class names, from two arrays or a data set in one object; of two arrays no names are known."""
    if y is None and is_set(x):
        found = labelled(x, "x")
        return found.images, found.labels, found.classes
    return as_array(x), y, None


def unlabelled(x: object) -> np.ndarray:
    """Images, from an array or a data set."""
    return pictures(x, "x") if is_set(x) else as_array(x)


def _as_answers(array: np.ndarray, classes: int, name: str) -> np.ndarray:
    """Targets of the shape that the network answers."""
    given = array.reshape(-1, 1) if classes == 1 and array.size == len(array) else array
    if given.shape != (len(array), classes):
        raise UsageError(
            f"{name}: expected targets of shape ({len(array)}, {classes}), as the network answers, got {array.shape}",
            hint="whole-number labels go with loss='sparse_categorical_crossentropy'",
        )
    if given.dtype.kind not in "biuf" or not np.isfinite(given).all():
        raise UsageError(
            f"{name}: expected finite numbers, got {given.dtype}{' with NaN or infinity' * (given.dtype.kind == 'f')}"
        )
    return given.astype(np.float32)


def weights(sample: object, count: int) -> np.ndarray:
    """How much each image counts (N,) float32, 1 where nothing is given; raises UsageError."""
    each = np.ones(count, np.float32) if sample is None else as_array(sample, "sample_weight")
    if each.dtype.kind in "biuf":
        each = each.astype(np.float32)
    if each.dtype != np.float32 or each.shape != (count,) or not np.isfinite(each).all() or (each < 0).any():
        raise UsageError(f"sample_weight: expected {count:,} finite numbers of at least 0, got shape {each.shape}")
    return each


def by_class(examples: Examples, weights: Mapping[int, float] | None) -> Examples:
    """The examples, each weighed by its class as well; raises UsageError for a weight that cannot mean anything."""
    each = examples.weights
    if not isinstance(weights or {}, Mapping):
        raise UsageError(f"class_weight: expected a dictionary from class to weight, got {type(weights).__name__}")
    for label, weight in (weights or {}).items():
        if not isinstance(weight, Real) or not np.isfinite(float(weight)) or weight < 0:
            raise UsageError(
                f"class_weight: expected a finite number of at least 0 for class {shown(label)}, got {shown(repr(weight))}"
            )
        each = np.where(_classes(examples.targets) == label, each * np.float32(weight), each)
    return Examples(examples.images, examples.targets, each)


def _classes(targets: np.ndarray) -> np.ndarray:
    """The class that each target names.  # (N,)"""
    if targets.ndim == 1:
        return targets
    return targets.argmax(1) if targets.shape[1] > 1 else targets[:, 0]


def parted(examples: Examples, share: float) -> tuple[Examples, Examples | None]:
    """The last share of the examples held back, as Keras does; raises UsageError where a part would be empty."""
    count = len(examples.targets)
    if not isinstance(share, (int, float)) or not 0.0 <= share < 1.0:
        raise UsageError(f"validation_split: expected a number of at least 0 and below 1, got {shown(repr(share))}")
    cut = int(count * (1.0 - share))
    if share == 0.0:
        return examples, None
    if cut in (0, count):
        raise UsageError(f"validation_split: {share} of {count} images leaves one part without any")
    return examples.take(slice(cut)), examples.take(slice(cut, None))


def together(first: Examples, second: Examples | None) -> Examples:
    """All examples in one, the second after the first."""
    if second is None:
        return first
    pairs = ((first.images, second.images), (first.targets, second.targets), (first.weights, second.weights))
    return Examples(*(np.concatenate(pair) for pair in pairs))


def scale(x: np.ndarray) -> tuple[float, float]:
    """The values of black and white in images: bytes, or whatever goes beyond 1, mean 0..255."""
    black = -1.0 if x.min() < 0 else 0.0
    return (black, 255.0 if x.dtype == np.uint8 or x.max() > 1.5 else 1.0)


# ---------------------------------------------------------------- a data set, for a network that learned already


def as_learned(network: Network, data: Dataset) -> tuple[str, Images]:
    """The test part of a data set ("test"), or all its images ("all"), labels in the network's own order of classes.

    Raises InputRefused where shapes or class names do not fit.
    """
    if data.image_shape != network.image_shape:
        raise InputRefused(
            f"{shown(data.name)}: expected images of shape {network.image_shape} (height, width, channels), got {data.image_shape}"
        )
    part, images = ("all", data.train) if data.test is None else ("test", data.test)
    return part, Images(images.pixels, _places(network, data)[images.labels])


def to_learn_from(network: Network, data: Dataset) -> Images:
    """A data set's images to learn from, labels in the network's own order of classes; raises InputRefused as `as_learned`."""
    as_learned(network, data)
    return Images(data.train.pixels, _places(network, data)[data.train.labels])


def looked_at(network: Network, x: object, y: object = None) -> tuple[str, str, Images]:
    """A data set, or images x (N, ...) on the network's own scale and labels y (N,), as labelled pictures: its name, its part, the images.

    Raises UsageError for labels that are missing, InputRefused where shapes or class names do not fit.
    """
    if isinstance(x, Dataset):
        return (x.name, *as_learned(network, x))
    x, y, _ = opened(x, y)
    rows = images(x, network.input_shape)
    labels = targets(y, len(rows), max(2, network.ladder.classes), SparseCategoricalCrossentropy())
    black, white = network.preparation.scale
    if rows.dtype != np.uint8 or (black, white) != (0.0, 255.0):
        rows = ((rows - np.float32(black)) / np.float32(white - black)).astype(np.float32)
    return "", "all", Images(rows.reshape(-1, *network.image_shape), labels.astype(np.int32))


def _places(network: Network, data: Dataset) -> np.ndarray:
    """Where each class of the data is among the network's outputs."""
    known = network.classes or tuple(map(str, range(network.ladder.classes)))
    names = data.classes if network.classes else tuple(map(str, range(len(data.classes))))
    missing = [name for name in names if name not in known]
    if missing:
        raise InputRefused(
            f"{shown(data.name)}: class '{shown(missing[0])}' is not one of the network's ({shown(', '.join(known))})",
            hint="give data with the classes that the network learned",
        )
    return np.array([known.index(name) for name in names], np.int32)
