"""The textbook's own code, network after network, for every library that has Keras's words: `Sequential.fit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.peers.job import Clock, Group, Images, Job


def train(job: Job, images: Images, library: Any) -> Iterator[Group]:
    """Train each network by `library.Sequential`; the epochs are timed by a callback."""
    for width in job.widths:
        for seed in job.seeds:
            model, clock = _model(library, width, seed), Clock()
            model.fit(
                images.learned,
                images.labels,
                batch_size=job.batch,
                epochs=job.epochs,
                verbose=0,
                callbacks=[_timing(library, clock)],
            )
            judged = model.evaluate(images.held_out, images.held_out_labels, batch_size=512, verbose=0)
            yield Group((width,), tuple(clock.seconds), (float(judged[1]),))


def _model(library: Any, width: int, seed: int) -> Any:
    layers = library.layers
    hidden = [layers.Dense(width, activation="relu")] if width else []
    network = [layers.Input((784,)), *hidden, layers.Dense(10, activation="softmax")]
    if library.__name__ == "keras":
        library.utils.set_random_seed(seed)
        model = library.Sequential(network)
    else:
        model = library.Sequential(network, seed=seed)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _timing(library: Any, clock: Clock) -> Any:
    class Timing(library.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            clock.start()

        def on_epoch_end(self, epoch, logs=None):
            clock.stop()

    return Timing()
