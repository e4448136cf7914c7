"""The pigeonhole bootstrap: against its closed-form variance, and its laws."""

import numpy as np
import pytest
from benchmarks.truths import truth

from why128.statistics.pigeonhole import AT_ONCE, pigeonhole


def test_it_has_owen_s_variance():
    """Owen 2007: replicates and images drawn independently; the variance of the mean has a closed form in the table."""
    rng = np.random.default_rng(1)
    hits = truth("", [70.0], 8.0, 60, 0).hits(rng)  # (5, 1, 60)
    x = hits[:, 0].astype(float)
    replicates, images = x.shape
    mean = x.mean()
    rows, columns = ((x.mean(1) - mean) ** 2).sum(), ((x.mean(0) - mean) ** 2).sum()
    rest = ((x - x.mean(1, keepdims=True) - x.mean(0, keepdims=True) + mean) ** 2).sum()
    # For multinomial weights, Var(w) = 1 − 1/n and Cov = −1/n: the exact variance of Σ w_r v_n x_rn / (R·N).
    due = rows / replicates**2 + columns / images**2 + rest / (replicates * images) ** 2
    drawn = pigeonhole(hits, rng, draws=40_000)
    assert drawn.var() == pytest.approx(due, rel=0.04)
    assert drawn.mean() == pytest.approx(mean, abs=4 * np.sqrt(due / 40_000))


def test_pairs_stay_together():
    """Two candidates that answer alike have the same accuracy in every draw."""
    hits = truth("", [80.0], 1.0, 200, 0).hits(np.random.default_rng(2))
    drawn = pigeonhole(np.repeat(hits, 2, axis=1), np.random.default_rng(3), draws=100)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert drawn[:, 0].std() > 0


def test_one_replicate_is_kept_as_it_is():
    """Only images vary: the binomial's variance."""
    hits = (np.arange(500) < 400)[None, None]
    drawn = pigeonhole(hits, np.random.default_rng(4), draws=20_000)
    assert drawn.var() == pytest.approx(0.8 * 0.2 / 500, rel=0.05)


@pytest.mark.parametrize("draws", [1, AT_ONCE, AT_ONCE + 1])
def test_as_many_draws_as_asked_for(draws):
    hits = np.ones((2, 3, 5), bool)
    assert (pigeonhole(hits, np.random.default_rng(0), draws) == np.ones((draws, 3))).all()
