"""Runs that never learned, groups of runs, and curves that still rise: by hand, and by simulation of false alarms."""

import numpy as np
import pytest

from why128.statistics import learning
from why128.statistics.learning import Groups

NAN = float("nan")


def test_a_dead_network_never_learned_whichever_class_it_names():
    """Ten classes of 1,000: 10 % exactly; one of 20 % has told two classes from the rest."""
    runs = np.array([[0.10, 0.10, 0.2], [0.10, 0.113, 0.87]])
    found = learning.never_learned(runs, np.full(10, 1000))
    assert found.tolist() == [[True, True, False], [True, True, False]]


def test_the_commonest_class_is_the_mark():
    """90 % of one class: 90 % accuracy is nothing learned, and so is less."""
    found = learning.never_learned(np.array([[0.9, 0.5, 0.95]]), np.array([900, 100]))
    assert found.tolist() == [[True, True, False]]


@pytest.mark.parametrize("counts", [[50, 50], [500, 500], [100] * 10, [700, 200, 100]])
def test_guessing_is_not_learning(counts):
    """4,000 runs that guess with the classes' own shares: at most 1 in 1,000 taken for learning, + 3 SE."""
    counts = np.array(counts)
    chance = ((counts / counts.sum()) ** 2).sum()
    runs = np.random.default_rng(0).binomial(counts.sum(), chance, (4000, 1)) / counts.sum()
    assert (~learning.never_learned(runs, counts)).mean() <= 0.001 + 3 * np.sqrt(0.001 / 4000)


def test_one_class_or_no_image_asks_nothing():
    for counts in ([40, 0], [0, 0], [40], []):
        assert not learning.never_learned(np.array([[1.0, 0.3]]), np.array(counts, int)).any()


def test_diverged_runs_are_counted_apart():
    runs = np.array([[NAN, 0.5], [np.inf, 0.9]])
    assert learning.diverged(runs).tolist() == [[True, False], [True, False]]
    assert learning.never_learned(runs, np.array([50, 50])).tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize(
    ("runs", "due"),
    [
        ([0.5, 0.75, 0.75, 1, 1], Groups(3, 5, 2 / 3, 1.0)),
        ([1, 0.5, 1, 0.51, 1], Groups(2, 5, 0.505, 1.0)),
        ([0.1, 0.86, 0.85, 0.87, 0.86], Groups(1, 5, 0.1, 0.86)),
        ([0.1, 0.1, 0.1, 0.1, 0.3], Groups(4, 5, 0.1, 0.3)),
        ([0.5, NAN, 1, 1, NAN], Groups(1, 3, 0.5, 1.0)),
        ([0.86, 0.85, 0.87, 0.86, 0.84], None),
        ([0.5, 0.6, 0.7, 0.8, 0.9], None),  # scattered all over, in no groups
        ([0.5, 0.5, 0.5, 0.5, 0.64], None),  # ten points or so are no separate story
        ([1, 1, 1, 1, 1], None),
        ([0.5, 1], None),
        ([0.5, 1, NAN], None),
        ([NAN, NAN, NAN], None),
        ([0.5], None),
    ],
)
def test_groups_by_hand(runs, due):
    (found,) = learning.uneven(np.array(runs)[:, None])
    assert (found is None) == (due is None)
    if due is not None:
        assert (found.low, found.runs) == (due.low, due.runs)
        assert (found.low_mean, found.high_mean) == pytest.approx((due.low_mean, due.high_mean))


@pytest.mark.parametrize("replicates", [3, 5, 10])
def test_runs_that_scatter_are_seldom_called_groups(replicates):
    runs = np.random.default_rng(1).normal(0.6, 0.05, (replicates, 2000))
    assert np.mean([found is not None for found in learning.uneven(runs)]) <= 0.02


@pytest.mark.parametrize("noise", [0.002, 0.005, 0.02])
@pytest.mark.parametrize(("replicates", "epochs"), [(2, 10), (5, 10), (5, 30), (3, 3)])
def test_flat_curves_are_seldom_said_to_rise(replicates, epochs, noise):
    """2,000 candidates at 85 %, epochs' noise independent or piled up (a random walk): at most 5 %, + 3 SE."""
    rng = np.random.default_rng(2)
    flat = rng.normal(0, noise, (replicates, 2000, epochs))
    for wander in (flat, flat.cumsum(2)):
        assert learning.still_learning(0.85 + wander, 0.95).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_a_rise_is_seen():
    """0.3 points an epoch, noise of 0.3 points: nearly always seen with five replicates."""
    curves = 0.8 + 0.003 * np.arange(10) + np.random.default_rng(3).normal(0, 0.003, (5, 500, 10))
    assert learning.still_learning(curves, 0.95).mean() > 0.9


def test_a_sure_rise_that_would_change_nothing_is_none():
    rise = 0.0005 * np.arange(10) + np.random.default_rng(4).normal(0, 1e-5, (5, 1, 10))
    assert not learning.still_learning(0.8 + rise, 0.95).any()
    assert learning.still_learning(0.8 + 4 * rise, 0.95).all()


def test_only_the_end_counts():
    settled = np.concatenate([np.linspace(0.1, 0.9, 8), np.full(4, 0.9)])
    assert not learning.still_learning(np.tile(settled, (5, 1, 1)), 0.95).any()
    assert not learning.still_learning(np.tile(settled[::-1], (5, 1, 1)), 0.95).any()


def test_diverged_replicates_are_left_out_of_the_curves():
    curves = np.tile(np.linspace(0.1, 0.9, 9), (4, 2, 1))
    curves[0, 0, 5:] = NAN
    curves[1:, 1, 3:] = NAN
    assert learning.still_learning(curves, 0.95).tolist() == [True, False]


@pytest.mark.parametrize("shape", [(1, 2, 10), (5, 2, 2), (5, 2, 0), (5, 0, 10)])
def test_too_little_shows_no_rise(shape):
    rising = np.broadcast_to(np.linspace(0, 1, shape[2]), shape)
    assert learning.still_learning(rising, 0.95).tolist() == [False] * shape[1]


def test_what_failures_cost_where_narrower_ones_sometimes_fail():
    below, here = np.array([1.0, 0.75, 0.995, 0.85, 1.0]), np.ones(5)
    assert learning.failures_cost(below, here, 0.01) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("below", "here"),
    [
        ([0.7, 0.72, 0.71], [0.8, 0.81, 0.8]),  # simply worse: none of its runs does as well
        ([1.0, 0.99, 0.98], [1.0, 1.0, 1.0]),  # none fails
        ([1.0, 0.75, 1.0], [1.0, 0.8, 1.0]),  # this one's failures are seen: they are in its mean
        ([np.nan, np.nan], [1.0, 1.0]),
    ],
)
def test_failures_that_cost_nothing_unseen(below, here):
    assert learning.failures_cost(np.array(below), np.array(here), 0.01) == 0.0
