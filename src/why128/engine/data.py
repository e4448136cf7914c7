"""The images of a run, and how batches of them come to a program.

On a processor they stay where they are (an array, or a file that is mapped), once for all cohorts, threads and processes: the
batches of a stretch of training are laid one after the other, a few MB at a time, so that there may be more images than memory.  On
accelerators, or several devices, they lie whole on each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from why128.engine.devices import on_each

NOBODY = -1  # a place in a batch that no image takes: the last batch of an epoch may be short
WINDOW = 8_000_000  # bytes of images that are laid out at a time, about: a tenth of a second's work
ALIGNED = 64  # bytes: XLA takes an array that begins at a multiple of them as it is, and copies any other


class Pool(NamedTuple):
    """Images as a program takes them: it is told which rows of them make a batch."""

    images: np.ndarray | jax.Array  # (M, D) bytes or float32
    targets: np.ndarray | jax.Array  # (M,) int32 labels, or (M, C) float32
    weights: np.ndarray | jax.Array  # (M,) float32, how much each image counts in the loss


@dataclass(frozen=True, eq=False)
class Data:
    """All images that a cohort may see; which of them are learned from is a list of rows."""

    all: Pool  # where they lie
    whole: bool  # whether programs take them all, because they lie where programs run

    @classmethod
    def of(
        cls, images: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None, over: Mesh | None = None
    ) -> Data:
        """Arrays as they are, or on each of several devices: images (N, D), targets (N,) or (N, C), weights (N,) or one each."""
        ones = np.ones(len(targets), np.float32) if weights is None else weights
        kind = np.int32 if targets.ndim == 1 else np.float32
        arrays = Pool(images, np.asarray(targets, kind), np.asarray(ones, np.float32))
        if over is None and jax.default_backend() == "cpu":
            return cls(arrays, False)
        return cls(jax.device_put(arrays, None if over is None else on_each(over)), True)

    def most(self, batches: np.ndarray) -> int:
        """How many of these batches (S, B), or (R, S, B), are laid out at a time."""
        steps, size = batches.shape[-2:]
        return steps if self.whole else min(steps, max(1, WINDOW // (size * self.all.images[:1].nbytes)))

    def laid_out(self, batches: np.ndarray, first: int, last: int) -> tuple[Pool, np.ndarray, int]:
        """What a program takes to see the batches `first` to `last` of (S, B) rows: a pool, batches of rows of it, and the number of the first.

        At most `most` of them; the arrays are as large for fewer, so that any number takes the same program.
        """
        if self.whole:
            return self.all, batches, 0
        most, size = self.most(batches), batches.shape[-1]
        rows = batches[first:last].ravel()
        laid = []
        for array in map(np.asarray, self.all):
            laid.append(_empty((most * size, *array.shape[1:]), array.dtype))
            np.take(array, rows, axis=0, out=laid[-1][: len(rows)], mode="clip")  # NOBODY's place: whatever there is
        places = np.full(most * size, NOBODY, np.int32)
        places[: len(rows)] = np.where(rows == NOBODY, NOBODY, np.arange(len(rows)))
        return Pool(*laid), places.reshape(most, size), first

    def one(self, batch: np.ndarray) -> tuple[Pool, np.ndarray]:
        """What a program takes to see one batch (B,) of rows, or (R, B): a pool, and the batch's rows of it."""
        if self.whole:
            return self.all, batch
        pool, places, _ = self.laid_out(batch[None], 0, 1)
        return pool, places[0]


def _empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array that programs need not copy."""
    size = math.prod(shape) * dtype.itemsize
    whole = np.empty(size + ALIGNED, np.uint8)
    start = -whole.ctypes.data % ALIGNED
    return whole[start : start + size].view(dtype).reshape(shape)
