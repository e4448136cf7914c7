"""What PyTorch's peers share: the training loop over minibatches, and the judging.

All networks of a population see the same images in the same order (this engine's replicates do not).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.peers.job import Clock, Group, Images, Job

JUDGED_AT_ONCE = 512


def parameter(values: np.ndarray) -> Any:
    """A tensor that learns."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(values)).requires_grad_()


def trained(job: Job, images: Images, forward: Callable, parameters: list, widths: tuple[int, ...], seed: int) -> Group:
    """Train networks together; forward: (B, D) to scores (K, B, C)."""
    import torch
    from torch.nn.functional import cross_entropy

    learned, labels = torch.from_numpy(images.learned), torch.from_numpy(images.labels)
    optimizer = torch.optim.Adam(parameters, lr=1e-3, eps=1e-7, fused=True)
    order, clock = torch.Generator().manual_seed(seed), Clock()
    for _ in range(job.epochs):
        clock.start()
        for rows in torch.randperm(len(labels), generator=order).split(job.batch):
            optimizer.zero_grad(set_to_none=True)
            scores = forward(learned[rows])
            losses = cross_entropy(scores.flatten(0, 1), labels[rows].repeat(len(scores)))
            (losses * len(scores)).backward()  # a sum over networks, so that none slows the others
            optimizer.step()
        clock.stop()
    return Group(widths, tuple(clock.seconds), _judged(images, forward))


def _judged(images: Images, forward: Callable) -> tuple[float, ...]:
    import torch

    parts = zip(*(torch.from_numpy(a).split(JUDGED_AT_ONCE) for a in images[2:]), strict=True)
    with torch.no_grad():
        hits = torch.cat([forward(x).argmax(2) == y for x, y in parts], 1)  # (K, N')
    return tuple(hits.float().mean(1).tolist())
