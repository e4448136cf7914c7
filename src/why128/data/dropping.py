"""Classes that a person leaves out of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from why128.data.findings import class_list
from why128.data.found import Found, Part
from why128.data.images import Images
from why128.errors import InputRefused, UsageError, shown


def dropped(found: Found, classes: tuple[str, ...], labels: dict[str, np.ndarray], drop: Sequence[str]) -> Found:
    """What was found without these classes; `labels` are each part's, (N,), as indexes into `classes`.

    Raises UsageError for a name that no class has, InputRefused where fewer than two classes are left.
    """
    unknown = [name for name in drop if name not in classes]
    if unknown:
        raise UsageError(
            f"{found.where}: no class is called '{shown(unknown[0], 40)}' that could be dropped; there are {class_list(list(classes))}",
            hint="write the name as it is listed, or leave out --drop",
        )
    rest = [code for code, name in enumerate(classes) if name not in drop]
    if len(rest) < 2:
        raise InputRefused(
            f"{found.where}: without {class_list(list(drop))} {len(rest)} of {len(classes)} classes is left, expected two or more",
            hint="a network learns to tell classes apart: drop fewer",
        )
    new = np.full(len(classes), -1, np.int32)
    new[rest] = np.arange(len(rest))
    parts = {name: _without(part, new[labels[name]]) for name, part in found.parts.items()}
    gone = sum(len(labels[name]) - len(part.pixels) for name, part in parts.items())
    line = f"{found.where}: {gone:,} images of {class_list(list(drop))} were left out, as was asked"
    kept = tuple(classes[code] for code in rest)
    return Found(found.where, found.name, parts, kept, found.scale, found.skipped, (*found.warnings, line))


def _without(part: Part, codes: np.ndarray) -> Part:
    rows = np.flatnonzero(codes >= 0)
    kept = Images(part.pixels, codes.astype(np.int32).clip(0)).take(rows)
    return Part(kept.pixels, kept.labels, _some(part.lines, rows), _some(part.files, rows))


def _some(values: Sequence[Any] | None, rows: np.ndarray) -> list[Any] | None:
    return None if values is None else [values[row] for row in rows]
