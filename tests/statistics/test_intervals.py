"""Intervals on shares: against closed forms, and by simulation with a known truth."""

import numpy as np
import pytest
from benchmarks.truths import truth
from scipy import stats

from why128.statistics.intervals import accuracy, wilson


def test_accuracy_of_one_replicate_is_the_binomial_s():
    hits = np.array([[1] * 80 + [0] * 20], bool)
    found = accuracy(hits, 0.95)
    reach = stats.t.isf(0.025, 99) * np.sqrt(0.8 * 0.2 / 99)
    assert (found.mean, found.low, found.high) == pytest.approx((0.8, 0.8 - reach, 0.8 + reach))


def test_accuracy_of_equal_replicates_is_that_of_one():
    hits = np.tile(np.arange(100) < 80, (5, 1))
    one, five = accuracy(hits[:1], 0.95), accuracy(hits, 0.95)
    assert (five.mean, five.low, five.high) == pytest.approx((one.mean, one.low, one.high))


def test_with_endless_images_only_the_replicates_luck_is_left():
    """Student's interval over the replicates' accuracies."""
    shares = np.array([0.80, 0.82, 0.85, 0.79])
    hits = np.array([np.arange(100) < round(100 * s) for s in shares])
    found = accuracy(np.tile(hits, (1, 5000)), 0.95)
    reach = stats.t.isf(0.025, 3) * shares.std(ddof=1) / 2
    assert (found.high - found.low) / 2 == pytest.approx(reach, rel=0.02)


@pytest.mark.parametrize("luck", [0.0, 1.0, 3.0])
def test_accuracy_covers_the_truth_as_often_as_it_says(luck):
    """400 studies of 6 replicates × 400 images whose truth is 80 %: about 95 % of the intervals hold it (3 SE)."""
    rng, known = np.random.default_rng(0), truth("", [80.0], luck, 400, 0)
    found = [accuracy(known.hits(rng, 6)[:, 0], 0.95) for _ in range(400)]
    covered = np.mean([each.low <= 0.8 <= each.high for each in found])
    assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 400) + 0.01)


@pytest.mark.parametrize(("right", "low", "high"), [(0, 0.0, 0.2775), (1, 0.7225, 1.0)])
def test_all_right_or_all_wrong_is_no_certainty(right, low, high):
    """Wilson's limits of 0 and of 10 in 10: replicates that agree are not more images."""
    found = accuracy(np.full((5, 10), bool(right)), 0.95)
    assert (found.mean, found.low, found.high) == pytest.approx((right, low, high), abs=5e-5)


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 2), (2, 2)])
def test_hardly_any_images(shape):
    hits = np.random.default_rng(1).random(shape) < 0.5
    found = accuracy(hits, 0.95)
    assert 0 <= found.low <= found.mean <= found.high <= 1


@pytest.mark.parametrize(("right", "count"), [(0, 10), (10, 10), (853, 1000)])
def test_wilson_is_the_published_formula(right, count):
    z, p = stats.norm.ppf(0.975), right / count
    centre, reach = (
        (p + z**2 / (2 * count)) / (1 + z**2 / count),
        z * np.sqrt(p * (1 - p) / count + z**2 / (4 * count**2)) / (1 + z**2 / count),
    )
    found = wilson(right, count, 0.95)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (p, max(0, centre - reach), min(1, centre + reach)), abs=1e-12
    )
