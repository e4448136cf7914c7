"""The numbers behind a chart, as a table of texts: for whoever cannot see the chart, or wants to copy from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from why128.statistics.intervals import Interval


@dataclass(frozen=True)
class Table:
    """Headings and rows of texts, not yet escaped; the first cell of a row names it."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def share(value: float | None) -> str:
    """A share of 1 in per cent, without the sign, which stands in the heading; a dash where it is no number."""
    return "–" if value is None or not math.isfinite(value) else f"{100 * value:.1f}"


def signed(value: float) -> str:
    """A difference of shares, in points."""
    return f"{round(100 * value, 1) + 0.0:+.1f}"


def interval(found: Interval | None) -> str:
    """A share with its limits: "85.0 (83.4 to 86.5)"."""
    return "–" if found is None else f"{share(found.mean)} ({share(found.low)} to {share(found.high)})"
