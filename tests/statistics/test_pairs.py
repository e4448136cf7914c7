"""Comparisons of two candidates against published examples, SciPy and simulations with a known truth."""

import numpy as np
import pytest
from scipy import stats

from why128.statistics import pairs


def parted(only_a, only_b, count):
    """Hits (N,) of two networks of which each alone is right so often."""
    a, b = np.zeros(count, bool), np.zeros(count, bool)
    a[:only_a] = True
    b[only_a : only_a + only_b] = True
    return a, b


@pytest.mark.parametrize(
    ("counts", "confidence", "low", "high"),
    [
        ((1, 7, 21), 0.95, -0.517, -0.026),  # Fagerland, Lydersen and Laake 2014, table II (Bentur 2009)
        ((28, 25, 618), 0.90, -0.0148, 0.0247),  # the R package PropCIs, scoreci.mp(25, 28, 618, 0.9)
    ],
)
def test_tango_s_limits_are_the_published_ones(counts, confidence, low, high):
    found = pairs.mcnemar(*parted(*counts), confidence)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4 if counts[2] == 21 else 5e-5)


def test_the_limits_turn_round_with_the_networks():
    a, b = parted(40, 20, 160)
    one, other = pairs.mcnemar(a, b, 0.95), pairs.mcnemar(b, a, 0.95)
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))
    assert one.p == other.p


def test_the_exact_p_is_the_published_one():
    """Fagerland, Lydersen and Laake 2013 on the same table: 0.0703; McNemar's exact test is a binomial of 1 in 8."""
    assert pairs.mcnemar(*parted(1, 7, 21), 0.95).p == pytest.approx(2 * (1 + 8) / 2**8)


def test_tango_s_limits_where_the_score_is_z():
    """At a limit the score test against it has p = 0.05: with no image only b's, the score has a closed form."""
    z = stats.norm.ppf(0.975)
    found = pairs.mcnemar(*parted(0, 0, 50), 0.95)
    assert (found.mean, found.low, found.high) == pytest.approx((0, -(z**2) / (50 + z**2), z**2 / (50 + z**2)))
    assert found.p == 1


@pytest.mark.parametrize("count", [1, 2, 7])
def test_all_right_against_all_wrong(count):
    found = pairs.mcnemar(np.ones(count, bool), np.zeros(count, bool), 0.95)
    assert found.low < found.mean == found.high == 1
    assert found.p == pytest.approx(2 / 2**count)


def test_no_images_no_answer():
    nothing = np.zeros(0, bool)
    assert pairs.mcnemar(nothing, nothing, 0.95) is None
    assert pairs.crosswise(np.zeros((3, 0), bool), np.zeros((3, 0), bool), np.random.default_rng(0), 0.95) is None


def test_mcnemar_covers_and_seldom_cries_wolf():
    """800 pairs of networks on 200 images: 9 % right by a alone, 5 % by b alone (limits), 6 % by each (p)."""
    rng = np.random.default_rng(1)
    covered, cried = [], []
    for _ in range(800):
        found = pairs.mcnemar(*parted(*rng.multinomial(200, [0.09, 0.05, 0.86])[:2], 200), 0.95)
        covered.append(found.low <= 0.04 <= found.high)
        cried.append(pairs.mcnemar(*parted(*rng.multinomial(200, [0.06, 0.06, 0.88])[:2], 200), 0.95).p < 0.05)
    assert np.mean(covered) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 800))
    assert np.mean(cried) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 800)


def crossed(rng, replicates, images, means, of_luck):
    """Hits (R, 2, N) with these true accuracies: difficulty and a taste for it in each image, luck in each network."""
    of_difficulty, of_taste = 3.0, 0.5  # two networks in a hundred part on about 7 images then, as real ones do
    spread = np.sqrt(1 + of_difficulty**2 + of_taste**2 + of_luck**2)
    reach = stats.norm.ppf(np.array(means)) * spread
    seen = rng.normal(0, of_difficulty, images) + rng.normal(0, of_taste, (2, images))
    luck = rng.normal(0, of_luck, (replicates, 2))
    return reach[:, None] + seen + luck[..., None] + rng.normal(0, 1, (replicates, 2, images)) > 0


@pytest.mark.parametrize(("replicates", "of_luck", "most"), [(5, 0.05, 1.0), (5, 0.3, 0.98)])
def test_crosswise_covers_the_truth(replicates, of_luck, most):
    """200 studies, true accuracies 85 and 87 %: at least 95 % of the limits hold -2 points, − 3 SE."""
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(200):
        hits = crossed(rng, replicates, 200, [0.85, 0.87], of_luck)
        found = pairs.crosswise(hits[:, 0], hits[:, 1], rng, 0.95, draws=250)
        covered.append(found.low <= -0.02 <= found.high)
    assert 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200) <= np.mean(covered) <= most


def test_crosswise_sees_a_difference_and_says_so_both_ways():
    hits = crossed(np.random.default_rng(3), 5, 2000, [0.80, 0.90], 0.05)
    found = pairs.crosswise(hits[:, 0], hits[:, 1], np.random.default_rng(0), 0.95)
    assert found.high < 0
    assert found.p < 0.05
    assert found.mean == pytest.approx(hits[:, 0].mean() - hits[:, 1].mean())


def test_the_p_and_the_limits_agree():
    """p < 5 % where and only where the 95 % limits exclude 0 (but for the one draw added to the bootstrap's count)."""
    rng = np.random.default_rng(4)
    for _ in range(60):
        hits = crossed(rng, 4, 200, [0.85, 0.88], 0.05)
        found = pairs.crosswise(hits[:, 0], hits[:, 1], rng, 0.95, draws=400)
        if not 0.045 < found.p < 0.055:
            assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (2, 1), (2, 50), (5, 50)])
def test_networks_that_never_part_are_not_known_to_be_equal(shape, right):
    same = np.full(shape, right)
    found = pairs.crosswise(same, same, np.random.default_rng(0), 0.95, draws=50)
    assert found.low < found.mean == 0 < found.high
    assert found.p == 1


def test_one_replicate_is_judged_by_its_images():
    """With one replicate and many images the limits are those of the paired counts."""
    a, b = parted(80, 40, 2000)
    found, due = pairs.crosswise(a[None], b[None], np.random.default_rng(0), 0.95), pairs.mcnemar(a, b, 0.95)
    assert (found.low, found.high) == pytest.approx((due.low, due.high), abs=1e-3)
