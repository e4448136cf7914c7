"""What the ledger of neurons takes, and what removing them costs, on Fashion-MNIST.

    python -m benchmarks.neurons [--seeds 5] [--data fashion-mnist]

For every seed networks of 512, 128 and 24 neurons learn the training images, ten epochs at batch 128.  Of the first one of 512 the ledger on
10,000 test images is made in a process of its own: seconds, and the most memory.  Each of 512 is shrunk within half a point; at every size of
its curve it is compared, on the half of the test images that judge, with plain magnitude pruning, and with that order made up for; and one of 128
that is shrunk to 24 with one that learned with 24.  Last, the shares of dead neurons after Adam at three learning rates, on the built-in sample.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import record

from why128 import optimizers
from why128.arrays import as_learned
from why128.atlas.atlas import Atlas
from why128.data.images import Dataset, Images
from why128.data.source import open_data
from why128.formats import keras_file
from why128.layers import Dense, Flatten, Layer, Rescaling
from why128.network import Network
from why128.neurons.activity import seen
from why128.neurons.ledger import ledger
from why128.neurons.parts import kept
from why128.neurons.shrinking import by_magnitude, shrunk
from why128.resizing import shrink
from why128.sequential import Sequential

EPOCHS, BATCH, FITTED_ON = 10, 128, 10_000
RATES = 1e-3, 1e-2, 1e-1
ONE_LEDGER = "one-ledger"  # the argument of the process that makes one


def learned(data: Dataset, width: int, seed: int, rate: float = 1e-3) -> Network:
    """A network of so many neurons that learned the training images."""
    layers: list[Layer] = [
        Rescaling(1 / 255, input_shape=data.image_shape),
        Flatten(),
        Dense(width, "relu"),
        Dense(len(data.classes), "softmax"),
    ]
    model = Sequential(layers, seed=seed)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(data.train.pixels, data.train.labels, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    model.classes = data.classes
    return model.network


def accuracy(network: Network, images: Images) -> float:
    """The share answered rightly."""
    return float((network.outputs(network.preparation.to_input(images.pixels)).argmax(1) == images.labels).mean())


def one_ledger(name: str, model: str, out: str) -> None:
    """The ledger of a network, its atlas, and what they took, as JSON on standard output."""
    import resource

    network, data = keras_file.load(model), open_data(name)
    part, images = as_learned(network, data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    found = ledger(network, images, data.name, part)
    seconds = time.perf_counter() - began
    Atlas(found).save(out)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "seconds": seconds,
                "with the atlas": time.perf_counter() - began,
                "megabytes": after / 1024,
                "before": before / 1024,
                "images": len(images),
            }
        )
    )


def of_ledger(name: str, network: Network, folder: Path) -> dict[str, Any]:
    """What the ledger takes, and how fast a browser opens its atlas."""
    keras_file.save(network, folder / "net.keras")
    page = folder / "atlas.html"
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.neurons", ONE_LEDGER, name, str(folder / "net.keras"), str(page)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout) | {"atlas bytes": page.stat().st_size, "opened in": opening(page)}


def opening(page: Path) -> float | None:
    """Seconds in which a browser has loaded a page; None without one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = browser.new_page()
        shown.goto(page.as_uri())
        took = shown.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
        browser.close()
    return took / 1000


def of_shrinking(data: Dataset, wide: Network) -> dict[str, Any]:
    """How small a network may be, and how that compares with the plain way, size by size."""
    began = time.perf_counter()
    made = shrink(wide, data)
    seconds = time.perf_counter() - began
    _, judged = as_learned(wide, data)
    judging = judged.take(slice(1, None, 2))
    rows = np.unique(np.linspace(0, len(data.train) - 1, FITTED_ON).astype(int))
    images = wide.preparation.to_input(data.train.pixels[rows])
    found = seen(wide, images)
    plain = by_magnitude(found, 0).leaving
    sizes = []
    for point in made.curve:
        keep = plain[len(plain) - point.neurons :]
        cut = accuracy(kept(wide, 0, sorted(keep)), judging)
        fitted = accuracy(shrunk(wide, images, [keep], found), judging)
        sizes.append(
            {"neurons": point.neurons, "ours": point.accuracy.mean, "magnitude": cut, "magnitude, made up for": fitted}
        )
    return {
        "kept": made.chosen.neurons,
        "removed": 1 - made.chosen.neurons / made.original.neurons,
        "original": made.original.accuracy.mean,
        "points lost": 100 * made.chosen.lost.mean,
        "bytes": [made.original.bytes, made.chosen.bytes],
        "seconds": seconds,
        "sizes": sizes,
        "worse than magnitude": sum(one["ours"] < one["magnitude"] for one in sizes),
    }


def dead(sample: Dataset, seeds: int) -> dict[str, list[float]]:
    """The share of dead neurons of 128 at each learning rate, on the images that they learned from."""
    found: dict[str, list[float]] = {}
    for rate in RATES:
        networks = [learned(sample, 128, seed, rate) for seed in range(seeds)]
        found[str(rate)] = [len(ledger(network, sample.train).flagged("dead")) / 128 for network in networks]
    return found


def main() -> None:
    """Measure, print, and keep the record."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--data", default="fashion-mnist")
    asked = options.parse_args()
    data = open_data(asked.data)
    figures: dict[str, Any] = {"data": data.name, "seeds": asked.seeds, "shrunk from 512": [], "24 neurons": []}
    for seed in range(asked.seeds):
        wide = learned(data, 512, seed)
        if not seed:
            with tempfile.TemporaryDirectory() as folder:
                figures["ledger of 512"] = of_ledger(asked.data, wide, Path(folder))
            print(figures["ledger of 512"])
        figures["shrunk from 512"].append(of_shrinking(data, wide))
        _, judged = as_learned(wide, data)
        judging = judged.take(slice(1, None, 2))
        small = shrink(learned(data, 128, seed), data, to=(24,))
        tuned = shrink(learned(data, 128, seed), data, to=(24,), epochs=2)
        trained = accuracy(learned(data, 24, seed), judging)
        figures["24 neurons"].append(
            {
                "trained": trained,
                "shrunk from 128": small.chosen.accuracy.mean,
                "shrunk, two epochs more": tuned.chosen.accuracy.mean,
            }
        )
        print(
            seed,
            {k: v for k, v in figures["shrunk from 512"][-1].items() if k != "sizes"},
            figures["24 neurons"][-1],
            flush=True,
        )
    figures["dead"] = dead(open_data("sample"), asked.seeds)
    print(figures["dead"])
    print(f"written to {record.write('neurons', figures, ['jax', 'numpy'])}")


if __name__ == "__main__":
    if sys.argv[1:2] == [ONE_LEDGER]:
        one_ledger(*sys.argv[2:])
    else:
        main()
