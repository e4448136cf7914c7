"""How far a network trained alone drifts from the same network trained in company, over a whole training.

    python -m benchmarks.drift [--replicates 3]

Both start from identical weights and see the same images in the same order; the wider product only adds the same
numbers in another order.  Measured: the largest difference of any weight after 100 steps and at the end, the
difference in validation accuracy, and the share of validation images answered with the same class.
"""

from __future__ import annotations

import argparse

import numpy as np
from benchmarks import record

from why128.data.source import open_data
from why128.division import divide
from why128.engine import Cohort, Data, Run, assess, start, train
from why128.ladder import Ladder
from why128.studies.plan import Plan

STEPS = 50  # in each of two epochs: the 100 steps over which the tests bound the drift


def trained(plan, networks, arrays, run, judged):
    """The weights of every candidate and its hits on the images that it is judged by."""
    ladder = Ladder.of(networks)
    cohort = Cohort(ladder, plan.recipe.optimizer, plan.recipe.loss, plan.recipe.batch_size)
    *_, last = train(cohort, arrays, run, start(cohort, ladder.initial(run.seed, run.replicate)))
    return ladder.unpack(last.state.parameters), assess(cohort, arrays, judged, last.state.parameters).hits


def furthest(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--replicates", type=int, default=3)
    plan, data = Plan(), open_data("sample")
    division = divide(data, plan.recipe.held_out, plan.recipe.seed)
    arrays, networks = Data.of(data.train.pixels.reshape(len(data.train), -1), data.train.labels), plan.networks(data)
    short = division.learned[: STEPS * plan.recipe.batch_size]
    found: dict[str, dict[str, list[float]]] = {
        c.label: {"after_100_steps": [], "at_the_end": [], "accuracy_points": [], "same_hits": []}
        for c in plan.candidates
    }
    for replicate in range(options.parse_args().replicates):
        runs = {
            "after_100_steps": Run(short, 2, 0, replicate),
            "at_the_end": Run(division.learned, plan.recipe.epochs, 0, replicate),
        }
        for key, run in runs.items():
            company, hits = trained(plan, networks, arrays, run, division.held_out)
            for k, candidate in enumerate(plan.candidates):
                alone, own = trained(plan, networks[k : k + 1], arrays, run, division.held_out)
                figures = found[candidate.label]
                figures[key].append(furthest(company[k], alone[0]))
                if key == "at_the_end":
                    figures["accuracy_points"].append(100 * abs(float(hits[k].mean() - own[0].mean())))
                    figures["same_hits"].append(float((hits[k] == own[0]).mean()))
    told = {label: {name: record.spread(values) for name, values in each.items()} for label, each in found.items()}
    path = record.write("drift", told, ["jax", "jaxlib", "numpy"])
    print("neurons   100 steps     the end   points  same hits   (greatest, but for hits: least)")
    for label, each in told.items():
        greatest = (each[name]["max"] for name in ("after_100_steps", "at_the_end", "accuracy_points"))
        print("{:>7} {:11.1e} {:11.1e} {:8.2f} {:10.4f}".format(label, *greatest, each["same_hits"]["min"]))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
