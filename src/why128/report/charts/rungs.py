"""The candidates of a study as the rows of charts, and the axis that they stand on.

Widths are doubled from rung to rung, so the axis is logarithmic.  0 has no logarithm: it gets a place of its own, one
doubling left of the smallest width, and the line to it is dashed, because there the axis does not measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from why128.statistics.intervals import Interval

ROOM = 1.25  # the axis goes on by this factor at both ends, so that no mark is cut
HALF = 2**0.5  # half a doubling: how far the shade of a rung reaches where there is no next one


@dataclass(frozen=True)
class Rung:
    """One candidate and what it scored, in shares of 1."""

    label: str  # on an axis: "16", "16 tanh"
    named: str  # in a sentence: "16 neurons (tanh)"
    neurons: int
    parameters: int
    layers: int  # hidden ones
    family: str  # candidates of one activation; "" for the one without neurons
    training: float  # mean over replicates, on the images learned from
    validation: Interval
    gap: Interval | None  # training minus validation; None where all diverged
    singles: tuple[float, ...]  # validation accuracy of every replicate
    curve: tuple[float, ...] = ()  # validation accuracy after each epoch, mean over replicates


@dataclass(frozen=True)
class Marks:
    """What the verdict says of the candidates, by their places among the rungs."""

    enough: int | None  # None where there is no answer: then nothing is marked
    settled: bool  # whether `enough` is shown, or only looks so
    low: int
    high: int
    best: int
    tolerance: float  # as a share of 1


@dataclass(frozen=True)
class Positions:
    """Where each candidate stands on the axis, and the axis itself."""

    places: tuple[float, ...]
    title: str
    labels: str  # an expression that gives a tick its text
    zero: float | None  # where 0 stands, if it does

    @classmethod
    def of(cls, rungs: Sequence[Rung]) -> Positions:
        """By neurons; by parameters where some candidate has several layers, whose neurons do not compare."""
        if any(rung.layers > 1 for rung in rungs):
            return cls(
                tuple(float(r.parameters) for r in rungs), "parameters (log scale)", "format(datum.value, '.3~s')", None
            )
        wide = [rung.neurons for rung in rungs if rung.neurons]
        zero = min(wide, default=1) / 2
        places = tuple(float(rung.neurons or zero) for rung in rungs)
        if len(wide) == len(rungs):
            return cls(places, "neurons (log scale)", "format(datum.value, ',')", None)
        labels = f"datum.value < {zero * 1.01} ? '0' : format(datum.value, ',')"
        return cls(places, "neurons (log scale; 0 stands apart)", labels, zero)

    @property
    def ends(self) -> list[float]:
        """The ends of the axis."""
        return [min(self.places) / ROOM, max(self.places) * ROOM]

    def around(self, low: int, high: int) -> tuple[float, float]:
        """The ends of a shade over some candidates (from one place in the ladder to another): halfway to the next ones."""
        asked, ladder = self.places[low : high + 1], sorted(set(self.places))
        first, last = ladder.index(min(asked)), ladder.index(max(asked))
        before = ladder[first - 1] if first else ladder[first] / HALF**2
        after = ladder[last + 1] if last + 1 < len(ladder) else ladder[last] * HALF**2
        ends = (math.sqrt(before * ladder[first]), math.sqrt(after * ladder[last]))
        return max(self.ends[0], ends[0]), min(self.ends[1], ends[1])

    def within(self, place: float | None) -> bool:
        """Whether a place lies on the axis, right of where 0 stands."""
        return place is not None and (self.zero or self.ends[0]) < place < self.ends[1]

    def axis(self, **more: Any) -> dict[str, Any]:
        """The channel `x` of a chart, for the field `x`."""
        ticks = {"values": sorted(set(self.places)), "labelExpr": self.labels, "labelOverlap": "greedy", "grid": False}
        ticks["labelSeparation"] = 6
        scale = {"type": "log", "nice": False, "domain": self.ends}
        return {"field": "x", "type": "quantitative", "title": self.title, "scale": scale, "axis": ticks, **more}


def families(rungs: Sequence[Rung]) -> list[str]:
    """The families of a study, in the order in which they come."""
    return list(dict.fromkeys(rung.family for rung in rungs if rung.family))


def links(rungs: Sequence[Rung]) -> list[tuple[int, int]]:
    """The pairs of neighbours on a line that goes to a candidate without neurons: drawn dashed.

    None with several families: that candidate belongs to all of them.
    """
    if len(families(rungs)) > 1 or len(rungs) < 2 or rungs[0].neurons:
        return []
    return [(0, 1)]
