"""Cost against accuracy, with the frontier: the candidates than which nothing cheaper is as good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from why128.report.charts import look
from why128.report.charts.table import Table, interval
from why128.report.words import percent
from why128.statistics.intervals import Interval

MEASURES = {  # what a cost is: the axis, and how a tick is written
    "bytes": (
        "size of the parameters as float32 (bytes, log scale)",
        "replace(format(datum.value, '.3~s'), regexp('([^0-9]?)$'), ' $1B')",
    ),
    "latency": (
        "time to answer one image (median and quartiles, log scale)",
        "replace(format(datum.value, '.3~s'), regexp('([^0-9]?)$'), ' $1s')",
    ),
}
ROOM = 1.5  # the axis goes on by this factor at both ends
NAMED = 16  # points: the names of more would cover each other


@dataclass(frozen=True)
class Priced:
    """One candidate: what it costs, and its validation accuracy in shares of 1."""

    label: str
    family: str
    cost: float
    accuracy: Interval
    enough: bool = False
    spread: tuple[float, float] | None = None  # the quartiles of a cost that was timed


def cost(priced: Sequence[Priced], measure: str, limit: float | None, title: str) -> dict[str, Any]:
    """Accuracy over cost; `measure` is a key of MEASURES, `limit` the most that a budget allows, if there is one."""
    axis, labels = MEASURES[measure]
    best = frontier(priced)
    named = _named(priced, best)
    rows = [_row(p, k in best, k in named) for k, p in enumerate(priced)]
    costs = [end for p in priced for end in (p.cost, *(p.spread or ()))] + ([limit] if limit else [])
    ends = [min(costs) / ROOM, max(costs) * ROOM]
    x = {
        "field": "cost", "type": "quantitative", "title": axis, "axis": {"labelExpr": labels, "grid": False, "values": look.ticks(*ends)},
        "scale": {"type": "log", "nice": False, "domain": ends},
    }  # fmt: skip
    heights = look.band([row[end] for row in rows for end in ("low", "high")])
    return look.chart(
        title,
        _description(priced, best, measure),
        width=look.WIDTH,
        height=look.HEIGHT,
        encoding={"x": x, "y": look.quantity("value", "validation accuracy (%)", domain=heights)},
        layer=[*_limit(limit), _frontier(rows), *_points(rows, priced)],
    )


def table(priced: Sequence[Priced], measure: str) -> Table:
    """The numbers of the chart."""
    best = frontier(priced)
    heading = {"bytes": "bytes (float32)", "latency": "latency of one image, µs"}[measure]
    scale = {"bytes": 1.0, "latency": 1e6}[measure]
    return Table(
        ("neurons", heading, "validation, % (interval)", "on the frontier"),
        tuple(
            (p.label, f"{scale * p.cost:,.0f}", interval(p.accuracy), "yes" if k in best else "no")
            for k, p in enumerate(priced)
        ),
    )


def frontier(priced: Sequence[Priced]) -> set[int]:
    """The places of the candidates more accurate than all that cost as little or less (Pareto's frontier)."""
    found, reached = set(), float("-inf")
    for k in sorted(range(len(priced)), key=lambda k: (priced[k].cost, -priced[k].accuracy.mean)):
        if priced[k].accuracy.mean > reached:
            found.add(k)
            reached = priced[k].accuracy.mean
    return found


def _named(priced: Sequence[Priced], best: set[int]) -> set[int]:
    """The candidates whose names have room: all, or those of the frontier, or only its ends and the verdict's."""
    if len(priced) <= NAMED and len({p.family for p in priced if p.family}) < 2:
        return set(range(len(priced)))
    if len(best) <= NAMED:
        return best
    order = sorted(best, key=lambda k: priced[k].cost)
    return {order[0], order[-1], *(k for k, p in enumerate(priced) if p.enough)}


def _row(one: Priced, best: bool, named: bool) -> dict[str, Any]:
    return {
        "cost": one.cost, "label": one.label if named else "", "frontier": best, "enough": one.enough,
        "fast": one.spread and one.spread[0], "slow": one.spread and one.spread[1],
        "family": one.family or "no neurons", **look.limits(one.accuracy),
    }  # fmt: skip


def _description(priced: Sequence[Priced], best: set[int], measure: str) -> str:
    cheapest, dearest = (pick(best, key=lambda k: priced[k].cost) for pick in (min, max))
    unit = {"bytes": "{:,.0f} bytes", "latency": "{:.3g} seconds for an image"}[measure]
    return (
        f"{len(best)} of {len(priced)} candidates are on the frontier, where nothing cheaper is as accurate: from "
        f"{priced[cheapest].label} neurons ({unit.format(priced[cheapest].cost)}, {percent(priced[cheapest].accuracy.mean)}) to "
        f"{priced[dearest].label} neurons ({unit.format(priced[dearest].cost)}, {percent(priced[dearest].accuracy.mean)})."
    )


def _limit(limit: float | None) -> list[dict[str, Any]]:
    if not limit:
        return []
    rule = {"mark": {"type": "rule", "color": look.QUIET, "strokeDash": [6, 4]}, "encoding": {"y": None}}
    mark = {"type": "text", "align": "right", "dy": -4, "baseline": "bottom", "color": look.QUIET, "fontSize": 11}
    label = {"mark": mark, "encoding": {"y": {"value": 0}, "text": {"value": "your budget"}}}
    return [{"data": look.values([{"cost": limit}]), "layer": [rule, label]}]


def _frontier(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Steps: between two candidates nothing is known to be better than the cheaper one."""
    steps = [row for row in rows if row["frontier"]]
    mark = {"type": "line", "interpolate": "step-after", "color": look.QUIET, "strokeWidth": 1.5}
    return {"data": look.values(steps), "mark": mark}


def _points(rows: list[dict[str, Any]], priced: Sequence[Priced]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(p.family for p in priced if p.family)) or ["no neurons"]
    several = len(names) > 1
    domain = [*names, "no neurons"] if several else list(dict.fromkeys(row["family"] for row in rows))
    palette = (*look.FAMILIES[: len(names)], look.BLACK) if several else (look.BLUE,)
    legend = {"orient": "top", "direction": "horizontal", "title": None, "offset": 24}
    scale = look.colours(domain, palette)
    colour = {"color": {"field": "family", "type": "nominal", "scale": scale, "legend": legend if several else None}}
    limits = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    timed = [row for row in rows if row["fast"] is not None]
    quartiles = {"x": {"field": "fast", "type": "quantitative"}, "x2": {"field": "slow"}}
    opacity = {"condition": {"test": "datum.frontier", "value": 1}, "value": 0.35}
    text = {"type": "text", "align": "right", "baseline": "bottom", "dx": -5, "dy": -5}
    ring = {"type": "point", "filled": False, "size": 190, "strokeWidth": 2.5, "color": look.CHOSEN, "opacity": 1}
    bar = {"type": "rule", "strokeWidth": 2, "opacity": 0.4}
    return [
        *([{"data": look.values(timed), "mark": bar, "encoding": {**quartiles, **colour}}] if timed else []),
        {
            "data": look.values(rows),
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.4},
            "encoding": {**limits, **colour},
        },
        {
            "data": look.values(rows),
            "mark": {"type": "point", "filled": True, "size": 70},
            "encoding": {**colour, "opacity": opacity},
        },
        {"data": look.values(rows), "mark": text, "encoding": {"text": {"field": "label"}}},
        {"data": look.values([row for row in rows if row["enough"]]), "mark": ring},
    ]
