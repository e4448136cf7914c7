"""Neurons matched across networks: planted copies in another order are found, strangers are not."""

import numpy as np
import pytest

from why128.neurons.matching import contained, likeness, partners, recurrence


@pytest.fixture
def activity():
    return np.maximum(np.random.default_rng(0).normal(size=(500, 12)), 0).astype(np.float32)


def strangers(seed, width=12):
    return np.maximum(np.random.default_rng(seed).normal(size=(500, width)), 0).astype(np.float32)


def test_likeness_is_numpy_s_correlation(activity):
    other = strangers(1, 5)
    assert np.allclose(likeness(activity, other), np.corrcoef(activity.T, other.T)[:12, 12:], atol=1e-6)


def test_copies_in_another_order_are_each_other_s_partners(activity):
    order = np.random.default_rng(2).permutation(12)
    partner, how = partners(activity, 3 * activity[:, order])
    assert (order[partner] == np.arange(12)).all()
    assert np.allclose(how, 1)


def test_what_recurs_and_what_is_luck(activity):
    runs = []
    for seed in range(4):
        own = strangers(10 + seed)
        own[:, :5] = activity[:, :5]  # five of twelve recur
        own[:, 11] = 0.0  # one is dead
        runs.append(own[:, np.random.default_rng(seed).permutation(12)])
    found = recurrence(runs, [strangers(99)])
    assert (found.networks, found.neurons, found.everywhere, found.nowhere) == (4, 11, 5, 6)
    assert found.by_chance == 0
    assert recurrence(runs).by_chance is None


def test_a_narrow_one_within_a_wide_one(activity):
    wide = np.concatenate([strangers(7), activity[:, :4]], axis=1)
    assert contained(activity[:, :8], wide) == 0.5
    assert contained(np.zeros((500, 3), np.float32), wide) == 0.0
