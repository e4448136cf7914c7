"""Where the spread comes from: how far each source alone moves one network's accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from why128.report.charts import look
from why128.report.charts.table import Table


@dataclass(frozen=True)
class Source:
    """One source of spread: a standard deviation in shares of 1, with its limits where they are known."""

    name: str
    deviation: float
    low: float | None = None
    high: float | None = None


def spread(sources: Sequence[Source], title: str) -> dict[str, Any]:
    """A bar a source; those that were not measured are left out by the caller."""
    rows: list[dict[str, Any]] = [
        {"source": s.name, "value": look.points(s.deviation), "low": look.points(s.low), "high": look.points(s.high),
         "text": f"{100 * s.deviation:.2f}"}
        for s in sources
    ]  # fmt: skip
    names = [s.name for s in sources]
    highest = max((row[end] or 0.0 for row in rows for end in ("value", "high")), default=1.0)
    y = {
        "field": "source",
        "type": "nominal",
        "sort": names,
        "title": None,
        "axis": {"labelLimit": 190, "ticks": False},
    }
    x = look.quantity(
        "value", "standard deviation of one network's accuracy (points)", domain=[0, highest * 1.08 or 1.0]
    )
    limits = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}
    known = [row for row in rows if row["low"] is not None and row["high"] is not None]
    text = {"type": "text", "align": "left", "dx": 4, "dy": -9, "fontSize": 11}
    return look.chart(
        title,
        _description(sources),
        width=look.WIDTH - 110,
        height={"step": 38},
        encoding={"y": y, "x": x},
        layer=[
            {"data": look.values(rows), "mark": {"type": "bar", "color": look.SKY, "height": {"band": 0.62}}},
            {
                "data": look.values(known),
                "mark": {"type": "rule", "strokeWidth": 2, "color": look.INK},
                "encoding": limits,
            },
            {"data": look.values(rows), "mark": text, "encoding": {"text": {"field": "text"}}},
        ],
    )


def table(sources: Sequence[Source]) -> Table:
    """The numbers of the chart."""
    return Table(
        ("source", "standard deviation, points", "interval"),
        tuple((s.name, f"{100 * s.deviation:.2f}", _between(s)) for s in sources),
    )


def _between(source: Source) -> str:
    return "–" if source.low is None or source.high is None else f"{100 * source.low:.2f} to {100 * source.high:.2f}"


def _description(sources: Sequence[Source]) -> str:
    each = ", ".join(f"{s.name} {100 * s.deviation:.2f}" for s in sources)
    largest = max(sources, key=lambda s: s.deviation)
    return f"How far each source alone moves one network's accuracy, in points: {each}. The largest is {largest.name}."
