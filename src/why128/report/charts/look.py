"""How every chart looks, in one place: colours, letters, sizes, and the frame of a specification."""

from __future__ import annotations

import math
import textwrap
from typing import Any

from why128.statistics.intervals import Interval

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name, not an address: nothing is fetched

# Okabe and Ito (2008): told apart with any kind of colour-blindness, and on white.  Yellow is too light for lines.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW, BLACK = "#E69F00", "#56B4E9", "#F0E442", "#000000"
INK, QUIET, FAINT = "#1a1a1a", "#595959", "#d9d9d9"  # letters; reference lines (7:1 on white); grids

VALIDATION, TRAINING, CHOSEN, QUESTION = BLUE, VERMILION, GREEN, ORANGE
CHOSEN_INK, QUESTION_INK, PURPLE_INK = (
    "#00664B",
    "#6b4a00",
    "#9a4a76",
)  # darker, for letters and thin lines: 4.5:1 on white
FAMILIES = (BLUE, VERMILION, PURPLE, SKY, ORANGE)  # in this order, where a study has several; green is the verdict's

# viridis, dark with the width; without its lightest quarter, which is lost on white
ORDERED = ("#5ec962", "#21918c", "#3b528b", "#440154")
MOST_TICKS = 11  # on a logarithmic axis: their texts must not touch

WIDTH = 600  # of the plot, in pixels: with its axis it fits a page's column without being scaled
HEIGHT = 280
TITLE_LINE = 84  # letters of a title that fit above a plot this wide

# Arial's measures: the renderer's own Liberation Sans shares them, so that text lies in a browser where it was laid out.
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"


def chart(title: str, description: str, **body: Any) -> dict[str, Any]:
    """A whole specification: the body of a chart, with its title (a finding), its text alternative, and the look."""
    return {
        "$schema": SCHEMA,
        "title": {"text": textwrap.wrap(title, TITLE_LINE), "anchor": "start", "offset": 14},
        "description": description,
        "background": "white",
        "padding": 12,
        **body,
        "config": {
            "font": FONT,
            "aria": False,  # the description says it once; a name on each of a thousand marks says nothing
            "view": {"stroke": None},
            "title": {"fontSize": 15, "fontWeight": "bold", "color": INK, "subtitleColor": QUIET},
            "axis": {
                "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titlePadding": 8,
                "labelColor": INK, "titleColor": INK, "gridColor": FAINT, "gridOpacity": 0.7,
                "domainColor": QUIET, "tickColor": QUIET, "labelLimit": 140,
            },
            "legend": {
                "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelColor": INK,
                "titleColor": INK, "labelLimit": 260, "symbolStrokeWidth": 2.5, "symbolSize": 90,
                "symbolOpacity": 1,
            },
            "text": {"fontSize": 12, "color": INK},
        },
    }  # fmt: skip


def points(share: float | None) -> float | None:
    """A share of 1 in points (per cent) as a chart's value; None, which no mark is drawn for, where it is no number."""
    return None if share is None or not math.isfinite(share) else round(100 * share, 4)


def limits(interval: Interval) -> dict[str, Any]:
    """An interval of shares as the fields `value`, `low` and `high`, in points."""
    return {"value": points(interval.mean), "low": points(interval.low), "high": points(interval.high)}


def values(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows as a chart's own data: never an address."""
    return {"values": rows}


def quantity(field: str, title: str | None, **scale: Any) -> dict[str, Any]:
    """An axis of numbers, without rounding its ends to something nice unless asked."""
    return {"field": field, "type": "quantitative", "title": title, "scale": {"nice": False, **scale}}


def colours(names: list[str], palette: tuple[str, ...]) -> dict[str, Any]:
    """A scale that gives each name its colour; further names begin the palette anew."""
    return {"domain": names, "range": [palette[i % len(palette)] for i in range(len(names))]}


def band(shown: list[float | None], padding: float = 0.06) -> list[float]:
    """The ends of an axis that holds these values with some room; they need not begin at 0."""
    present = [value for value in shown if value is not None] or [0.0, 100.0]
    low, high = min(present), max(present)
    room = (high - low) * padding or 1.0
    return [low - room, high + room]


def shades(count: int) -> tuple[str, ...]:
    """Colours for an ordered row of things, from light to dark."""
    steps = (k * (len(ORDERED) - 1) / max(1, count - 1) for k in range(count))
    return tuple(_between(ORDERED[int(s)], ORDERED[min(int(s) + 1, len(ORDERED) - 1)], s - int(s)) for s in steps)


def _between(one: str, other: str, share: float) -> str:
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def ticks(low: float, high: float) -> list[float]:
    """Round places between two ends of a logarithmic axis, as many as have room."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 1.5, 2, 3, 4, 6, 8), (1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(found) <= MOST_TICKS:
            break
    return found
