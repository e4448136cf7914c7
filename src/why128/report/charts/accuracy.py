"""Accuracy against neurons: the study in one picture, with a close-up of the part where the verdict is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from why128.report.charts import look
from why128.report.charts.rungs import Marks, Positions, Rung, families, links
from why128.report.charts.table import Table, interval, share
from why128.report.words import percent, points

SEEN, UNSEEN = "images learned from", "validation images"
WORTH = 0.5  # a close-up is drawn where it shows at most this much of the whole picture's height
ABOVE = 42  # pixels that the two texts above the plot take, below the legend
ROOM = 4  # tolerances below the best that the close-up shows at least


def accuracy(rungs: Sequence[Rung], marks: Marks, title: str) -> dict[str, Any]:
    """Training and validation accuracy of every candidate, the tolerance, and the verdict with its interval."""
    whole, close = look.band(_heights(rungs)), _close(rungs, marks)
    alone = close[1] - close[0] > WORTH * (whole[1] - whole[0])
    panels = [_panel(rungs, marks, whole, "whole")] if alone else [
        _panel(rungs, marks, whole, "far"), _panel(rungs, marks, close, "close")
    ]  # fmt: skip
    body = {"vconcat": panels, "spacing": 22} if len(panels) > 1 else panels[0]
    return look.chart(title, _description(rungs, marks), **body)


def table(rungs: Sequence[Rung]) -> Table:
    """The numbers of the chart."""
    return Table(
        ("neurons", "parameters", "learned from, %", "validation, % (interval)", "each replicate, %"),
        tuple(
            (r.label, f"{r.parameters:,}", share(r.training), interval(r.validation), ", ".join(map(share, r.singles)))
            for r in rungs
        ),
    )


def _description(rungs: Sequence[Rung], marks: Marks) -> str:
    first, last, best = rungs[0], rungs[-1], rungs[marks.best]
    says = (
        f"Accuracy on validation images from {percent(first.validation.mean)} with {first.named} to "
        f"{percent(last.validation.mean)} with {last.named}; the best is {percent(best.validation.mean)} with {best.named}. "
    )
    if marks.enough is None:
        return says.rstrip()
    enough = rungs[marks.enough]
    return says + (
        f"Marked as {'enough' if marks.settled else 'likely enough, but not shown'}: {enough.named}, "
        f"{percent(enough.validation.mean)}; the interval goes from {rungs[marks.low].label} to {rungs[marks.high].named}."
    )


def _heights(rungs: Sequence[Rung]) -> list[float | None]:
    """All accuracies that the whole picture must hold."""
    intervals = (limit for r in rungs for limit in (r.validation.low, r.validation.high, r.training))
    return [look.points(share) for share in (*intervals, *(s for r in rungs for s in r.singles))]


def _close(rungs: Sequence[Rung], marks: Marks) -> list[float]:
    """The ends of the close-up: what is in question, and the best, each with its interval."""
    asked = [*rungs[marks.low : marks.high + 1], rungs[marks.best]]
    best = rungs[marks.best].validation.mean
    lowest = min(best - ROOM * marks.tolerance, *(r.validation.low for r in asked))
    highest = max(r.validation.high for r in rungs)
    return look.band([look.points(lowest), look.points(highest)])


def _panel(rungs: Sequence[Rung], marks: Marks, ends: list[float], view: str) -> dict[str, Any]:
    """One plot: the "whole" alone, or it from "far" above its "close"-up."""
    places, whole = Positions.of(rungs), view != "close"
    several = len(families(rungs)) > 1
    title = ("accuracy (%)" + "; dashed: learned from" * several) if whole else "close-up (%)"
    shades = [_tolerance(rungs, marks, view != "far")]
    if marks.enough is not None:
        shades = [_question(marks, places, whole), *shades, *_verdict(rungs, marks, marks.enough, whole)]
    dots = _dots(rungs, places, several)
    lines = [_line(rungs, places, view), _dashed(rungs, places, whole)]
    return {
        "width": look.WIDTH,
        "height": look.HEIGHT if whole else look.HEIGHT * 3 // 4,
        "encoding": {"x": places.axis(), "y": look.quantity("value", title, domain=ends)},
        "layer": [*shades, *_bands(rungs, places, several), dots, *lines],
    }


def _question(marks: Marks, places: Positions, whole: bool) -> dict[str, Any]:
    """The shade over the interval on the number of neurons, named."""
    low, high = places.ends
    begin, end = places.around(marks.low, marks.high)
    row = {"x": begin, "x2": end, "text": "interval on the answer"}
    span = {"x2": {"field": "x2"}, "y": {"value": 0}, "y2": {"value": "height"}}
    shade = {"mark": {"type": "rect", "color": look.QUESTION, "opacity": 0.14}, "encoding": span}
    left = begin < (low * high) ** 0.5  # in the left half: the text has room to its right
    mark = {"type": "text", **_above(left, 4), "color": look.QUESTION_INK, "fontSize": 11}
    place = {} if left else {"x": {"field": "x2", "type": "quantitative"}}
    label = {
        "mark": mark,
        "encoding": {"y": {"value": 0}, "text": {"field": "text"}, **place, **({} if left else {"x2": None})},
    }
    return {"data": look.values([row]), "layer": [shade, label] if whole else [shade]}


def _tolerance(rungs: Sequence[Rung], marks: Marks, named: bool) -> dict[str, Any]:
    """The line that an accuracy must not be below, named beside the plot."""
    least = rungs[marks.best].validation.mean - marks.tolerance
    row = {"value": look.points(least), "text": ["best −", points(100 * marks.tolerance)]}
    rule = {"mark": {"type": "rule", "strokeDash": [2, 3], "color": look.QUIET}, "encoding": {"x": None}}
    mark = {"type": "text", "align": "left", "baseline": "middle", "dx": 5, "color": look.QUIET, "fontSize": 11}
    label = {"mark": mark, "encoding": {"x": {"value": "width"}, "text": {"field": "text"}}}
    return {"data": look.values([row]), "layer": [rule, label] if named else [rule]}


def _verdict(rungs: Sequence[Rung], marks: Marks, enough: int, whole: bool) -> list[dict[str, Any]]:
    """The rung of the verdict, named, with a ring around its mean; only dashed where it is not shown."""
    says = "enough" if marks.settled else "likely, not shown"
    value = look.points(rungs[enough].validation.mean)
    row = {"x": Positions.of(rungs).places[enough], "value": value, "text": f"{rungs[enough].label} {says}"}
    dash = {} if marks.settled else {"strokeDash": [6, 4]}
    left = 2 * enough < len(rungs)
    text = {"type": "text", **_above(left, 20), "color": look.CHOSEN_INK, "fontWeight": "bold"}
    rule = {"mark": {"type": "rule", "color": look.CHOSEN, "strokeWidth": 2, **dash}, "encoding": {"y": None}}
    ring = {"mark": {"type": "point", "size": 190, "strokeWidth": 2.5, "color": look.CHOSEN, "opacity": 1}}
    label = {"mark": text, "encoding": {"y": {"value": 0}, "text": {"field": "text"}}}
    return [{"data": look.values([row]), "layer": [rule, *[ring] * marks.settled, *[label] * whole]}]


def _above(left: bool, height: int) -> dict[str, Any]:
    """A text above the plot, where no mark can lie under it; it runs to the side that has room."""
    return {"align": "left" if left else "right", "baseline": "bottom", "dx": 1 if left else -1, "dy": -height}


def _bands(rungs: Sequence[Rung], places: Positions, several: bool) -> list[dict[str, Any]]:
    """The intervals of validation accuracy: a band over widths, an error bar for the candidate without."""
    rows = [
        {"x": x, "colour": rung.family if several else UNSEEN, **look.limits(rung.validation)}
        for x, rung in zip(places.places, rungs, strict=True)
    ]
    count = Counter(rung.family for rung in rungs)
    apart = [row for row, rung in zip(rows, rungs, strict=True) if not rung.neurons or count[rung.family] == 1]
    wide = [row for row, rung in zip(rows, rungs, strict=True) if rung.neurons]
    limits = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    by = {"color": _colour(rungs, several)} if several else {}
    plain = {} if several else {"color": look.VALIDATION}
    area = {"type": "area", "opacity": 0.18, "clip": True, **plain}
    bar = {
        "type": "rule",
        "strokeWidth": 2,
        "opacity": 0.5,
        "clip": True,
        "color": look.BLACK if several else look.VALIDATION,
    }
    return [
        {"data": look.values(wide), "mark": area, "encoding": {**limits, **by}},
        {"data": look.values(apart), "mark": bar, "encoding": limits},
    ]


def _dots(rungs: Sequence[Rung], places: Positions, several: bool) -> dict[str, Any]:
    """Every single network, faintly: runs that never learned are seen."""
    rows = [
        {"x": x, "value": look.points(one), "colour": rung.family if several else UNSEEN}
        for x, rung in zip(places.places, rungs, strict=True)
        for one in rung.singles
    ]
    mark = {"type": "point", "filled": True, "size": 22, "opacity": 0.35, "clip": True}
    encoding = {"color": _colour(rungs, several)} if several else {}
    return {
        "data": look.values(rows),
        "mark": {**mark, **({} if several else {"color": look.VALIDATION})},
        "encoding": encoding,
    }


def _line(rungs: Sequence[Rung], places: Positions, view: str) -> dict[str, Any]:
    """The means, training and validation, joined over widths; the one layer that has the legend."""
    several = len(families(rungs)) > 1
    rows = _means(rungs, places, several, view != "close")
    lines = {"type": "line", "clip": True, "strokeWidth": 2.5, "point": {"filled": True, "size": 45}}
    dashes = {"domain": [UNSEEN, SEEN], "range": [[1, 0], [6, 3]]}
    dash = {"field": "series", "type": "nominal", "scale": dashes, "legend": None}
    offset = {"whole": ABOVE, "far": 12, "close": 12}[
        view
    ]  # over two plots, the legend keeps clear of the texts itself
    legend = {"orient": "top", "direction": "horizontal", "title": None, "symbolType": "stroke", "offset": offset}
    colour = {**_colour(rungs, several), "legend": legend}
    return {
        "data": look.values(rows),
        "mark": lines,
        "encoding": {"color": colour, "strokeDash": dash, "detail": {"field": "piece"}},
    }


def _means(rungs: Sequence[Rung], places: Positions, several: bool, whole: bool) -> list[dict[str, Any]]:
    """A row a mean; `piece` parts the candidate without neurons from the line."""
    return [
        {
            "x": x, "value": look.points(value), "series": series, "piece": "wide" if rung.neurons else "none",
            "colour": (rung.family or "no neurons") if several else series,
        }
        for x, rung in zip(places.places, rungs, strict=True)
        for series, value in (*([(SEEN, rung.training)] if whole else []), (UNSEEN, rung.validation.mean))
    ]  # fmt: skip


def _dashed(rungs: Sequence[Rung], places: Positions, whole: bool) -> dict[str, Any]:
    """From the candidate without neurons to the next, where the axis does not measure."""
    rows = [
        row
        for pair in links(rungs)
        for row in _means(
            [rungs[k] for k in pair], Positions(tuple(places.places[k] for k in pair), "", "", None), False, whole
        )
    ]
    mark = {"type": "line", "strokeDash": [2, 4], "strokeWidth": 1.5, "opacity": 0.8, "clip": True}
    return {"data": look.values(rows), "mark": mark, "encoding": {"color": _colour(rungs, False)} if rows else {}}


def _colour(rungs: Sequence[Rung], several: bool) -> dict[str, Any]:
    names = (
        [*families(rungs), *(["no neurons"] if any(not r.neurons for r in rungs) else [])]
        if several
        else [UNSEEN, SEEN]
    )
    palette: tuple[str, ...] = (look.VALIDATION, look.TRAINING)
    if several:
        palette = tuple(
            look.BLACK if name == "no neurons" else look.FAMILIES[i % len(look.FAMILIES)]
            for i, name in enumerate(names)
        )
    return {"field": "colour", "type": "nominal", "scale": look.colours(names, palette)}
