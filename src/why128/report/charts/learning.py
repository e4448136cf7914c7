"""One candidate's learning, and how far all candidates are: charts of a study that is watched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from why128.report.charts import look
from why128.report.charts.curves import EPOCHS
from why128.report.words import counted, percent

SEEN, UNSEEN = "images learned from", "validation images"
MANY = 400  # points of a chart, above which only lines are drawn

Curve = Sequence[float | None]


def learning(
    named: str, seen: Sequence[Curve], unseen: Sequence[Curve], going: Sequence[Curve] = (), every: int = 1
) -> dict[str, Any]:
    """Accuracy of one candidate after each epoch, a line a replicate; `going` are replicates under way, on validation images,
    after `every` so many epochs."""
    drawn = [(SEEN, curve, 1) for curve in seen] + [(UNSEEN, curve, 1) for curve in unseen]
    drawn += [(UNSEEN, curve, every) for curve in going]
    rows: list[dict[str, Any]] = [
        {"epoch": epoch * step, "value": look.points(value), "series": series, "line": str(number)}
        for number, (series, curve, step) in enumerate(drawn)
        for epoch, value in enumerate(curve, 1)
    ]
    last = max((row["epoch"] for row in rows), default=1)
    ticks = {"values": list(range(1, last + 1, math.ceil(last / EPOCHS))), "format": "d", "grid": False}
    ends = [curve[-1] for curve in [*unseen, *going] if curve]
    mean = sum(value or 0.0 for value in ends) / len(ends) if ends else 0.0
    colour = {
        "field": "series", "type": "nominal", "scale": look.colours([UNSEEN, SEEN], (look.VALIDATION, look.TRAINING)),
        "legend": {"orient": "top", "direction": "horizontal", "title": None, "symbolType": "stroke"},
    }  # fmt: skip
    points = {"point": {"filled": True, "size": 18}} if len(rows) <= MANY else {}
    return look.chart(
        f"{named}: learning over {counted(last, 'epoch')}",
        f"Accuracy of {named} after each of {counted(last, 'epoch')}, {counted(len(ends), 'replicate')}; "
        f"on validation images {percent(mean)} after the last.",
        width=look.WIDTH,
        height=look.HEIGHT,
        data=look.values(rows),
        mark={"type": "line", "strokeWidth": 1.8, "opacity": 0.8, **points},
        encoding={
            "x": {**look.quantity("epoch", "epochs", domain=[min(1, last - 1), max(last, 1)]), "axis": ticks},
            "y": look.quantity("value", "accuracy (%)", domain=look.band([row["value"] for row in rows])),
            "color": colour,
            "detail": {"field": "line"},
        },
    )


def under_way(accuracies: Mapping[str, float | None]) -> dict[str, Any]:
    """Where every candidate is now, by its label, in its first replicate: before anything can be said of widths."""
    labels = list(accuracies)
    rows: list[dict[str, Any]] = [
        {"label": label, "value": look.points(value)} for label, value in accuracies.items() if value is not None
    ]
    best = max(rows, key=lambda row: row["value"] or 0.0, default=None)
    so_far = f"; the best so far is {best['value']:.1f} % with {best['label']}" if best else ""
    return look.chart(
        "Accuracy so far, in the first replicate",
        f"Accuracy on validation images of {counted(len(labels), 'candidate')} while the first replicate trains{so_far}.",
        width=look.WIDTH,
        height=look.HEIGHT,
        data=look.values(rows),
        layer=[
            {"mark": {"type": "point", "filled": True, "size": 60, "color": look.VALIDATION, "opacity": 1}},
            {"mark": {"type": "line", "strokeWidth": 2, "color": look.VALIDATION}, "transform": [{"filter": "datum.label != '0'"}]},
        ],
        encoding={
            "x": {
                "field": "label", "type": "nominal", "title": "neurons", "sort": labels, "scale": {"domain": labels},
                "axis": {"labelAngle": 0},
            },
            "y": look.quantity("value", "accuracy (%)", domain=look.band([row["value"] for row in rows])),
        },
    )  # fmt: skip
