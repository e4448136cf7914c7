"""What the page shows of a data set: its counts, what is odd about it, and some images of every class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from why128.atlas.sheet import COLUMNS, sheet, small
from why128.data.catalogue import known
from why128.data.images import Dataset, as_bytes
from why128.errors import InputRefused, SurroundingsError
from why128.studio.source import Source

MOST_IMAGES = 480  # in a gallery: one picture of a few hundred kilobytes
MOST_OF_A_CLASS = 24
SIDE = 56  # pixels of an image in the gallery, at most
FIXES = {
    "--skip-bad": "skip_bad",
    "skip_bad": "skip_bad",
    "--size": "size",
}  # what a hint names: what the page can do about it


@dataclass(frozen=True)
class Gallery:
    """Some images of every class, on one sheet."""

    png: bytes
    columns: int
    width: int  # pixels of one image on the sheet
    height: int
    starts: tuple[int, ...]  # by class: which is its first image
    counts: tuple[int, ...]  # and how many there are


def described(source: Source) -> tuple[dict[str, Any], Gallery]:
    """A data set for the page.  Raises InputRefused, UsageError or SurroundingsError, as opening it does."""
    data = source.open()
    summary = data.summary()
    largest = max(summary["labels"].values())
    classes = [{"name": name, "images": count, "share": count / largest} for name, count in summary["labels"].items()]
    return {"source": asdict(source), "summary": summary, "classes": classes}, gallery(data)


def gallery(data: Dataset) -> Gallery:
    """Some images of every class, evenly from all."""
    each = max(1, min(MOST_OF_A_CLASS, MOST_IMAGES // len(data.classes)))
    found: list[np.ndarray] = []
    starts, counts = [], []
    for label in range(len(data.classes)):
        rows = np.flatnonzero(data.train.labels == label)
        some = rows[np.unique(np.linspace(0, len(rows) - 1, min(each, len(rows))).astype(int))] if len(rows) else rows
        starts.append(len(found))
        counts.append(len(some))
        found += [small(as_bytes(data.train.pixels[row]), SIDE) for row in some]
    height, width, _ = found[0].shape
    return Gallery(sheet(found), min(COLUMNS, len(found)), width, height, tuple(starts), tuple(counts))


def fix(refused: Exception) -> str | None:
    """What the page can do about data that is refused: "skip_bad", "size"; None where it can do nothing."""
    if not isinstance(refused, InputRefused | SurroundingsError):
        return None
    said = f"{refused} {refused.hint or ''}"
    return next((what for word, what in FIXES.items() if word in said), None)


def known_sets() -> list[dict[str, Any]]:
    """The data sets known by name, and whether each is on this machine."""
    return [{"name": one.name, "about": one.description, "here": one.find() is not None} for one in known()]
