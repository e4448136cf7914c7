"""Keras on TensorFlow, as its users write it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.peers import textbook
from benchmarks.peers.job import Group, Images, Job, answer


def train(job: Job, images: Images) -> Iterator[Group]:
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
    import keras

    yield from textbook.train(job, images, keras)


if __name__ == "__main__":
    answer(train, "keras", "tensorflow-cpu")
