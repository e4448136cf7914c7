"""Reliability: of the images answered with so much confidence, how many were answered rightly?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from why128.report.charts import look
from why128.report.charts.table import Table, interval, share
from why128.report.words import percent
from why128.statistics.intervals import Interval

SIDE = 340  # pixels: a square, so that the diagonal is one


@dataclass(frozen=True)
class Reliability:
    """One curve: bins of (confidence, accuracy, images), and the expected calibration error, in shares of 1."""

    name: str
    bins: tuple[tuple[float, Interval, int], ...]
    error: float


def reliability(curves: Sequence[Reliability], title: str) -> dict[str, Any]:
    """Accuracy over confidence; on the diagonal a probability means what it says."""
    names = [curve.name for curve in curves]
    rows = [
        {"curve": curve.name, "confidence": look.points(confidence), "images": images, **look.limits(accuracy)}
        for curve in curves
        for confidence, accuracy, images in curve.bins
    ]
    scale = look.colours(names, (look.VERMILION, look.BLUE))
    legend = (
        {"title": None, "orient": "top", "direction": "vertical", "symbolType": "circle"} if len(names) > 1 else None
    )
    colour = {"color": {"field": "curve", "type": "nominal", "scale": scale, "legend": legend}}
    size = {"field": "images", "type": "quantitative", "title": "images", "scale": {"range": [20, 320], "zero": True}}
    limits = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    ideal = [{"confidence": 0, "value": 0}, {"confidence": 100, "value": 100}]
    diagonal = {"type": "line", "strokeDash": [2, 3], "color": look.QUIET}
    return look.chart(
        title,
        _description(curves),
        width=SIDE,
        height=SIDE,
        encoding={
            "x": look.quantity("confidence", "confidence of the answer (%)", domain=[0, 100]),
            "y": look.quantity("value", "answered rightly (%)", domain=[0, 100]),
        },
        layer=[
            {"data": look.values(ideal), "mark": diagonal},
            {"data": look.values(rows), "mark": {"type": "rule", "opacity": 0.4, "strokeWidth": 2}, "encoding": {**limits, **colour}},
            {"data": look.values(rows), "mark": {"type": "line", "strokeWidth": 1.5, "opacity": 0.7}, "encoding": colour},
            {"data": look.values(rows), "mark": {"type": "point", "filled": True, "opacity": 0.9}, "encoding": {**colour, "size": size}},
        ],
    )  # fmt: skip


def table(curves: Sequence[Reliability]) -> Table:
    """The numbers of the chart."""
    return Table(
        ("probabilities", "confidence, %", "answered rightly, % (interval)", "images"),
        tuple((c.name, share(p), interval(found), f"{images:,}") for c in curves for p, found, images in c.bins),
    )


def _description(curves: Sequence[Reliability]) -> str:
    each = "; ".join(f"{curve.name}: expected calibration error {percent(curve.error)}" for curve in curves)
    return f"Share answered rightly against the confidence of the answer; on the diagonal the two are equal. {each}."
