"""What a reader found, before anything is made of it: arrays as they lay in the file, and where they lay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from why128.errors import UsageError, shown

MOST_SIDE = 4_096  # pixels: one neuron on such an image would have 16 million weights
TRAIN, VALIDATION, TEST = "train", "validation", "test"
EXAMPLES = 3  # images that a line names: enough to look at, and to see a pattern


@dataclass(frozen=True)
class Reading:
    """How to read: the options of one reading."""

    size: tuple[int, int] | None = None  # (height, width) to which pictures are resized; None: kept, or chosen and said
    skip_bad: bool = False  # leave out unreadable pictures (listed, warned about) instead of refusing
    drop: tuple[str, ...] = ()  # classes to leave out, by their names

    def __post_init__(self) -> None:
        if self.size is not None and not (
            len(self.size) == 2 and all(isinstance(side, int) and 1 <= side <= MOST_SIDE for side in self.size)
        ):
            raise UsageError(
                f"size: expected (height, width) of 1 to {MOST_SIDE:,} pixels each, got {shown(self.size, 40)}",
                hint="for example (28, 28)",
            )

    @classmethod
    def typed(cls, size: str | None, skip_bad: bool, drop: Sequence[str]) -> Reading:
        """With the size as a person types it.  Raises UsageError where it is none."""
        return cls(None if size is None else parse_size(size), skip_bad, tuple(drop))


def parse_size(text: str) -> tuple[int, int]:
    """(height, width) from "28x28" or "28"; raises UsageError."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(p.isascii() and p.isdigit() and 0 < int(p[:6]) <= 1024 and len(p) <= 4 for p in parts):
        raise UsageError(f"--size: expected a height and a width from 1 to 1024, such as 28x28, got '{shown(text)}'")
    return int(parts[0]), int(parts[-1])


PLAIN = Reading()  # nothing asked for


@dataclass(frozen=True)
class Part:
    """Images and labels of one part, as they lay in the source."""

    pixels: np.ndarray  # (N, ...) any number type
    labels: np.ndarray | Sequence[str]  # (N,), or (N, C) of zeros and ones
    lines: Sequence[int] | None = None  # (N,) the line of each row in a text file
    files: Sequence[str] | None = None  # (N,) the file of each image, relative to the source

    def row(self, index: int) -> str:
        """How a person finds row `index` again: its file, its line in a text file, else its index, counted from 0."""
        if self.files is not None:
            return shown(self.files[index], 80)
        return f"image {index}" if self.lines is None else f"line {self.lines[index]}"


@dataclass(frozen=True)
class Places:
    """How a person finds images again that came from these parts, one after another."""

    parts: tuple[tuple[str, Part], ...]  # with their names

    def row(self, index: int) -> str:
        """As Part.row; beyond the first part also which one it is in."""
        _, first = self.parts[0]
        if index < len(first.pixels):
            return first.row(index)
        index -= len(first.pixels)
        name, second = self.parts[1]
        return f"{second.row(index)} of the {name} part"

    def examples(self, rows: Sequence[int] | np.ndarray) -> str:
        """The first few of these images; the rest is counted."""
        words = ", ".join(self.row(int(row)) for row in rows[:EXAMPLES])
        return words + (f" and {len(rows) - EXAMPLES:,} more" if len(rows) > EXAMPLES else "")


@dataclass(frozen=True)
class Found:
    """The parts of one source; `where` is its path, escaped, and opens every message about it."""

    where: str
    name: str
    parts: dict[str, Part]  # by TRAIN, VALIDATION and TEST
    classes: tuple[str, ...] | None = None  # given: labels are indexes into it already
    scale: str | None = None  # given: pixels are in 0..1 or bytes already
    skipped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
