"""What the chosen network confuses, and how often it is right about each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128.errors import shown
from why128.report.charts import look
from why128.report.charts.table import Table, interval, share
from why128.report.words import percent
from why128.statistics.intervals import Interval

NAME = 32  # letters of a class's name that a chart has room for
SHORT = 3  # letters that stand upright below a cell
NUMBERED = 16  # classes: above it a cell is too small for its number
SIDE, LEAST = 460, 14  # pixels: of the whole matrix, and of a cell at least
PAIRS = 12  # confusions that the table lists: all of them would be C × C rows


@dataclass(frozen=True)
class ClassAccuracy:
    """How often one class was answered rightly, in shares of 1."""

    name: str
    images: int
    accuracy: Interval


def confusion(counts: np.ndarray, classes: Sequence[str], title: str) -> dict[str, Any]:
    """Counts (C, C), true class by answered class, as shares of each true class.

    Right answers are gray and errors have colours of their own, so that a few errors are not lost beside many right answers.
    """
    names = distinct(classes)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    rows: list[dict[str, Any]] = [
        {"true": names[i], "answered": names[j], "share": look.points(float(shares[i, j])), "text": _cell(shares[i, j])}
        for i in range(len(names))
        for j in range(len(names))
        if counts[i, j]
    ]
    right = [row for row in rows if row["true"] == row["answered"]]
    wrong = [row for row in rows if row["true"] != row["answered"]]
    cell = max(LEAST, SIDE // max(1, len(names)))
    slope = 0 if max(map(len, names)) <= SHORT else -45 if len(names) <= NUMBERED else -90
    axes = {"x": _classes("answered", "answered", names, slope), "y": _classes("true", "true class", names, 0)}
    layers = [_cells(right, "right"), _cells(wrong, "wrong")]
    if len(names) <= NUMBERED:
        layers += [_numbers(right, "right"), _numbers(wrong, "wrong")]
    return look.chart(
        title,
        _describe_confusion(counts, classes),
        width={"step": cell},
        height={"step": cell},
        encoding=axes,
        layer=layers,
        resolve={"scale": {"color": "independent"}},
    )


def confusion_table(counts: np.ndarray, classes: Sequence[str]) -> Table:
    """The commonest confusions."""
    totals = counts.sum(1)
    return Table(
        ("true class", "answered", "images", "of the class, %"),
        tuple(
            (shown(classes[i], NAME), shown(classes[j], NAME), f"{counts[i, j]:,}", share(counts[i, j] / totals[i]))
            for i, j in confusions(counts)[:PAIRS]
        ),
    )


def confusions(counts: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (true, answered) that were confused at all, the commonest first."""
    pairs = [(int(i), int(j)) for i, j in np.argwhere(counts) if i != j]
    return sorted(pairs, key=lambda pair: -counts[pair])


def per_class(found: Sequence[ClassAccuracy], overall: float, title: str) -> dict[str, Any]:
    """The share of each class that was answered rightly, with its interval; the hardest class last."""
    ordered = sorted(found, key=lambda one: -one.accuracy.mean)
    names = distinct([one.name for one in ordered])
    rows: list[dict[str, Any]] = [
        {"class": name, **look.limits(one.accuracy)} for name, one in zip(names, ordered, strict=True)
    ]
    y = {"field": "class", "type": "nominal", "sort": names, "title": None, "axis": {"labelLimit": 200, "ticks": False}}
    ends = look.band([row[end] for row in rows for end in ("low", "high")])
    limits = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}
    mean = {"data": look.values([{"value": look.points(overall)}]), "encoding": {"y": None}}
    low, high = ordered[-1], ordered[0]
    return look.chart(
        title,
        f"Of the {len(ordered)} classes, {shown(high.name, NAME)} is answered rightly most often ({percent(high.accuracy.mean)}) "
        f"and {shown(low.name, NAME)} least often ({percent(low.accuracy.mean)}); all together {percent(overall)}.",
        width=look.WIDTH - 110,
        height={"step": 22 if len(ordered) <= 40 else 14},
        encoding={"y": y, "x": look.quantity("value", "answered rightly (% of the class)", domain=ends)},
        layer=[
            {**mean, "mark": {"type": "rule", "color": look.QUIET, "strokeDash": [2, 3]}},
            {"data": look.values(rows), "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.4, "color": look.BLUE}, "encoding": limits},
            {"data": look.values(rows), "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": look.BLUE}},
        ],
    )  # fmt: skip


def per_class_table(found: Sequence[ClassAccuracy]) -> Table:
    """The numbers of the chart, the hardest class last."""
    ordered = sorted(found, key=lambda one: -one.accuracy.mean)
    rows = ((shown(one.name, NAME), f"{one.images:,}", interval(one.accuracy)) for one in ordered)
    return Table(("class", "images", "answered rightly, % (interval)"), tuple(rows))


def distinct(classes: Sequence[str]) -> list[str]:
    """Names that fit, and stay different where they were: two long ones may be cut alike."""
    names: list[str] = []
    for name in classes:
        cut = shown(name, NAME) or "(no name)"
        names.append(cut if cut not in names else f"{cut} #{len(names) + 1}")
    return names


def _cell(value: float) -> str:
    """A share in a cell, in whole points; a dot for one that rounds to 0, so that it is not taken for none."""
    text = f"{100 * value:.0f}"
    return "·" if text == "0" else text


def _classes(field: str, title: str, names: list[str], angle: int) -> dict[str, Any]:
    axis = {"labelAngle": angle, "labelLimit": 150, "ticks": False, "domain": False, "labelOverlap": False}
    return {"field": field, "type": "nominal", "title": title, "sort": names, "scale": {"domain": names}, "axis": axis}


def _cells(rows: list[dict[str, Any]], which: str) -> dict[str, Any]:
    gray = {"range": ["#f4f4f4", "#9a9a9a"], "domain": [0, 100]}
    worst = max((row["share"] for row in rows), default=1.0)
    colours = {"range": ["#fff3e6", look.VERMILION], "domain": [0, worst]}
    legend = {"title": f"% {which}", "format": "~r", "gradientLength": 90, "offset": 12, "tickCount": 3}
    colour = {
        "field": "share",
        "type": "quantitative",
        "scale": gray if which == "right" else colours,
        "legend": legend,
    }
    return {"data": look.values(rows), "mark": {"type": "rect", "stroke": "white"}, "encoding": {"color": colour}}


def _numbers(rows: list[dict[str, Any]], which: str) -> dict[str, Any]:
    # black on every shade: at least 5:1 even on the darkest, vermilion
    mark = {"type": "text", "fontSize": 11, "color": look.BLACK, "fontWeight": "bold" if which == "right" else "normal"}
    return {"data": look.values(rows), "mark": mark, "encoding": {"text": {"field": "text"}}}


def _describe_confusion(counts: np.ndarray, classes: Sequence[str]) -> str:
    total, right = int(counts.sum()), int(np.trace(counts))
    says = f"Confusion matrix of {len(classes)} classes: {right:,} of {total:,} images answered rightly"
    pairs = confusions(counts)
    if not pairs:
        return f"{says}, none wrongly."
    i, j = pairs[0]
    return (
        f"{says}; most often {shown(classes[i], NAME)} is taken for {shown(classes[j], NAME)}: {counts[i, j]:,} images, "
        f"{percent(counts[i, j] / counts[i].sum())} of that class."
    )
