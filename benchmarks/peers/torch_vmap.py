"""A population in PyTorch, by width: `torch.func.vmap` over stacked parameters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from benchmarks.peers import torch_population as population
from benchmarks.peers.job import Group, Images, Job, answer, initial


def train(job: Job, images: Images) -> Iterator[Group]:
    import torch
    from torch.nn.functional import linear

    def one(parameters, x):
        first, bias, *head = parameters
        scores = linear(x, first, bias)
        return linear(scores.relu(), *head) if head else scores

    every = torch.func.vmap(one, in_dims=(0, None))
    for width in job.widths:
        stacks = [np.stack(kernels) for kernels in zip(*(initial(width, seed) for seed in job.seeds), strict=True)]
        parameters = [
            each
            for stack in stacks
            for each in (
                population.parameter(stack.swapaxes(1, 2)),
                torch.zeros(len(stack), stack.shape[2], requires_grad=True),
            )
        ]
        forward = lambda x, parameters=parameters: every(parameters, x)  # noqa: E731
        yield population.trained(job, images, forward, parameters, (width,) * job.replicates, job.seed)


if __name__ == "__main__":
    answer(train, "torch")
