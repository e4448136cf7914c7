"""Owen's pigeonhole bootstrap: replicates and images are both a sample, and both are drawn anew."""

from __future__ import annotations

import numpy as np

DRAWS = 4000  # of the bootstrap: the standard error of a 2.5 % tail is then 0.25 %
AT_ONCE = 250  # draws taken together: 250 × 12,000 weights are 12 MB


def pigeonhole(hits: np.ndarray, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """Accuracies of all candidates, drawn anew: hits (R, K, N) to (draws, K).

    Owen's pigeonhole bootstrap (2007): replicates and images are each drawn with replacement, independently, and an
    image drawn twice in a replicate drawn three times counts six times.  One replicate is kept as it is.
    """
    replicates, candidates, images = hits.shape
    flat = hits.reshape(replicates * candidates, images).T.astype(np.float32)  # (N, R·K)
    drawn = []
    for begin in range(0, draws, AT_ONCE):
        count = min(AT_ONCE, draws - begin)
        sums = (_times_drawn(rng, count, images) @ flat).reshape(count, replicates, candidates)
        of_replicates = _times_drawn(rng, count, replicates)
        drawn.append(np.einsum("dr,drk->dk", of_replicates, sums, dtype=np.float64) / (replicates * images))
    return np.concatenate(drawn)


def _times_drawn(rng: np.random.Generator, draws: int, things: int) -> np.ndarray:
    """How often each of n things comes up when n are drawn with replacement.  # (draws, n) float32"""
    drawn = rng.integers(0, things, (draws, things)) + np.arange(draws)[:, None] * things
    return np.bincount(drawn.ravel(), minlength=draws * things).reshape(draws, things).astype(np.float32)
