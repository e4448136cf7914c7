"""Error against width with a power law and its floor: what another doubling buys, and what no width will pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from why128.report.charts import look
from why128.report.charts.table import Table, interval
from why128.report.words import percent
from why128.statistics.intervals import Interval

ROOM = 1.25  # both axes go on by this factor
LOWEST = 0.5  # of the smallest error: limits below that are cut off


@dataclass(frozen=True)
class Fit:
    """A power law with a floor: error(w) = floor + scale · w^(-exponent), in shares of 1."""

    floor: Interval
    scale: float
    exponent: Interval
    line: tuple[tuple[float, Interval], ...]  # width, and the error there with its limits; limits nan where unknown


def growth(errors: Sequence[tuple[int, Interval]], fit: Fit, title: str) -> dict[str, Any]:
    """Validation error of each width (never 0 neurons, which no power law has a place for), and the fit through it."""
    rows: list[dict[str, Any]] = [{"width": width, **look.limits(error)} for width, error in errors]
    line: list[dict[str, Any]] = [{"width": width, **look.limits(error)} for width, error in fit.line]
    widths = [row["width"] for row in (*rows, *line)]
    shown = [row[end] for row in (*rows, *line) for end in ("value", "low", "high") if row[end] and row[end] > 0] or [
        1.0
    ]
    highest, least = max(shown), min((row["value"] for row in rows if row["value"]), default=1.0)
    floor = look.points(fit.floor.mean) or 0.0
    # a limit near 0 would stretch a logarithmic axis without end; the floor is worth a factor of ten
    lowest = max(min(shown), LOWEST * least)
    if floor > 0:
        lowest = max(min(lowest, floor), least / 10)
    ticks = {"values": sorted({row["width"] for row in rows}), "format": ",", "grid": False, "labelOverlap": "greedy"}
    x = {
        **look.quantity("width", "neurons (log scale)", type="log", domain=[min(widths) / ROOM, max(widths) * ROOM]),
        "axis": ticks,
    }
    y = look.quantity("value", "validation error (%, log scale)", type="log", domain=[lowest / ROOM, highest * ROOM])
    return look.chart(
        title,
        _description(errors, fit),
        width=look.WIDTH,
        height=look.HEIGHT,
        encoding={"x": x, "y": {**y, "axis": {"tickCount": 6, "format": "~g"}}},
        layer=[*_floor(floor, lowest), *_fitted(line, rows[-1]["width"]), *_measured(rows)],
    )


def table(errors: Sequence[tuple[int, Interval]], fit: Fit) -> Table:
    """The numbers of the chart."""
    at = dict(fit.line)
    return Table(
        ("neurons", "error, % (interval)", "by the power law, %"),
        tuple((f"{w:,}", interval(error), f"{100 * at[w].mean:.1f}" if w in at else "–") for w, error in errors),
    )


def _description(errors: Sequence[tuple[int, Interval]], fit: Fit) -> str:
    (first, high), (last, low) = errors[0], errors[-1]
    return (
        f"Validation error falls from {percent(high.mean)} with {first:,} to {percent(low.mean)} with {last:,} neurons. The power "
        f"law fitted is {percent(fit.floor.mean)} + {percent(fit.scale)} × neurons^−{fit.exponent.mean:.2f}; its floor lies "
        f"between {percent(fit.floor.low)} and {percent(fit.floor.high)}."
    )


def _floor(floor: float, lowest: float) -> list[dict[str, Any]]:
    if floor < lowest:
        return []  # 0, or too low to be shown: on a logarithmic axis there is no place for it
    row = {"value": floor, "text": f"floor {floor:.1f} %"}
    rule = {"mark": {"type": "rule", "strokeDash": [6, 4], "color": look.QUIET}, "encoding": {"x": None}}
    mark = {"type": "text", "align": "left", "baseline": "bottom", "dy": -3, "color": look.QUIET, "fontSize": 11}
    label = {"mark": mark, "encoding": {"x": {"value": 4}, "text": {"field": "text"}}}
    return [{"data": look.values([row]), "layer": [rule, label]}]


def _fitted(line: list[dict[str, Any]], widest: float) -> list[dict[str, Any]]:
    limits = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    known = [row for row in line if row["low"] and row["high"] and row["low"] > 0]
    area = {"type": "area", "opacity": 0.16, "color": look.VERMILION, "clip": True}
    curve = {"type": "line", "strokeWidth": 2, "color": look.VERMILION, "clip": True}
    beyond = [row for row in line if row["width"] >= widest]  # where nothing was measured: dashed
    return [
        *([{"data": look.values(known), "mark": area, "encoding": limits}] if known else []),
        {"data": look.values([row for row in line if row["width"] <= widest]), "mark": curve},
        {"data": look.values(beyond), "mark": {**curve, "strokeDash": [4, 4]}},
    ]


def _measured(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    limits = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    bar = {"type": "rule", "strokeWidth": 2, "opacity": 0.5, "color": look.VALIDATION, "clip": True}
    point = {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": look.VALIDATION, "clip": True}
    bars = [row for row in rows if row["low"] and row["low"] > 0]
    present = [row for row in rows if row["value"]]
    return [{"data": look.values(bars), "mark": bar, "encoding": limits}, {"data": look.values(present), "mark": point}]
