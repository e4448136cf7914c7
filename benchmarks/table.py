"""What `make bench` prints: a table a part, then the lines by which the engine is judged."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

HEADING = (
    f"{'':<18}{'s a network-epoch':>25}{'s in all':>25}{'of the peak':>12}{'memory':>9}{'accuracy of the widest':>27}"
)


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


def text(found: Mapping[str, Any]) -> str:
    """The tables of `bench.figures`."""
    images = found["images"]
    lines = [f"{found['data']}: {images['learned']:,} images learned from, {images['held_out']:,} judged by"]
    for name, part in found["parts"].items():
        lines += [
            "",
            f"{name}: {part['networks']} networks, {part['epochs']} epochs",
            peaks(part["peak_gflops"]),
            HEADING,
        ]
        for peer, figures in part["peers"].items():
            lines += [row(peer, figures)] + ([more(figures)] if "finished" in figures else [])
    lines += ["", "judged (medians over rounds)"] + [judgement(line) for line in found["judged"] if line["ratios"]]
    if any(figures.get("scaled") for part in found["parts"].values() for figures in part["peers"].values()):
        lines += [
            "",
            "* scaled from fewer networks or epochs by its own seconds a network-epoch (the record says from which)",
        ]
    return "\n".join(lines)


def peaks(found: Mapping[str, Any]) -> str:
    """The machine's, of each kind of product."""
    told = {kind: each if isinstance(each, str) else spread(each, 0) + " GFLOP/s" for kind, each in found.items()}
    return "peak: " + "; ".join(f"{kind} {each}" for kind, each in told.items())


def row(peer: str, figures: Mapping[str, Any]) -> str:
    """One peer's line; what is missing or failed is said."""
    if "whole" not in figures:
        reason = f"missing: {figures['missing']}" if "missing" in figures else f"failed: {figures.get('failed')}"
        return f"{peer:<18} {reason}"
    whole = spread(figures["whole"], 1) + ("*" if figures["scaled"] else " ")
    return (
        f"{peer:<18}{spread(figures['network_epoch'], 3):>25}{whole:>25}{figures['share']['median']:>11.0%} "
        f"{figures['memory']['median'] / 1e6:>6,.0f} MB{accuracy(figures):>27}"
    )


def more(figures: Mapping[str, Any]) -> str:
    """What is known of a whole study besides."""
    share = figures["share_with_judging"]["median"]
    return f"{'':<18} to the command's end {spread(figures['finished'], 1)} s; with judging's products {100 * share:.0f} % of the peak"


def accuracy(figures: Mapping[str, Any]) -> str:
    """Mean ± SD in percent of the widest networks, how many, and after how many epochs."""
    if not figures["accuracy"]:
        return ""
    of_widest = list(figures["accuracy"].values())[-1]
    sd = "" if of_widest["sd"] is None else f" ± {100 * of_widest['sd']:.2f}"
    return f"{100 * of_widest['mean']:.2f}{sd} ({of_widest['n']}; {figures['accuracy_after_epochs']} ep.)"


def judgement(line: Mapping[str, Any]) -> str:
    ratios, due = line["ratios"], line["due"]
    holds = ratios["median"] <= due if line["at_most"] else ratios["median"] >= due
    asked = f"{'at most' if line['at_most'] else 'at least'} {due:.3g}"
    return f"{line['line']:<58}{spread(ratios, 3):>25}  {asked:<14} {'holds' if holds else 'NOT YET'}"


def spread(figure: Mapping[str, Any], digits: int) -> str:
    """Median, least and greatest."""
    median, least, greatest = (f"{figure[key]:.{digits}f}" for key in ("median", "min", "max"))
    return f"{median} ({least}–{greatest})"
