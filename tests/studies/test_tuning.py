"""Each candidate's own best setting: by hand, and by simulation with a known truth."""

import numpy as np

from why128.studies.tuning import best_settings


def test_by_hand():
    """Two candidates, three settings, four images; the first is right most often under the third, the other under the first."""
    hits = np.zeros((2, 2, 3, 4), bool)
    hits[0, 0, 2] = [1, 1, 1, 1]
    hits[1, 0, 1] = [1, 1, 1, 0]
    hits[:, 1, 0, 0] = True
    assert best_settings(hits).tolist() == [2, 0]


def test_of_equally_good_ones_the_first():
    assert best_settings(np.ones((3, 2, 4, 10), bool)).tolist() == [0, 0]


def test_it_is_the_mean_over_replicates_that_counts_not_the_luckiest():
    hits = np.zeros((3, 1, 2, 10), bool)
    hits[0, 0, 0] = True  # once 10 of 10, twice none
    hits[:, 0, 1, :5] = True  # always 5 of 10
    assert best_settings(hits).tolist() == [1]


def test_the_truly_best_setting_is_found_where_it_can_be():
    """Truths of 80, 84 and 88 % on 5 × 1,000 images: the standard error of a difference is 0.7 points, the gap four."""
    rng, truth = np.random.default_rng(0), np.array([[0.80, 0.84, 0.88], [0.88, 0.84, 0.80]])
    found = [best_settings(rng.random((5, 2, 3, 1000)) < truth[None, :, :, None]).tolist() for _ in range(50)]
    assert found == [[2, 0]] * 50
