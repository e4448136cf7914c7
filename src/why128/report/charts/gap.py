"""The gap between training and validation accuracy against neurons: what was learned by heart and does not carry over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from why128.report.charts import look
from why128.report.charts.rungs import Positions, Rung, families, links
from why128.report.charts.table import Table, share, signed


def gap(rungs: Sequence[Rung], threshold: float | None, title: str) -> dict[str, Any]:
    """The gap of every candidate with its interval.

    `threshold`: where on the axis (neurons, or parameters) a network has as many parameters as there are images × classes;
    it is marked where the axis reaches so far.
    """
    places = Positions.of(rungs)
    several = len(families(rungs)) > 1
    rows: list[dict[str, Any]] = [
        {
            "x": x,
            "family": rung.family or "no neurons",
            "piece": "wide" if rung.neurons else "none",
            **(look.limits(rung.gap) if rung.gap else dict.fromkeys(("value", "low", "high"))),
        }
        for x, rung in zip(places.places, rungs, strict=True)
    ]
    ends = look.band([0.0, *(row[end] for row in rows for end in ("low", "high"))])
    layers = [_zero(), *_marked(places, threshold), *_drawn(rows, rungs, several)]
    return look.chart(
        title,
        _description(rungs, places.within(threshold)),
        width=look.WIDTH,
        height=look.HEIGHT,
        encoding={"x": places.axis(), "y": look.quantity("value", "gap (points of accuracy)", domain=ends)},
        layer=layers,
    )


def table(rungs: Sequence[Rung]) -> Table:
    """The numbers of the chart."""
    return Table(
        ("neurons", "learned from, %", "validation, %", "gap, points (interval)"),
        tuple((r.label, share(r.training), share(r.validation.mean), _limits(r)) for r in rungs),
    )


def _limits(rung: Rung) -> str:
    if rung.gap is None:
        return "–"
    return f"{signed(rung.gap.mean)} ({signed(rung.gap.low)} to {signed(rung.gap.high)})"


def _description(rungs: Sequence[Rung], marked: bool) -> str:
    known = [(rung.gap.mean, rung.named) for rung in rungs if rung.gap]
    if not known:
        return f"All networks of all candidates ({len(rungs)}) diverged: there is no gap to show."
    (least, narrow), (most, wide), (last, widest) = min(known), max(known), known[-1]
    says = (
        f"Training minus validation accuracy lies between {signed(least)} points with {narrow} "
        f"and {signed(most)} points with {wide}; it is {signed(last)} with {widest}."
    )
    return says + " A line marks where there are as many parameters as images times classes." * marked


def _zero() -> dict[str, Any]:
    rule = {"type": "rule", "color": look.QUIET, "strokeWidth": 1.5}
    return {"data": look.values([{"value": 0}]), "mark": rule, "encoding": {"x": None}}


def _marked(places: Positions, threshold: float | None) -> list[dict[str, Any]]:
    """Where a network has parameters enough to learn every image by heart."""
    if threshold is None or not places.within(threshold):
        return []
    row = {"x": threshold, "text": "parameters = images × classes"}
    rule = {"mark": {"type": "rule", "color": look.QUIET, "strokeDash": [6, 4]}, "encoding": {"y": None}}
    left = threshold * threshold > places.ends[0] * places.ends[1]
    mark = {
        "type": "text",
        "align": "right" if left else "left",
        "dx": 1,
        "dy": -4,
        "baseline": "bottom",
        "fontSize": 11,
    }
    label = {
        "mark": {**mark, "color": look.QUIET},
        "encoding": {"y": {"value": 0}, "text": {"field": "text"}},
    }
    return [{"data": look.values([row]), "layer": [rule, label]}]


def _drawn(rows: list[dict[str, Any]], rungs: Sequence[Rung], several: bool) -> list[dict[str, Any]]:
    """Lines over the means, with an error bar each."""
    legend = {"orient": "top", "direction": "horizontal", "title": None, "symbolType": "stroke", "offset": 24}
    names = [*families(rungs), *(["no neurons"] if any(not r.neurons for r in rungs) else [])]
    palette = tuple(
        look.BLACK if name == "no neurons" else look.FAMILIES[i % len(look.FAMILIES)] for i, name in enumerate(names)
    )
    scale = look.colours(names, palette)
    colour = {"color": {"field": "family", "type": "nominal", "scale": scale, "legend": legend}} if several else {}
    plain = {} if several else {"color": look.PURPLE_INK}
    limits = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    bar = {"type": "rule", "strokeWidth": 2, "opacity": 0.55, **plain}
    line = {"type": "line", "strokeWidth": 2.5, "point": {"filled": True, "size": 55, **plain}, **plain}
    joined = [rows[k] for pair in links(rungs) for k in pair]
    dashed = {"type": "line", "strokeDash": [2, 4], "strokeWidth": 1.5, **plain}
    return [
        {"data": look.values(rows), "mark": bar, "encoding": {**limits, **colour}},
        {"data": look.values(rows), "mark": line, "encoding": {**colour, "detail": {"field": "piece"}}},
        *([{"data": look.values(joined), "mark": dashed}] if joined else []),
    ]
