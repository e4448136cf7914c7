"""Double descent: error that falls, rises and falls again as a network gets wider.

    python examples/double_descent.py            # the figure, a quarter of an hour on 2 cores
    python examples/double_descent.py --quick    # its smallest form, seconds

Belkin, Hsu, Ma and Mandal (2019, PNAS 116:15849) trained networks with one hidden layer on 4,000 images, until they knew
them by heart, and drew the error on unseen images against the number of parameters: it rises up to where the parameters
are about as many as images × classes, and falls beyond.  Here each draw of images is one study of 32 widths, which are
trained together; a study keeps every network, and all of them then answer the images learned from and the unseen ones.

As in Nakkiran et al. (2020), a fifth of the labels are changed to another class, whichever: an error that rises is that of
learning wrong labels by heart.  With all labels right it is drawn too.  What differs from Belkin et al.: clothes (the
built-in sample of Fashion-MNIST) for digits, cross-entropy and Adam for squared loss and SGD, and every width begins anew.

Stopped, it goes on where it was when it is started again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import why128
from why128 import Answer, Candidate, Dataset, Plan, Recipe, load_data
from why128.addresses import draws
from why128.data.images import Images
from why128.division import divide
from why128.formats import keras_file
from why128.report.charts import look
from why128.report.rendering import svg
from why128.studies.conduct import Heard, environment
from why128.studies.crew import cores
from why128.studies.forecast import foresee

HERE = Path(__file__).parent
NAME = "double_descent"

KNOWN = 5000  # images that a study is given; the other 5,000 of the sample are the unseen ones
HELD_OUT = 0.2  # of them, the study's own validation images: few, since it judges by them after every epoch
LEARNED = 4000  # the rest
WRONG = (0.2, 0.0)  # the share of their labels that is changed to another class
INPUTS, CLASSES = 784, 10
THRESHOLD = (LEARNED * CLASSES - CLASSES) / (INPUTS + 1 + CLASSES)  # neurons; each brings 795 parameters

LEAST_STEP = 1.0  # points: a smaller rise, or fall, may be the luck of 5,000 unseen images
BY_HEART = 0.1  # per cent of the labels learned from that may be missed: a picture may be there twice, with two labels


@dataclass(frozen=True)
class Form:
    """How large the figure is to be."""

    widths: tuple[int, ...]
    epochs: int
    draws: int  # of images, of which of their labels are wrong, and of a training's luck

    @property
    def studies(self) -> list[tuple[float, int]]:
        """The share of wrong labels and the number of the draw, of each study."""
        return [(wrong, draw) for draw in range(self.draws) for wrong in WRONG]

    def plan(self, draw: int) -> Plan:
        """The study of one draw: every width once."""
        candidates = tuple(Candidate((width,)) for width in self.widths)
        return Plan(candidates, replicates=1, recipe=Recipe(self.epochs, held_out=HELD_OUT, seed=draw))


WIDTHS = (
    1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40, 45, 50, 56, 64, 72, 80, 90, 100,
    128, 160, 200, 256, 350, 500, 700, 1000,
)  # dense where the threshold is, at 50  # fmt: skip
# After 500 epochs a network with somewhat more neurons than that has learned all labels by heart, wrong ones included;
# with more epochs fewer neurons suffice, and the peak moves to the left.
FULL = Form(WIDTHS, epochs=500, draws=3)
QUICK = Form((1, 8, 64), epochs=3, draws=1)

# ---------------------------------------------------------------- what is learned from, and what is not


def drawn(wrong: float, draw: int) -> tuple[Dataset, Images]:
    """The data of one study, this share of its labels wrong, and images that it does not see, with their true labels."""
    sample, rng = load_data("sample"), draws(draw, NAME)
    rows = rng.permutation(len(sample.train))  # (10000,)
    known, unseen = sample.train.take(rows[:KNOWN]), sample.train.take(rows[KNOWN:])
    labels, changed = known.labels.copy(), round(wrong * KNOWN)
    labels[:changed] += rng.integers(1, CLASSES, changed, dtype=np.int32)
    given = Images(known.pixels, labels % CLASSES)
    return Dataset(f"{NAME}, {wrong:.0%} wrong", sample.classes, given, sample.test, sample.scale, (), ()), unseen


def risks(answer: Answer, images: Images) -> list[dict[str, float]]:
    """By width, what share of these images its network answers wrongly, and its mean squared distance from the truth."""
    truth, found = np.eye(CLASSES, dtype=np.float32)[images.labels], []
    for (trial,) in answer.study.evidence.trials:
        network = keras_file.load(answer.study.folder / trial.network)
        probabilities = network.probabilities(images.pixels)  # (N, C)
        error = 100 * float((probabilities.argmax(1) != images.labels).mean())
        found.append(
            {"error": round(error, 2), "squared": round(float(((probabilities - truth) ** 2).sum(1).mean()), 5)}
        )
    return found


# ---------------------------------------------------------------- the studies


def networks(
    form: Form, wrong: float, draw: int, out: Path, tell: Callable[[Heard], None] = lambda heard: None
) -> list[dict[str, Any]]:
    """Every network of one study, as a row each."""
    data, unseen = drawn(wrong, draw)
    answer = why128.study(data, form.plan(draw), out=out / f"wrong-{100 * wrong:.0f}-draw-{draw}", tell=tell)
    seen = data.train.take(divide(data, HELD_OUT, draw).learned)
    return [
        {"wrong": wrong, "draw": draw, "neurons": width, "seen": on_seen, "unseen": on_unseen}
        for width, on_seen, on_unseen in zip(form.widths, risks(answer, seen), risks(answer, unseen), strict=True)
    ]


def run(form: Form, out: Path) -> dict[str, Any]:
    """All studies of the figure, one after the other; each is gone on with where it was stopped."""
    began, before, in_one_go = time.monotonic(), circumstances(), not out.exists()
    rows: list[dict[str, Any]] = []
    seconds: list[float] = []
    for number, (wrong, draw) in enumerate(form.studies, 1):
        say(f"study {number} of {len(form.studies)}: {labelled(wrong)}, draw {draw + 1}")
        rows += networks(form, wrong, draw, out)
        seconds.append(round(time.monotonic() - began - sum(seconds), 1))
        left = sum(seconds) / number * (len(form.studies) - number)
        say(f"  {seconds[-1] / 60:.1f} min" + f", about {left / 60:.0f} min left" * (left > 0))
    spent = {
        "seconds": round(sum(seconds), 1),
        "seconds_by_study": seconds,
        "processor_seconds": round(processor_seconds(), 1),  # of all cores together
        "load": [before["load"], os.getloadavg()[0]],  # how many processes wanted a core, before and at the end
        "in_one_go": in_one_go,  # or else some of it was there before, and the seconds are of the rest
    }
    return {"example": NAME, **before, **spent, "asked": asked(form), "networks": rows}


def asked(form: Form) -> dict[str, Any]:
    """How the networks were trained."""
    plan = form.plan(0).document()
    own = {key: plan[key] for key in ("epochs", "batch_size", "optimizer", "loss")}
    return {"data": "sample", "learned_from": LEARNED, "unseen": 10_000 - KNOWN, "draws": form.draws, **own}


def circumstances() -> dict[str, Any]:
    """When and where it is run, and by which commit."""
    described = ["git", "describe", "--always", "--dirty"]
    commit, processors = "", []
    with suppress(OSError):  # no Git
        commit = subprocess.run(described, capture_output=True, text=True, cwd=HERE).stdout.strip()
    with suppress(OSError):  # no Linux
        told = Path("/proc/cpuinfo").read_text().splitlines()
        processors = [line for line in told if line.startswith("model name")]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit,
        "processor": processors[0].partition(": ")[2] if processors else "",
        "load": os.getloadavg()[0],
        "environment": environment(),
    }


def processor_seconds() -> float:
    """What this process and those that it started took so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def minutes(form: Form) -> float:
    """About how long all studies take on this machine where nothing else runs."""
    data, _ = drawn(WRONG[0], 0)
    return len(form.studies) * foresee(form.plan(0), data).seconds / 60


# ---------------------------------------------------------------- what it shows


def means(result: dict[str, Any], wrong: float, part: str, risk: str = "error") -> dict[int, float]:
    """A risk by width, mean over draws."""
    by: dict[int, list[float]] = {}
    for row in result["networks"]:
        if row["wrong"] == wrong:
            by.setdefault(row["neurons"], []).append(row[part][risk])
    return {width: float(np.mean(values)) for width, values in by.items()}


def peak(errors: dict[int, float]) -> tuple[int, int] | None:
    """Two widths: where error ends its first descent, and where it begins its second; None where it does not descend twice.

    Between them it rises, before and after them it falls: of all pairs, that whose least step of the three is the largest.
    """
    widths = list(errors)

    def least_step(low: int, high: int) -> float:
        before = max(errors[width] for width in widths if width <= low) - errors[low]
        after = errors[high] - min(errors[width] for width in widths if width >= high)
        return min(before, errors[high] - errors[low], after)

    found = max(itertools.combinations(widths, 2), key=lambda pair: least_step(*pair))
    return found if least_step(*found) >= LEAST_STEP else None


def said(result: dict[str, Any]) -> str:
    """What the figure shows, in numbers."""
    return "\n".join(_said(means(result, wrong, "unseen"), means(result, wrong, "seen"), wrong) for wrong in WRONG)


def _said(unseen: dict[int, float], seen: dict[int, float], wrong: float) -> str:
    found = peak(unseen)
    first, *further = dict.fromkeys([min(unseen), *(found or ()), max(unseen)])
    places = "".join(f", {unseen[width]:.1f} % with {width:,}" for width in further)
    by_heart = [width for width in seen if all(seen[wider] < BY_HEART for wider in seen if wider >= width)]
    return (
        f"With {labelled(wrong)}, error descends {'twice' if found else 'once'}: of unseen images {unseen[first]:.1f} % are "
        f"answered wrongly with {first} neuron{'s' * (first > 1)}{places}. "
        + (f"From {min(by_heart)} neurons on all are learned by heart." if by_heart else "None learns all by heart.")
    )


def labelled(wrong: float) -> str:
    """How the images learned from are labelled, in words."""
    return f"{100 * wrong:.0f} % of labels wrong" if wrong else "all labels right"


def finding(result: dict[str, Any]) -> str:
    """What stands above the picture."""
    errors = means(result, WRONG[0], "unseen")
    found, last = peak(errors), max(errors)
    if found is None:
        return "Error does not descend twice"
    after = "better than ever" if errors[last] < errors[found[0]] else "better again"
    return f"Double descent: wider is better, then worse, then {after}"


# ---------------------------------------------------------------- the picture

PARTS = {"unseen": ("unseen images", look.VALIDATION), "seen": ("images learned from", look.TRAINING)}
MOST_ERROR = 50  # per cent: the thinnest networks lie above, where nothing is to be seen


def series(wrong: float, part: str) -> str:
    """What a line of the picture is called."""
    return f"{PARTS[part][0]}, {labelled(wrong)}"


def picture(result: dict[str, Any]) -> str:
    """The figure as SVG: error above, squared loss below, over widths on a logarithmic axis."""
    rows = [
        {"x": row["neurons"], "series": series(row["wrong"], part), **row[part]}
        for row in result["networks"]
        for part in PARTS
    ]
    kinds = [(wrong, part) for wrong in WRONG for part in PARTS]
    names = [series(*kind) for kind in kinds]
    colour = {"domain": names, "range": [PARTS[part][1] for _, part in kinds]}
    dash = {"domain": names, "range": [[1, 0] if wrong else [5, 4] for wrong, _ in kinds]}
    legend = {"orient": "top", "columns": 2, "title": None, "symbolType": "stroke", "labelLimit": 300, "offset": 22}
    panels = [
        _panel("error", "answered wrongly (%)", [0, MOST_ERROR], colour, dash, legend),
        _panel("squared", "squared loss", [0, 0.7], colour, dash, None),
    ]
    chart = look.chart(finding(result), said(result), data=look.values(rows), vconcat=panels, spacing=18)
    return svg(chart, NAME.replace("_", "-")) + "\n"


def _panel(
    risk: str, title: str, ends: Sequence[float], colour: dict, dash: dict, legend: dict | None
) -> dict[str, Any]:
    """One risk: a line of the means over draws, a band from the least to the greatest, and where the threshold is."""
    by = {"field": "series", "type": "nominal", "legend": legend}
    lines = {"color": {**by, "scale": colour}, "strokeDash": {**by, "scale": dash}}
    band = {
        "mark": {"type": "area", "opacity": 0.18, "clip": True},
        "encoding": {
            "y": {"aggregate": "min", "field": risk, "type": "quantitative"},
            "y2": {"aggregate": "max", "field": risk},
            "color": {**by, "scale": colour},
        },
    }
    mean = {"aggregate": "mean", **look.quantity(risk, title, domain=ends)}
    line = {
        "mark": {"type": "line", "strokeWidth": 2.2, "clip": True, "point": {"filled": True, "size": 26, "clip": True}},
        "encoding": {"y": mean, **lines},
    }
    ticks = {"values": look.ticks(1, 1000), "format": ",d", "grid": False}
    below = None if legend else f"neurons (log scale), {INPUTS + 1 + CLASSES} parameters each"
    axis = {**look.quantity("x", below, type="log", domain=[0.9, 1100]), "axis": ticks}
    return {
        "width": look.WIDTH,
        "height": look.HEIGHT if legend else look.HEIGHT * 3 // 4,
        "encoding": {"x": axis},
        "layer": [_threshold(legend is not None), band, line],
    }


def _threshold(named: bool) -> dict[str, Any]:
    """Where a network has as many parameters as there are images × classes."""
    rule = {"mark": {"type": "rule", "color": look.QUIET, "strokeDash": [6, 4]}}
    beside = {"align": "left", "baseline": "bottom", "dx": 1, "dy": -4}
    mark = {"type": "text", **beside, "fontSize": 11, "color": look.QUIET}
    text = {"mark": mark, "encoding": {"y": {"value": 0}, "text": {"field": "text"}}}
    row = {"x": THRESHOLD, "text": "parameters = images × classes"}
    return {"data": look.values([row]), "layer": [rule, text] if named else [rule]}


# ---------------------------------------------------------------- the command


def say(text: str) -> None:
    """A line of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def written(result: dict[str, Any]) -> str:
    """The result as JSON, a line a network."""
    head = json.dumps({key: value for key, value in result.items() if key != "networks"}, indent=1)
    rows = ",\n  ".join(map(json.dumps, result["networks"]))
    return f'{head.removesuffix("}").rstrip()},\n "networks": [\n  {rows}\n ]\n}}\n'


def count(text: str) -> int:
    """A number of draws; raises argparse's error for none."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the studies, and keep the result and its picture."""
    parser = argparse.ArgumentParser(description="Double descent, on the built-in sample.")
    parser.add_argument("--out", type=Path, help="where studies, result and picture are kept")
    parser.add_argument(
        "--draws", type=count, help=f"draws of images, {FULL.draws} by default; the time goes with them"
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--quick", action="store_true", help="the smallest form, in seconds: it shows that it runs")
    either.add_argument("--record", action="store_true", help="keep result and picture beside this program instead")
    given = parser.parse_args(arguments)
    form = QUICK if given.quick else FULL
    form = replace(form, draws=given.draws or form.draws)
    out = given.out or Path("why128-studies") / (f"{NAME}-quick" if given.quick else NAME)
    kept = HERE if given.record else out
    say(f"{len(form.studies)} studies of {len(form.widths)} networks, {form.epochs} epochs")
    say(
        f"about {max(1, round(minutes(form)))} min on these {cores()} cores, alone; Ctrl-C stops it, and it goes on from there"
    )
    result = run(form, out)
    (kept / f"{NAME}.json").write_text(written(result))
    (kept / f"{NAME}.svg").write_text(picture(result))
    print(said(result))
    print(f"{result['seconds'] / 60:.1f} min; kept: {kept / NAME}.json and .svg")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("stopped; the same command goes on from there")
        sys.exit(130)
