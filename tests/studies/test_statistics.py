"""The statistics against closed forms, against SciPy, and by simulation with a known truth."""

import numpy as np
import pytest
from scipy import stats

from why128.studies import statistics


def crossed(rng, replicates, images, means, of_replicates=0.01, of_images=0.3):
    """Hits (R, K, N) of candidates with these true accuracies: replicates and images both have their own luck.

    An image's difficulty is shared by all, as real ones are; with `of_images` = 0.3 about a third of images decide.
    """
    difficulty = rng.normal(0, of_images, images)
    luck = rng.normal(0, of_replicates, (replicates, len(means)))
    chance = stats.norm.cdf(
        (stats.norm.ppf(np.array(means)) * np.sqrt(1 + of_images**2))[None, :, None] + luck[..., None] + difficulty
    )
    return rng.random(chance.shape) < chance


def test_accuracy_of_one_replicate_is_the_binomial_s():
    hits = np.array([[1] * 80 + [0] * 20], bool)
    found = statistics.accuracy(hits, 0.95)
    reach = 1.959964 * np.sqrt(0.8 * 0.2 / 99)
    assert (found.mean, found.low, found.high) == pytest.approx((0.8, 0.8 - reach, 0.8 + reach))


def test_accuracy_of_equal_replicates_is_that_of_one():
    hits = np.tile(np.arange(100) < 80, (5, 1))
    assert statistics.accuracy(hits, 0.95) == pytest.approx(statistics.accuracy(hits[:1], 0.95))


def test_accuracy_covers_the_truth_as_often_as_it_says():
    """400 studies of 6 replicates × 400 images whose truth is 0.8: about 95 % of the intervals hold it (± 3 SE)."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        found = statistics.accuracy(crossed(rng, 6, 400, [0.8], of_replicates=0.03)[:, 0], 0.95)
        covered.append(found.low <= 0.8 <= found.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 400) + 0.01)


def test_the_pigeonhole_bootstrap_has_owen_s_variance():
    """Owen 2007: replicates and images drawn independently; the variance of the mean has a closed form in the table."""
    rng = np.random.default_rng(1)
    hits = crossed(rng, 5, 60, [0.7], of_replicates=0.3)  # (5, 1, 60)
    x = hits[:, 0].astype(float)
    replicates, images = x.shape
    mean = x.mean()
    rows, columns = ((x.mean(1) - mean) ** 2).sum(), ((x.mean(0) - mean) ** 2).sum()
    rest = ((x - x.mean(1, keepdims=True) - x.mean(0, keepdims=True) + mean) ** 2).sum()
    # For multinomial weights, Var(w) = 1 − 1/n and Cov = −1/n: the exact variance of Σ w_r v_n x_rn / (R·N).
    due = rows / replicates**2 + columns / images**2 + rest / (replicates * images) ** 2
    found = statistics.pigeonhole(hits, rng, draws=40_000).var()
    assert found == pytest.approx(due, rel=0.04)


def test_the_bootstrap_keeps_pairs_together():
    """Two candidates that always agree are equal in every draw."""
    hits = np.repeat(crossed(np.random.default_rng(2), 4, 50, [0.7]), 2, axis=1)
    drawn = statistics.pigeonhole(hits, np.random.default_rng(3), draws=100)
    assert (drawn[:, 0] == drawn[:, 1]).all()


def test_shares_and_the_smallest_within_by_hand():
    drawn = np.array([[0.80, 0.85, 0.90], [0.88, 0.90, 0.89], [0.90, 0.10, 0.90]])
    assert statistics.smallest_within(drawn, 0.05).tolist() == [1, 0, 0]
    assert statistics.shares_within(drawn, 0.05) == pytest.approx([2 / 3, 2 / 3, 1])


@pytest.mark.parametrize(("right", "count"), [(0, 10), (10, 10), (853, 1000)])
def test_wilson_is_the_published_formula(right, count):
    z, p = stats.norm.ppf(0.975), right / count
    centre, reach = (
        (p + z**2 / (2 * count)) / (1 + z**2 / count),
        z * np.sqrt(p * (1 - p) / count + z**2 / (4 * count**2)) / (1 + z**2 / count),
    )
    found = statistics.wilson(right, count, 0.95)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (p, max(0, centre - reach), min(1, centre + reach)), abs=1e-12
    )
