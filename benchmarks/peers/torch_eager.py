"""PyTorch as its users write it: eager, network after network, with fused Adam."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers import torch_population as population
from benchmarks.peers.job import Group, Images, Job, answer, initial


def train(job: Job, images: Images) -> Iterator[Group]:
    from torch import nn

    for width in job.widths:
        for seed in job.seeds:
            kernels = [population.parameter(kernel.T) for kernel in initial(width, seed)]
            layers = [nn.Linear(kernel.shape[1], kernel.shape[0]) for kernel in kernels]
            for layer, kernel in zip(layers, kernels, strict=True):
                layer.weight = nn.Parameter(kernel.detach())
                nn.init.zeros_(layer.bias)
            model = nn.Sequential(layers[0], *(each for layer in layers[1:] for each in (nn.ReLU(), layer)))
            forward = lambda x, model=model: model(x)[None]  # noqa: E731, a population of one
            yield population.trained(job, images, forward, list(model.parameters()), (width,), seed)


if __name__ == "__main__":
    answer(train, "torch")
