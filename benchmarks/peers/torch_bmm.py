"""A population in PyTorch, by width: the replicates' first layers as one matrix, their heads as one batched product."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from benchmarks.peers import torch_population as population
from benchmarks.peers.job import Group, Images, Job, answer, initial


def train(job: Job, images: Images) -> Iterator[Group]:
    import torch

    count = job.replicates
    for width in job.widths:
        first, *second = zip(*(initial(width, seed) for seed in job.seeds), strict=True)
        rows = width or 10
        kernel = population.parameter(np.concatenate([k.T for k in first]))  # (K·H, D)
        bias = torch.zeros(count * rows, requires_grad=True)
        parameters = [kernel, bias]
        if width:
            heads, offsets = population.parameter(np.stack(second[0])), torch.zeros(count, 1, 10, requires_grad=True)
            parameters += [heads, offsets]

        def forward(x, parameters=parameters, rows=rows):
            kernel, bias, *head = parameters
            scores = torch.nn.functional.linear(x, kernel, bias).view(-1, count, rows).transpose(0, 1)  # (K, B, H)
            return torch.baddbmm(head[1], scores.relu(), head[0]) if head else scores

        yield population.trained(job, images, forward, parameters, (width,) * count, job.seed)


if __name__ == "__main__":
    answer(train, "torch")
