"""Does this engine learn as well as Keras does?  Test accuracy of replicates, by width, against Keras on JAX.

    python -m benchmarks.learning [--replicates 10] [--epochs 10] [--batch 128] [--data sample] [--record]

Ours is a study's (`why128 study`), Keras's the textbook's code, on the same images to learn from, with the same recipe,
each with its own seeds and default initialisers.  Judged by the test images, which neither learns from.  Learning is equal
if at every width the means differ by less than two standard errors of their difference.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np
from benchmarks import record
from benchmarks.bench import ask
from benchmarks.peers.job import Job
from benchmarks.peers.why128_study import conducted
from benchmarks.scenarios import mean_and_sd

from why128.data.source import open_data
from why128.division import divide
from why128.formats import keras_file
from why128.recipe import Recipe
from why128.studies import store

WIDTHS = (8, 32, 128, 512)
ERRORS = 2.0  # standard errors of the difference


def put_aside(job: Job) -> None:
    """Write what a study with this seed learns from, with the test images as those to judge by."""
    data = open_data(job.data)
    learned, test = data.train.take(divide(data, Recipe().held_out, job.seed).learned), data.test
    assert test is not None
    np.savez(
        job.images,
        images=learned.pixels.reshape(len(learned), -1),
        labels=learned.labels,
        held_out_images=test.pixels.reshape(len(test), -1),
        held_out_labels=test.labels,
    )


def ours(job: Job, folder: Path) -> dict[int, list[float]]:
    """Test accuracies of a study's networks, by width."""
    conducted(job, folder)
    test = open_data(job.data).test
    assert test is not None
    found: dict[int, list[float]] = {}
    for trial in store.read(folder)[1]:
        if not trial.twin:
            network = keras_file.load(folder / trial.network)
            hits = network.assess(network.preparation.to_input(test.pixels), test.labels)[1]
            found.setdefault(int(trial.candidate), []).append(float(hits.mean()))
    return found


def theirs(job: Job) -> tuple[dict[int, list[float]], dict[str, str]]:
    """Test accuracies of Keras's networks, by width, and its versions."""
    told = ask("keras_jax", vars(job))
    if "groups" not in told:
        raise SystemExit(f"learning: Keras on JAX cannot be asked: {told}")
    found: dict[int, list[float]] = {}
    for group in told["groups"]:
        found.setdefault(group["widths"][0], []).extend(group["accuracies"])
    return found, told["versions"]


def compared(ours: list[float], theirs: list[float]) -> dict:
    """Two samples of accuracies: means and SDs, and how many standard errors apart they are."""
    a, b = mean_and_sd(ours), mean_and_sd(theirs)
    error = math.sqrt(a["sd"] ** 2 / a["n"] + b["sd"] ** 2 / b["n"])
    apart = (a["mean"] - b["mean"]) / error
    return {"ours": a, "keras": b, "difference": a["mean"] - b["mean"], "errors": apart, "equal": abs(apart) < ERRORS}


def line(width: int, each: dict) -> str:
    told = (f"{100 * each[who]['mean']:.2f} ± {100 * each[who]['sd']:.2f}" for who in ("ours", "keras"))
    apart = f"{100 * each['difference']:+.2f} points, {each['errors']:+.1f} standard errors"
    return f"{width:>5}  ours {next(told)}  Keras {next(told)}  {apart}  {'equal' if each['equal'] else 'NOT EQUAL'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--batch", type=int, default=Recipe().batch_size)
    parser.add_argument("--data", default="sample")
    parser.add_argument("--record", action="store_true", help="keep the figures in benchmarks/records")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        images = str(Path(folder) / "images.npz")
        job = Job(given.data, images, WIDTHS, given.replicates, 0, given.batch, given.epochs)
        put_aside(job)
        mine, (keras, versions) = ours(job, Path(folder) / "study"), theirs(job)
    found = {width: compared(mine[width], keras[width]) for width in WIDTHS}
    for width, each in found.items():
        print(line(width, each), flush=True)
    if given.record:
        about = {name: getattr(given, name) for name in ("data", "epochs", "batch", "replicates")}
        figures = about | {"keras": versions, "widths": {str(width): each for width, each in found.items()}}
        record.write(f"learning-{given.batch}", figures, ("jax", "jaxlib", "numpy"))


if __name__ == "__main__":
    main()
