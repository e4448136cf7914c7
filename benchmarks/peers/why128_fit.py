"""This engine through `Sequential.fit`: the textbook's code with its import line changed."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers import textbook
from benchmarks.peers.job import Group, Images, Job, answer


def train(job: Job, images: Images) -> Iterator[Group]:
    import why128
    import why128.callbacks
    import why128.layers

    yield from textbook.train(job, images, why128)


if __name__ == "__main__":
    answer(train, "jax")
