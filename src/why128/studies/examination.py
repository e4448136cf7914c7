"""The examination of the chosen network: its one look at the test images, and what it got wrong there.

Where no test images could be set aside, validation images stand in for them, and it says so.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from why128.addresses import draws
from why128.data.files import opened
from why128.data.images import Images, as_bytes
from why128.data.room import check_room
from why128.errors import shown
from why128.network import Network
from why128.statistics.calibration import Calibration, by_chance, calibration, temperature, tempered
from why128.statistics.intervals import Interval, wilson

MOST_MISTAKES = 24  # pictures that are kept: a person looks at no more
# What NumPy and zipfile raise for files that are cut, overwritten, or another kind of archive.
DAMAGED = (
    ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error,
    MemoryError,  # a header that declares terabytes
)  # fmt: skip
MOST_PLAIN, MOST_RATIO = 1 << 26, 20  # bytes that any may unpack to, and times its size: probabilities hardly deflate


@dataclass(frozen=True, eq=False)
class Mistake:
    """An image that the network answered wrongly."""

    pixels: np.ndarray  # (height, width) or (height, width, 3), bytes
    true: int
    answered: int
    probability: float  # of its answer


@dataclass(frozen=True, eq=False)
class Examination:
    """What the network answered, image by image."""

    part: str  # "test", or "validation" where there are no test images
    probabilities: np.ndarray  # (N, C) float32
    labels: np.ndarray  # (N,)
    mistakes: tuple[Mistake, ...]  # the most confident first
    temperature: float | None  # that suits the validation images; None where they set no bound to it

    @property
    def answers(self) -> np.ndarray:
        """The class that each answer names.  # (N,)"""
        return self.probabilities.argmax(1)

    def accuracy(self, confidence: float) -> Interval:
        """The share answered rightly, with Wilson's interval."""
        return wilson(int((self.answers == self.labels).sum()), len(self.labels), confidence)

    @cached_property
    def confusion(self) -> np.ndarray:
        """How often each true class (row) was answered as each class (column).  # (C, C)"""
        classes = self.probabilities.shape[1]
        return np.bincount(self.labels * classes + self.answers, minlength=classes**2).reshape(classes, classes)

    @cached_property
    def calibration(self) -> Calibration | None:
        """Whether its probabilities mean what they say."""
        return calibration(self.probabilities, self.labels)

    @cached_property
    def by_chance(self) -> Interval | None:
        """The calibration error that probabilities like these would show if they meant what they say."""
        return by_chance(self.probabilities, draws(0, "calibration by chance"))

    @cached_property
    def calibrated(self) -> Calibration | None:
        """The calibration after the temperature; None where there is none."""
        if self.temperature is None:
            return None
        return calibration(tempered(self.probabilities, self.temperature), self.labels)

    def packed(self) -> bytes:
        """The examination as a file's bytes (NumPy's .npz)."""
        file = io.BytesIO()
        mistakes = self.mistakes
        np.savez_compressed(
            file, part=np.array(self.part), probabilities=self.probabilities, labels=self.labels,
            temperature=np.array(np.nan if self.temperature is None else self.temperature), pixels=np.array([m.pixels for m in mistakes], np.uint8),
            true=np.array([m.true for m in mistakes], int), answered=np.array([m.answered for m in mistakes], int),
            probability=np.array([m.probability for m in mistakes], float),
        )  # fmt: skip
        return file.getvalue()

    @classmethod
    def unpacked(cls, content: bytes) -> Examination:
        """The inverse of `packed`.  Raises ValueError for what is none."""
        try:
            _check_size(content)
            with np.load(io.BytesIO(content), allow_pickle=False) as kept:
                columns = (kept["pixels"], *(kept[name].tolist() for name in ("true", "answered", "probability")))
                mistakes = tuple(Mistake(*row) for row in zip(*columns, strict=True))
                suits = float(kept["temperature"])
                found = cls(
                    str(kept["part"]),
                    kept["probabilities"],
                    kept["labels"],
                    mistakes,
                    None if np.isnan(suits) else suits,
                )
        except DAMAGED as fault:
            raise ValueError(f"no examination: {fault!r}") from None
        if found.probabilities.ndim != 2 or found.labels.shape != found.probabilities.shape[:1]:
            raise ValueError(f"{len(found.labels)} labels, but answers {found.probabilities.shape}")
        return found


def kept(path: Path) -> Examination | None:
    """The examination in a file; None where there is none.

    Raises ValueError for what is no examination, InputRefused for what is no plain file, SurroundingsError where it cannot
    be read or held.
    """
    if not os.path.lexists(path):
        return None
    with opened(path) as file:
        check_room(os.fstat(file.fileno()).st_size, shown(path))
        return Examination.unpacked(file.read())


def examine(network: Network, images: Images, part: str, validation: Images) -> Examination:
    """Let a network answer images, once; `validation` are those by which its temperature is chosen."""
    answers = np.concatenate([network.probabilities(some) for some in network.inputs(images.pixels)])  # (N, C)
    chosen = answers.argmax(1)
    sure = np.where(chosen == images.labels, -1.0, answers.max(1))  # (N,)
    wrong = np.argsort(-sure, kind="stable")[: min(MOST_MISTAKES, int((sure >= 0).sum()))]
    mistakes = tuple(
        Mistake(as_bytes(images.pixels[i]), int(images.labels[i]), int(chosen[i]), float(sure[i])) for i in wrong
    )
    held_out = np.concatenate([network.probabilities(some) for some in network.inputs(validation.pixels)])
    return Examination(part, answers, images.labels, mistakes, temperature(held_out, validation.labels))


def _check_size(content: bytes) -> None:
    """Raises ValueError for a file that would unpack to much more than an examination can."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size, limit = sum(each.file_size for each in archive.infolist()), max(MOST_PLAIN, MOST_RATIO * len(content))
    if size > limit:
        raise ValueError(f"it unpacks to {size:,} bytes, the limit is {limit:,}")
