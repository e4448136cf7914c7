"""ParallelMLPs' method (Farias et al. 2022, section 3): all networks of all widths in one module.

The hidden layers are one wide matrix; the heads are an element-wise product with the second layer's weights, then a
scatter-add over each network's neurons.  A network without neurons has no place in it: width 0 is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from benchmarks.peers import torch_population as population
from benchmarks.peers.job import Group, Images, Job, answer, initial


def train(job: Job, images: Images) -> Iterator[Group]:
    import torch

    widths = tuple(width for width in job.widths if width for _ in job.seeds)
    first, second = zip(*(initial(width, seed) for width in job.widths if width for seed in job.seeds), strict=True)
    kernel = population.parameter(np.concatenate([k.T for k in first]))  # (H, D)
    heads = population.parameter(np.concatenate(second))  # (H, C)
    bias, offsets = torch.zeros(sum(widths), requires_grad=True), torch.zeros(len(widths), 1, 10, requires_grad=True)
    owner = torch.repeat_interleave(torch.arange(len(widths)), torch.tensor(widths))[None, :, None]  # (1, H, 1)

    def forward(x):
        hidden = torch.nn.functional.linear(x, kernel, bias).relu()  # (B, H)
        each = hidden[:, :, None] * heads[None]  # (B, H, C)
        scores = torch.zeros(len(x), len(widths), 10).scatter_add(1, owner.expand_as(each), each)
        return scores.transpose(0, 1) + offsets

    yield population.trained(job, images, forward, [kernel, heads, bias, offsets], widths, job.seed)


if __name__ == "__main__":
    answer(train, "torch")
