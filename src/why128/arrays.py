"""What a person hands to `fit` and `evaluate`, read into the arrays that the engine takes, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from why128.errors import UsageError, shown
from why128.layers import Shape
from why128.losses import CategoricalCrossentropy, Loss
from why128.network import flat_images


def images(x: object, due: Shape, name: str = "x") -> np.ndarray:
    """Images as rows, bytes kept as bytes and all else float32: (N, ...) of shape `due` to (N, D).

    Raises UsageError for what is no array of finite numbers, InputRefused where the shapes do not fit.
    """
    array = np.asarray(x)
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


def labels(y: object, count: int, classes: int, loss: Loss, name: str = "y") -> np.ndarray:
    """Whole-number labels (N,) int32 from what `loss` asks for: whole numbers, or one-hot rows.

    Raises UsageError where they are missing, are not as many as the images, or name a class that is not there.
    """
    if y is None:
        raise UsageError(f"{name}: labels are missing", hint="call fit(images, labels)")
    array = np.asarray(y)
    if len(array) != count:
        raise UsageError(f"{name}: expected {count:,} labels, one an image, got {len(array):,}")
    if isinstance(loss, CategoricalCrossentropy):
        return _one_hot(array, classes, name)
    array = array.reshape(count) if array.size == count else array
    if array.ndim != 1 or array.dtype.kind not in "biuf" or (array != np.floor(array)).any():
        raise UsageError(
            f"{name}: expected whole numbers of shape ({count},), got {array.dtype} of shape {array.shape}",
            hint="one-hot targets go with loss='categorical_crossentropy'",
        )
    if array.min() < 0 or array.max() >= classes:
        worst = int(array.min() if array.min() < 0 else array.max())
        raise UsageError(f"{name}: expected labels from 0 to {classes - 1}, got {worst}", hint="the last layer needs one neuron a class")
    return array.astype(np.int32)


def _one_hot(array: np.ndarray, classes: int, name: str) -> np.ndarray:
    if array.ndim != 2 or array.shape[1] != classes:
        raise UsageError(f"{name}: expected one-hot rows of shape ({len(array)}, {classes}), got {array.shape}", hint="whole-number labels go with loss='sparse_categorical_crossentropy'")
    if not (((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()):
        raise UsageError(f"{name}: expected a single 1 in every row; mixed targets are not supported")
    return array.argmax(axis=1).astype(np.int32)


def weights(sample: object, by_class: Mapping[int, float] | None, labels: np.ndarray) -> np.ndarray | None:
    """How much each image counts (N,) float32: sample weight times class weight; None where neither is given."""
    if sample is None and not by_class:
        return None
    each = np.ones(len(labels), np.float32) if sample is None else np.asarray(sample, np.float32)
    if each.shape != labels.shape or not np.isfinite(each).all() or (each < 0).any():
        raise UsageError(f"sample_weight: expected {len(labels):,} finite numbers of at least 0, got shape {each.shape}")
    for label, weight in (by_class or {}).items():
        if not isinstance(weight, (int, float)) or not np.isfinite(weight) or weight < 0:
            raise UsageError(f"class_weight: expected a finite number of at least 0 for class {shown(label)}, got {shown(repr(weight))}")
        each = np.where(labels == label, each * np.float32(weight), each)
    return each
