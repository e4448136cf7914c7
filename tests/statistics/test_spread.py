"""The parts of the spread against planted components, and by hand."""

import numpy as np
import pytest
from benchmarks.truths import truth
from scipy import stats

from why128.statistics import spread
from why128.statistics.crossed import Crossed
from why128.statistics.intervals import Interval

IMAGE = 0.1  # every image is so much easier or harder than the mean of 0.7
PARTS = {"initialisation": 0.05, "order": 0.02, "sample": 0.035}


def study(rng, replicates, count, parts=PARTS, together=0.0):
    """Hits (R, N) and twins with these SDs of accuracy by each part, and of all parts' product."""
    own = {part: rng.normal(0, sd, replicates) for part, sd in parts.items()}
    easier = rng.choice([-IMAGE, IMAGE], count)

    def answered(luck):
        product = np.prod([luck[part] / parts[part] for part in parts], axis=0) * together
        chance = 0.7 + (sum(luck.values()) + product)[:, None] + easier
        return rng.random((replicates, count)) < np.clip(chance, 0, 1)

    moved = {part: answered(own | {part: np.roll(own[part], -1)}) for part in parts}
    return answered(own), moved


def test_every_part_is_found_without_bias():
    """400 studies of 5 replicates: the mean square of each part is the planted one within 4 SE (and 1e-5 for what falls below 0)."""
    rng, found = np.random.default_rng(0), []
    for _ in range(400):
        parts = spread.split(*study(rng, 5, 1000), 0.95)
        of_luck = [getattr(parts, part).mean ** 2 for part in (*PARTS, "luck")]
        found.append([*of_luck, parts.images**2, parts.interaction**2])
    luck = sum(sd**2 for sd in PARTS.values())
    of_images = IMAGE**2 / 1000
    planted = np.array([*(sd**2 for sd in PARTS.values()), luck, of_images, (0.7 * 0.3 - luck) / 1000 - of_images])
    error = np.std(found, axis=0) / np.sqrt(400)
    assert (np.abs(np.mean(found, axis=0) - planted) < 4 * error + 1e-5).all()


def test_a_part_holds_what_it_does_together_with_others():
    """Jansen's total effect: initialisation's square and that of the product of both."""
    rng, parts = np.random.default_rng(1), {"initialisation": 0.05, "order": 0.03}
    found = [spread.split(*study(rng, 5, 400, parts, together=0.04), 0.95) for _ in range(400)]
    squares = [one.initialisation.mean**2 for one in found]
    assert np.mean(squares) == pytest.approx(0.05**2 + 0.04**2, abs=4 * np.std(squares) / 20)


@pytest.mark.parametrize("replicates", [2, 3, 5])
def test_the_limits_hold_the_truth_at_least_as_often_as_they_say(replicates):
    rng, held = np.random.default_rng(2), []
    luck = np.sqrt(sum(sd**2 for sd in PARTS.values()))
    for _ in range(400):
        parts = spread.split(*study(rng, replicates, 300), 0.95)
        asked = [(getattr(parts, part), sd) for part, sd in PARTS.items()] + [(parts.luck, luck)]
        held.append([limits.low <= truth <= limits.high for limits, truth in asked])
    assert (np.mean(held, axis=0) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)).all()


def test_without_noise_luck_has_the_textbook_s_limits():
    """So many images that noise is nothing: the chi-squared interval of an SD."""
    rates = np.array([0.2, 0.4, 0.5, 0.6])
    count = 100_000
    hits = np.arange(count) < (rates * count)[:, None]
    hits = np.stack([np.random.default_rng(r).permutation(row) for r, row in enumerate(hits)])
    found = spread.split(hits, {}, 0.95).luck
    sum_of_squares = ((rates - rates.mean()) ** 2).sum()
    due = np.sqrt(sum_of_squares / stats.chi2.ppf([0.975, 0.025], 3))
    assert found.mean == pytest.approx(rates.std(ddof=1), rel=1e-3)
    assert (found.low, found.high) == pytest.approx((due[0], min(due[1], 0.5)), rel=1e-3)


def test_networks_of_equal_worth_have_no_luck_and_a_limit_above_it():
    rng = np.random.default_rng(3)
    found = [spread.split(rng.random((5, 500)) < 0.8, {}, 0.95).luck for _ in range(200)]
    assert np.mean([one.low == 0 for one in found]) >= 0.95
    assert all(one.high > 0 for one in found)


def test_what_was_not_measured_is_not_known():
    hits, twins = study(np.random.default_rng(4), 4, 200)
    found = spread.split(hits, {"order": twins["order"]}, 0.95)
    assert found.initialisation is None
    assert found.sample is None
    assert isinstance(found.order, Interval)


@pytest.mark.parametrize(
    "hits",
    [
        np.ones((5, 40), bool),
        np.zeros((5, 40), bool),
        np.arange(40)[None] < 30,
        np.ones((3, 1), bool),
        np.zeros((3, 0), bool),
    ],
)
def test_where_nothing_is_known_nothing_is_said(hits):
    found = spread.split(hits, {"initialisation": hits, "order": hits}, 0.95)
    assert found == spread.Spread(None, None, None, None, None, None, *hits.shape)


def test_twins_without_any_difference_are_none():
    """An order that changes no answer at all was, more likely, never moved; at any rate nothing is known of its limits."""
    hits, _ = study(np.random.default_rng(5), 4, 200)
    assert spread.split(hits, {"order": hits}, 0.95).order is None


def crossed(luck, images, both, replicates=5, count=2000):
    """Two candidates whose difference has these variances; the first has none of its own."""
    one = np.array([[0.0, 0.0], [0.0, 1.0]])
    of_luck, of_images = luck + both / count, images + both / replicates
    return Crossed(np.zeros(2), one * of_luck, one * of_images, one * both, replicates, count)


def test_what_limits_the_answer_by_hand():
    found = spread.limits(crossed(1e-4, 8e-3, 3.2e-2), 0, 1)
    assert found.shares == pytest.approx({"luck": 2e-5 / 2.72e-5, "images": 4e-6 / 2.72e-5, "both": 3.2e-6 / 2.72e-5})
    assert found.largest == "luck"
    assert spread.limits(crossed(1e-4, 8e-3, 3.2e-2, replicates=1000), 1, 0).largest == "images"
    assert spread.limits(crossed(1e-6, 8e-3, 1.8, count=20), 0, 1).largest == "both"


def test_nothing_limits_what_cannot_be_told():
    assert spread.limits(crossed(1e-4, 8e-3, 3e-2, replicates=1), 0, 1) is None
    assert spread.limits(crossed(1e-4, 8e-3, 3e-2), 0, 0) is None
    assert spread.limits(crossed(0.0, 0.0, 0.0), 0, 1) is None


def test_the_shares_are_those_of_the_difference_s_variance():
    """Two candidates on the same images, over and over: their difference varies as the parts say."""
    known = truth("two", [70, 80], 1.0, 300, 1.0)
    rng, differences, found = np.random.default_rng(6), [], []
    for _ in range(400):
        seen = Crossed.of(known.hits(rng))
        differences.append(seen.means[1] - seen.means[0])
        luck, images, both = (part[0, 1] for part in seen.components)
        found.append(luck / 5 + images / 300 + both / 1500)
    assert np.mean(found) == pytest.approx(np.var(differences), rel=0.25)
