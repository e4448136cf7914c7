"""The crossed layout against components worked out another way, and its errors against what truly happens."""

import numpy as np
import pytest
from benchmarks.truths import Population, truth
from scipy import special, stats

from why128.statistics.crossed import Crossed, moderated


def anova(x):
    """Mean squares of one R × N table, by the textbook's sums."""
    replicates, images = x.shape
    rows, columns, mean = x.mean(1), x.mean(0), x.mean()
    rest = x - rows[:, None] - columns[None] + mean
    return (
        images * ((rows - mean) ** 2).sum() / (replicates - 1),
        replicates * ((columns - mean) ** 2).sum() / (images - 1),
        (rest**2).sum() / ((replicates - 1) * (images - 1)),
    )


HITS = Population(truth("three", [70, 80, 85], 1.0, 300, 1.0), np.random.default_rng(0), 300).replicates(4)


@pytest.mark.parametrize("pair", [(0, 1), (1, 2), (0, 2)])
def test_mean_squares_of_a_difference_are_those_of_the_textbook_s_table(pair):
    crossed = Crossed.of(HITS)
    luck, images, both = anova(HITS[:, pair[0]].astype(float) - HITS[:, pair[1]])
    contrast = np.zeros(3)
    contrast[list(pair)] = 1, -1
    assert contrast @ crossed.luck @ contrast == pytest.approx(luck / 300)
    assert contrast @ crossed.images @ contrast == pytest.approx(images / 4)
    assert contrast @ crossed.both @ contrast == pytest.approx(both)
    assert contrast @ crossed.covariance @ contrast == pytest.approx((luck + images - both) / 1200)


def test_means_and_sizes():
    crossed = Crossed.of(HITS)
    assert crossed.means == pytest.approx(HITS.mean((0, 2)))
    assert (crossed.replicates, crossed.count) == (4, 300)


def test_some_of_the_candidates_are_what_they_would_be_alone():
    alone, cut = Crossed.of(HITS[:, [0, 2]]), Crossed.of(HITS).of_these(np.array([True, False, True]))
    for name in ("means", "luck", "images", "both"):
        assert getattr(cut, name) == pytest.approx(getattr(alone, name))


def test_one_replicate_has_the_error_of_paired_images():
    """Against SciPy's paired t test: the same standard error, but for the one image that is added."""
    crossed = Crossed.of(HITS[:1])
    error = crossed.errors.standard[0, 1]
    difference = HITS[0, 0].astype(float) - HITS[0, 1]
    paired = stats.ttest_1samp(difference, 0.0)
    assert np.sqrt(error**2 - 1 / 300**2) == pytest.approx(abs(difference.mean() / paired.statistic), rel=1e-9)


def test_candidates_that_never_part_are_not_known_to_be_equal():
    same = Crossed.of(np.repeat(HITS[:, :1], 3, axis=1))
    assert 1 / 300 <= same.errors.standard[0, 1] < 1.1 / 300


def test_grown_is_the_study_that_more_replicates_would_make():
    """Twice the replicates, simulated: standard errors fall as foretold, within what chance allows."""
    known = truth("two", [80, 82], 1.0, 400, 1.0)
    rng = np.random.default_rng(3)
    now, then = ([Crossed.of(known.hits(rng, replicates=r)) for _ in range(60)] for r in (6, 24))
    foretold = np.mean([c.grown(24, 400).errors.standard[0, 1] ** 2 for c in now])
    assert foretold == pytest.approx(np.mean([c.errors.standard[0, 1] ** 2 for c in then]), rel=0.12)


def test_t_values_are_student_s():
    """A true difference divided by its standard error exceeds its own t quantile as often as it should."""
    known = truth("five", [80, 81, 82, 83, 84], 0.6, 500, 1.0)
    rng, beyond = np.random.default_rng(4), []
    for _ in range(400):
        crossed = Crossed.of(known.hits(rng))
        off = (crossed.means[None] - crossed.means[:, None]) - (known.means[None] - known.means[:, None])
        beyond.append(off[np.triu_indices(5, 1)] > crossed.errors.reach(0.05)[np.triu_indices(5, 1)])
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.015)


def test_moderated_squares_lie_between_their_own_and_the_common_one():
    rng = np.random.default_rng(5)
    squares = rng.chisquare(4, (8, 8)) / 4
    squares = (squares + squares.T) / 2
    drawn, freedom = moderated(squares, 4, 1e-9)
    off = np.triu_indices(8, 1)
    assert drawn[off].std() < squares[off].std()
    assert 4 < freedom <= 4 * 7


def test_pairs_that_truly_differ_are_left_alone():
    squares = np.exp(np.random.default_rng(6).normal(0, 6, (8, 8)))
    drawn, freedom = moderated(squares + squares.T, 4, 1e-30)
    assert freedom < 6
    off = np.triu_indices(8, 1)
    assert np.median(abs(np.log(drawn[off] / (squares + squares.T)[off]))) < 0.2


def test_the_prior_s_worth_is_smyth_s():
    """Where the true variances follow Smyth's prior with 10 degrees of freedom, about as many are found (2004, section 6.2)."""
    rng, found = np.random.default_rng(7), []
    for _ in range(60):
        true = 10 / rng.chisquare(10, (30, 30))
        squares = true * rng.chisquare(4, (30, 30)) / 4
        found.append(moderated(np.triu(squares, 1) + np.triu(squares, 1).T, 4, 1e-9)[1] - 4)
    assert np.median(found) == pytest.approx(10, rel=0.15)
    assert special.polygamma(1, 5.0) == pytest.approx(0.2213, abs=1e-4)


def test_two_candidates_have_no_others_to_learn_from():
    assert moderated(np.array([[0.0, 2.0], [2.0, 0.0]]), 4, 1e-9)[1] == 4


def test_all_right_is_no_certainty():
    crossed = Crossed.of(np.ones((5, 3, 100), bool))
    assert (crossed.errors.standard > 0).all()
    assert np.isfinite(crossed.errors.reach(0.01)).all()
