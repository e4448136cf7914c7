"""Labelled images, ready to learn from: the two values that every reader ends in.

Whatever the format was, pixels are bytes 0..255 when bytes hold them exactly, and float32 in 0..1 otherwise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from why128.data.spool import PIECE, blocks, made, pieces

SEALED = -1  # the label of an image that is not to be looked at (division.py)
WORD = np.dtype("<u8")  # eight bytes, mixed as one number
# What mixes them: any odd numbers do, if they are always the same ones.
MIXING = np.random.default_rng(128).integers(0, 1 << 63, 3, np.uint64) | np.uint64(1)


@dataclass(frozen=True, eq=False)
class Images:
    """A labelled set of pictures."""

    pixels: (
        np.ndarray
    )  # (N, height, width, channels) uint8 in 0..255, or float32 in 0..1 when bytes cannot hold them exactly
    labels: np.ndarray  # (N,) int32, an index into Dataset.classes, or SEALED

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray | slice) -> Images:
        """The images at `rows`, in that order; `rows` are indexes or a mask of booleans, (N,), or a slice."""
        labels = self.labels[rows]
        if labels.min(initial=0) == SEALED:
            raise AssertionError("these images are sealed")
        if isinstance(rows, slice):
            return Images(self.pixels[rows], labels)
        chosen = np.arange(len(self))[rows]
        at_once = max(1, PIECE // max(1, self.pixels[:1].nbytes))
        some = (self.pixels[chosen[i : i + at_once]] for i in range(0, len(chosen), at_once))
        return Images(made((len(chosen), *self.pixels.shape[1:]), self.pixels.dtype, some, "images"), labels)

    @cached_property
    def digests(self) -> np.ndarray:
        """One digest for each image, (N,) uint64: equal images, equal digests; made once.

        Of a million different images two agree by chance once in forty million sets; it is no defence against whoever wants that.
        """
        flat = self.pixels.reshape(len(self), -1)
        found = np.empty(len(flat), np.uint64)
        width = -(
            -flat.shape[1] * flat.itemsize // WORD.itemsize
        )  # words of an image, the last one filled up with zeros
        place = MIXING[0] * np.arange(1, width + 1, dtype=np.uint64)  # a word counts otherwise in another place
        for rows in pieces(flat):
            own = np.ascontiguousarray(flat[rows]).view(np.uint8)  # (rows, bytes)
            padded = np.zeros((len(own), width * WORD.itemsize), np.uint8)
            padded[:, : own.shape[1]] = own
            words = (padded.view(WORD) + place) * MIXING[1]
            words ^= words >> np.uint64(32)
            words *= MIXING[2]
            words ^= words >> np.uint64(29)
            found[rows] = words.sum(axis=1, dtype=np.uint64)
        return found


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images to learn from, those given as a test part, and what a person should know about how they were read."""

    name: str  # what a person calls it: "fashion-mnist", "sample", or the file's or folder's own name
    classes: tuple[
        str, ...
    ]  # (C,) sorted by number when all are whole numbers, else by name; a known set's in its own order
    train: Images
    test: Images | None  # None: no test part was given
    scale: str  # how pixels came: "0-255", "0-1", "0-65535", "-1-1", "0/1" or "0-16"
    skipped: tuple[str, ...]  # what was left out as unreadable, by path relative to the source
    warnings: tuple[str, ...]  # one line each, already escaped

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every image."""
        height, width, channels = self.train.pixels.shape[1:]
        return height, width, channels

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 in hex over shapes, classes, pixels and labels: equal for equal data, whatever the format it came in."""
        digest = hashlib.sha256(repr(self.classes).encode("utf-8", "surrogatepass"))
        for part in (self.train, self.test):
            if part is None:
                digest.update(b"none")
                continue
            dtype = np.dtype("<f4") if part.pixels.dtype.kind == "f" else part.pixels.dtype
            digest.update(f"{dtype.str}{part.pixels.shape}".encode())
            for block in blocks(part.pixels):
                digest.update(np.ascontiguousarray(block, dtype).data)
            digest.update(np.ascontiguousarray(part.labels, dtype="<i4").data)
        return digest.hexdigest()

    def summary(self) -> dict[str, Any]:
        """What `why128 inspect --json` prints; counts are numbers of images, `labels` those of the training part."""
        counts = np.bincount(self.train.labels, minlength=len(self.classes)).tolist()
        return {
            "name": self.name,
            "count": len(self.train),
            "shape": list(self.image_shape),
            "labels": dict(zip(self.classes, counts, strict=True)),
            "classes": list(self.classes),
            "scale": self.scale,
            "test_count": 0 if self.test is None else len(self.test),
            "bad": list(self.skipped),
            "fingerprint": self.fingerprint,
            "warnings": list(self.warnings),
        }


def as_bytes(pixels: np.ndarray) -> np.ndarray:
    """One picture for a person to look at.  # (height, width) or (height, width, 3), bytes"""
    scaled = pixels if pixels.dtype == np.uint8 else np.clip(np.rint(pixels * 255), 0, 255).astype(np.uint8)
    return scaled[..., 0] if scaled.ndim == 3 and scaled.shape[2] == 1 else scaled
