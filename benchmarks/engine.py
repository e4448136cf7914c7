"""How busy the engine keeps the processor, and how long one network takes beside Keras, measured in one run.

    python benchmarks/engine.py [--rounds 5]

1. The machine's peak: float32 matrix products of the whole machine, a thread a core.
2. The default study's program: one epoch of the whole ladder, a cohort a core, as a share of that peak.  Everything
   counts as time (gathering, optimiser, assessment of nothing), and only the first layers' two products as work.
3. One 128-neuron network at batch 32: this engine and Keras on JAX, epochs after the first, in turn.

Rounds are interleaved, so that a noisy machine hits all alike; ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
sys.path.insert(0, str(Path(__file__).parent))

import jax
import numpy as np
import record

from why128.data import open_data
from why128.engine import Cohort, Data, Run, start, train
from why128.ladder import Ladder
from why128.recipe import Recipe
from why128.studies.crew import cores
from why128.studies.plan import Candidate, Plan

SIDE, PRODUCTS = 1536, 12  # a product large enough for the peak, small enough to be repeated often


def side_by_side(work):
    """Run work(i) in a thread a core, all starting together; returns their results."""
    results, ready = [None] * cores(), threading.Barrier(cores())

    def one(i):
        ready.wait()
        results[i] = work(i)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(cores())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def peak():
    """GFLOP/s of the whole machine in large products: the better of one product at a time and of one a core."""
    product, a = jax.jit(lambda a: a @ a), jax.numpy.ones((SIDE, SIDE), "float32")
    jax.block_until_ready(product(a))

    def work(_=0):
        began = time.perf_counter()
        for _ in range(PRODUCTS):
            jax.block_until_ready(product(a))
        return PRODUCTS * 2 * SIDE**3 / (time.perf_counter() - began) / 1e9

    return max(work(), sum(side_by_side(work)))


def ladder_epochs(data, arrays, epochs):
    """Seconds of each of the default study's epochs, a cohort a core, the first (compiling) left out."""
    plan = Plan()
    ladder = Ladder.of(plan.networks(data))
    cohort = Cohort(ladder, plan.recipe.optimizer, plan.recipe.loss, plan.recipe.batch_size)
    rows = np.arange(len(data.train))

    def work(i):
        return [
            e.seconds for e in train(cohort, arrays, Run(rows, epochs + 1, 0, i), start(cohort, ladder.initial(0, i)))
        ][1:]

    flop = 4 * ladder.inputs * sum(ladder.rows) * len(rows)
    return [flop * cores() / seconds / 1e9 for seconds in np.max(side_by_side(work), axis=0)]


def ours(data, arrays, epochs):
    """Seconds of each epoch of the textbook's network at batch 32, the first left out."""
    recipe = Recipe(batch_size=32)
    ladder = Ladder.of([Candidate((128,)).layers(data.image_shape, len(data.classes), rescaling=True)])
    cohort = Cohort(ladder, recipe.optimizer, recipe.loss, 32)
    run = Run(np.arange(len(data.train)), epochs + 1, 0)
    return [e.seconds for e in train(cohort, arrays, run, start(cohort, ladder.initial(0, 0)))][1:]


def keras_s(data, epochs):
    """The same by Keras on JAX, on float32 images 0..1, as its users write it."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seconds = []

        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(time.perf_counter() - self.began)

    layers, clock = keras.layers, Clock()
    model = keras.Sequential(
        [layers.Input((28, 28)), layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        data.train.pixels[..., 0] / np.float32(255),
        data.train.labels,
        batch_size=32,
        epochs=epochs + 1,
        verbose=0,
        callbacks=[clock],
    )
    return clock.seconds[1:]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    data = open_data("sample")
    arrays = Data.of(data.train.pixels.reshape(len(data.train), -1), data.train.labels)
    peaks, ladders, mine, theirs = [], [], [], []
    for _ in range(rounds):
        peaks.append(peak())
        ladders.append(float(np.median(ladder_epochs(data, arrays, 3))))
        mine.append(float(np.median(ours(data, arrays, 4))))
        theirs.append(float(np.median(keras_s(data, 4))))
    figures = {
        "images": len(data.train),
        "peak_gflops": record.spread(peaks),
        "default_study_gflops": record.spread(ladders),
        "share_of_peak": record.spread([a / b for a, b in zip(ladders, peaks, strict=True)]),
        "s_per_epoch_128_batch_32": record.spread(mine),
        "s_per_epoch_128_batch_32_keras_jax": record.spread(theirs),
        "ratio_to_keras_jax": record.spread([a / b for a, b in zip(mine, theirs, strict=True)]),
    }
    path = record.write("engine", figures, ["jax", "jaxlib", "keras", "numpy"])
    for name, figure in figures.items():
        print(
            f"{name:<36}",
            figure
            if isinstance(figure, int)
            else f"{figure['median']:9.3f}  ({figure['min']:.3f} to {figure['max']:.3f}, n = {figure['n']})",
        )
    print(f"written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


if __name__ == "__main__":
    main()
