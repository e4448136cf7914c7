"""The ledger as JSON and as CSV: every number, unrounded (docs/json.md)."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any

from why128.neurons.ledger import Ledger, Neuron


def document(ledger: Ledger) -> dict[str, Any]:
    """What `why128 neurons --json` prints."""
    return {
        "data": ledger.data,
        "part": ledger.part,
        "images": len(ledger.images),
        "classes": list(ledger.classes),
        "accuracy": asdict(ledger.accuracy),
        "widths": list(ledger.widths),
        "neurons": [_line(one) for one in ledger.neurons],
    }


def _line(neuron: Neuron) -> dict[str, Any]:
    return {
        "layer": neuron.layer,
        "number": neuron.number,
        "fires": neuron.fires,
        "fires_by_class": list(neuron.fires_by_class),
        "prefers": neuron.prefers,
        "selectivity": neuron.selectivity,
        "speaks": list(neuron.speaks),
        "lost": asdict(neuron.lost),
        "lost_by_class": [None if one is None else asdict(one) for one in neuron.lost_by_class],
        "bytes": neuron.bytes,
        "share": neuron.share,
        "flags": list(neuron.flags.words()),
        "explained": neuron.flags.explained,
        "most": list(neuron.most),
        "least": list(neuron.least),
    }


def comma_separated(ledger: Ledger) -> str:
    """A line a neuron; what is known of each class in columns of its own, numbered as the classes are."""
    out = io.StringIO()
    classes = range(len(ledger.classes))
    plain = [
        "layer",
        "number",
        "fires",
        "prefers",
        "selectivity",
        "lost",
        "lost_low",
        "lost_high",
        "bytes",
        "share",
        "flags",
    ]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*plain, *(f"{what}_{c}" for what in ("fires", "speaks", "lost") for c in classes)])
    for one in ledger.neurons:
        lost = [None if each is None else each.mean for each in one.lost_by_class]
        writer.writerow(
            [
                one.layer, one.number, one.fires, one.prefers, one.selectivity, one.lost.mean, one.lost.low, one.lost.high,
                one.bytes, one.share, "; ".join(one.flags.words()), *one.fires_by_class, *one.speaks, *lost,
            ]
        )  # fmt: skip
    return out.getvalue()
