"""scikit-learn's digits: 64 values 0 to 16 and a label in each line of a gzipped CSV file.

A value is the number of dark cells among 16; value / 16 is exact as float32 and would not be as a byte.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from why128.data.catalogue import KnownSet
from why128.data.found import TRAIN, Found, Part
from why128.data.stream import Stream
from why128.errors import InputRefused, shown

MOST = 1 << 20  # bytes: the published file unpacks to a quarter of that
SIDE, WHITE = 8, 16


def read_digits(path: Path, chosen: KnownSet) -> Found:
    """The digits at `path`; raises InputRefused when the file is not the published one."""
    with Stream(path) as stream:
        text = stream.read(MOST).decode("ascii", "replace")
    try:
        rows = np.loadtxt(text.splitlines(), delimiter=",", comments=None, ndmin=2)  # (N, 65)
    except ValueError:
        rows = np.empty((0, 0))
    if rows.shape[1:] != (SIDE * SIDE + 1,) or rows[:, :-1].min() < 0 or rows[:, :-1].max() > WHITE:
        raise InputRefused(
            f"{shown(path)}: not scikit-learn's digits: "
            f"expected lines of 64 values 0..16 and a label, found {rows.shape[0]:,} lines of {rows.shape[1]:,} numbers",
            hint="remove the file: it is then fetched again",
        )
    pixels = (rows[:, :-1] / WHITE).astype(np.float32).reshape(-1, SIDE, SIDE)
    return Found(shown(path), chosen.name, {TRAIN: Part(pixels, rows[:, -1].astype(np.int64))}, chosen.classes, "0-16")
