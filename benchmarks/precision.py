"""Does learning by products of bfloat16 change the answer?  The same studies in both precisions, with the same luck.

    python -m benchmarks.precision [--seeds 8] [--data sample] [--record]

By width, the difference in validation accuracy between the two networks of one seed and replicate: its mean, with two standard
errors; and of each seed both verdicts.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import record

import why128
from why128.recipe import PRECISIONS, Recipe
from why128.studies.plan import Plan

Accuracies = dict[tuple[int, int], float]  # by width and replicate


def studied(data: str, seed: int, precision: str) -> tuple[Accuracies, dict[str, Any]]:
    """Accuracies of a study's networks, in points, and what it answers."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        answer = why128.study(data, Plan(recipe=Recipe(seed=seed, precision=precision)), out=Path(folder) / "study")
        seconds = time.perf_counter() - began
        evidence, verdict = answer.study.evidence, answer.study.verdict
        found = {
            (candidate.neurons, trial.replicate): 100 * float(trial.val_accuracy)
            for candidate, trials in zip(evidence.candidates, evidence.trials, strict=True)
            for trial in trials
        }
        between = [evidence.candidates[k].neurons for k in (verdict.low, verdict.high)]
        told = {"settled": verdict.settled, "enough": answer.enough, "interval": between, "sentence": answer.sentence}
        return found, told | {"seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--data", default="sample")
    parser.add_argument("--record", action="store_true", help="keep the figures in benchmarks/records")
    given = parser.parse_args()
    differences: dict[int, list[float]] = defaultdict(list)
    verdicts: list[dict[str, Any]] = []
    for seed in range(given.seeds):
        (one, told), (other, told_other) = (studied(given.data, seed, precision) for precision in PRECISIONS)
        for (width, replicate), accuracy in one.items():
            differences[width].append(other[width, replicate] - accuracy)
        verdicts.append({"seed": seed, **dict(zip(PRECISIONS, (told, told_other), strict=True))})
        for precision, answer in zip(PRECISIONS, (told, told_other), strict=True):
            print(f"seed {seed}, {precision}, {answer['seconds']:.1f} s: {answer['sentence']}", flush=True)
    widths = {}
    for width, values in sorted(differences.items()):
        reach = 2 * np.std(values, ddof=1) / math.sqrt(len(values))
        widths[str(width)] = {"n": len(values), "mean": float(np.mean(values)), "two_standard_errors": float(reach)}
        print(f"{width:>5}  {np.mean(values):+.3f} ± {reach:.3f} points (n = {len(values)})")
    same = sum(len({(v[p]["settled"], v[p]["enough"]) for p in PRECISIONS}) == 1 for v in verdicts)
    print(f"the same verdict for {same} of {given.seeds} seeds")
    if given.record:
        figures = {"data": given.data, "widths": widths, "verdicts": verdicts, "same": same}
        record.write("precision", figures, ("jax", "jaxlib", "numpy"))


if __name__ == "__main__":
    main()
