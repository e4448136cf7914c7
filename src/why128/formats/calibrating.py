"""Which numbers a byte stands for: all that some images bring about, or fewer, the rarest cut off, where answers stay nearer so.

A few very large numbers, as exp makes them, would leave the others hardly a byte between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from why128.formats.stepping import taken
from why128.formats.steps import Step

Range = tuple[float, float]

LOOKED_AT = 1000  # images, evenly among those given
RAREST = 1e-5, 1e-4, 1e-3  # shares of the numbers that are cut off at either end
WORTH = 0.9  # of the distance: what is not nearer than that keeps all numbers
STEPS = 255  # of a byte


def span(x: np.ndarray, rest: Sequence[Step]) -> Range:
    """The least and the greatest number of x (N, n) to tell apart; `rest` is what follows them in the network."""
    whole = float(x.min()), float(x.max())
    if not rest or not np.isfinite(whole).all():
        return whole
    some = x[:: max(1, len(x) // LOOKED_AT)]
    with np.errstate(over="ignore", invalid="ignore"):
        due = taken(rest, some)
        far = {cut: float(np.abs(taken(rest, _stored(some, cut)) - due).mean()) for cut in (whole, *_cuts(some))}
    nearest = min(far, key=lambda cut: far[cut] if np.isfinite(far[cut]) else np.inf)
    return nearest if far[nearest] < WORTH * far[whole] else whole


def _cuts(x: np.ndarray) -> list[Range]:
    ends = np.quantile(x, [share for rare in RAREST for share in (rare, 1 - rare)])
    return [(float(low), float(high)) for low, high in ends.reshape(-1, 2)]


def with_zero(told: Range) -> tuple[float, float, float]:
    """A range that holds 0, too: its ends, and the step from one byte to the next (1 where there is but one number)."""
    low, high = min(told[0], 0.0), max(told[1], 0.0)
    return low, high, (high - low) / STEPS or 1.0


def _stored(x: np.ndarray, cut: Range) -> np.ndarray:
    low, high, step = with_zero(cut)
    scale = np.float32(step)
    return (np.rint(np.clip(x, low, high) / scale) * scale).astype(np.float32)
