"""Learning curves: validation accuracy after each epoch, a line a candidate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from why128.report.charts import look
from why128.report.charts.rungs import Rung
from why128.report.charts.table import Table, share
from why128.report.words import percent

EPOCHS = 12  # ticks at most
MANY = 14  # candidates: above it the key takes two columns


def curves(rungs: Sequence[Rung], enough: int, title: str) -> dict[str, Any]:
    """The mean over replicates of validation accuracy; the line of the verdict's candidate (a place) is thick and red."""
    names = [rung.label for rung in rungs]
    rows: list[dict[str, Any]] = [
        {"epoch": epoch, "value": look.points(value), "neurons": rung.label, "enough": k == enough}
        for k, rung in enumerate(rungs)
        for epoch, value in enumerate(rung.curve, 1)
    ]
    scale = look.colours(
        names, tuple(look.VERMILION if k == enough else c for k, c in enumerate(look.shades(len(names))))
    )
    legend = {"title": "neurons", "symbolType": "stroke", "columns": 1 + (len(names) > MANY), "symbolLimit": len(names)}
    last = max((len(rung.curve) for rung in rungs), default=1)
    ticks = {"values": list(range(1, last + 1, math.ceil(last / EPOCHS))), "format": "d", "grid": False}
    return look.chart(
        title,
        _description(rungs, enough, last),
        width=look.WIDTH - 80,
        height=look.HEIGHT,
        encoding={
            "x": {**look.quantity("epoch", "epochs", domain=[min(1, last - 1), max(last, 1)]), "axis": ticks},
            "y": look.quantity("value", "validation accuracy (%)", domain=look.band([row["value"] for row in rows])),
            "color": {"field": "neurons", "type": "nominal", "scale": scale, "sort": names, "legend": legend},
        },
        layer=[
            _lines([row for row in rows if not row["enough"]], 1.8),
            _lines([row for row in rows if row["enough"]], 4),
        ],
    )


def _lines(rows: list[dict[str, Any]], width: float) -> dict[str, Any]:
    return {
        "data": look.values(rows),
        "mark": {"type": "line", "strokeWidth": width, "point": {"filled": True, "size": 18}},
    }


def table(rungs: Sequence[Rung]) -> Table:
    """The numbers of the chart: after the first, the middle and the last epoch."""
    last = max((len(rung.curve) for rung in rungs), default=0)
    epochs = sorted({0, last // 2, last - 1} & set(range(last)))
    headings = ("neurons", *(f"after epoch {e + 1}, %" for e in epochs))
    return Table(headings, tuple((r.label, *(share(r.curve[e]) for e in epochs if e < len(r.curve))) for r in rungs))


def _description(rungs: Sequence[Rung], enough: int, last: int) -> str:
    curve = rungs[enough].curve or (float("nan"),)
    return (
        f"Validation accuracy over {last} epochs, a line for each of {len(rungs)} candidates; with {rungs[enough].named}, "
        f"the thick red line, it goes from {percent(curve[0])} after the first epoch to {percent(curve[-1])} after the last."
    )
