"""What more would buy: foretold, then bought; and looking more than once."""

import numpy as np
import pytest
from benchmarks.truths import TRUTHS, truth
from benchmarks.verdict import predicted, question
from scipy import stats

from why128.statistics.best import rungs
from why128.statistics.crossed import Crossed
from why128.statistics.fitting import gaps, harm, opens, spread_of_means, underfit
from why128.statistics.intervals import Interval
from why128.statistics.looks import spent
from why128.statistics.planning import more


@pytest.mark.parametrize(("name", "kind"), [("steep, lucky", "replicates"), ("hardly any luck", "images_to_settle")])
def test_what_is_asked_for_suffices(name, kind):
    """Of studies that name a number of replicates, or images, at least 80 % are settled by it (3 standard errors allowed)."""
    found = predicted(TRUTHS[name], 50)
    count = found[f"asking: {kind}"]
    assert count >= 5, found
    assert found[f"asking: {kind} sufficed"] >= 0.8 - 3 * np.sqrt(0.16 / count)


def test_images_alone_can_be_the_limit():
    """Networks without luck: more replicates tell nothing new, more images do."""
    known = truth("no luck", [70, 80, 80.2, 80.4], 0.0, 400, 2.0)
    rng = np.random.default_rng(0)
    found = more(Crossed.of(known.hits(rng, replicates=8)), question(known), 0.95, rng)
    assert found.replicates is None
    assert found.images is not None
    assert found.images > 400


def test_what_is_settled_needs_nothing_more():
    known = truth("clear", [60, 90, 90], 0.2, 5000, 2.0)
    rng = np.random.default_rng(0)
    crossed = Crossed.of(known.hits(rng))
    assert rungs(crossed, question(known), 0.95).low == 1
    found = more(crossed, question(known), 0.95, rng)
    assert found.replicates_to_settle == 7  # one more than the first number that is looked at


def test_looks_spend_the_risk_and_no_more():
    assert spent(0.05, 0) == pytest.approx(0.025)
    assert sum(spent(0.05, look) for look in range(10_000)) < 0.05


def test_a_fall_is_said_and_a_plateau_is_not():
    rng = np.random.default_rng(0)
    fall = harm(Crossed.of(TRUTHS["a fall"].hits(rng)), 0.95)
    assert fall.shown
    assert fall.loss.low <= 0.04 <= fall.loss.high
    assert not harm(Crossed.of(truth("plateau", [70, 80, 80, 80], 0.2, 5000, 1.0).hits(rng)), 0.95).shown


def test_harm_spends_a_fifth_of_the_risk():
    """Its reach is Student's at sidak(0.01, 2) of three candidates, on the standard error of the best against the widest."""
    crossed = Crossed.of(truth("fall", [80, 85, 83], 0.3, 3000, 1.0).hits(np.random.default_rng(2)))
    found, alike = harm(crossed, 0.95), crossed.of_these(np.array([1, 2])).errors
    reach = stats.t.isf(1 - 0.99**0.5, alike.freedom[0, 1]) * alike.standard[0, 1]
    assert found.loss.high - found.loss.mean == pytest.approx(reach)


def test_harm_covers_the_true_loss():
    """200 studies of a fall of 2 points from the best to the widest: the interval holds it in at least 95 % (3 SE)."""
    known, rng = truth("fall", [70, 85, 84, 83], 0.5, 1000, 1.0), np.random.default_rng(1)
    held = []
    for _ in range(200):
        found = harm(Crossed.of(known.hits(rng)), 0.95)
        true = known.means[found.best] - known.means[found.widest]
        held.append(found.loss.low <= true <= found.loss.high)
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 200)


def test_from_one_replicate_or_one_candidate_nothing_is_said_of_widths():
    hits = TRUTHS["a fall"].hits(np.random.default_rng(0), replicates=1)
    assert harm(Crossed.of(hits), 0.95) is None
    assert harm(Crossed.of(hits[:, :1].repeat(3, axis=0)), 0.95) is None
    assert spread_of_means(np.ones((1, 2)), 0.95) == [None, None]
    assert not underfit(np.zeros((1, 2)), 0.9, 0.01, 0.95).any()


def test_the_spread_of_means_is_student_s():
    values = np.random.default_rng(0).normal(0.8, 0.01, (6, 1))
    found = spread_of_means(values, 0.95)[0]
    from scipy import stats

    low, high = stats.t.interval(0.95, 5, values.mean(), stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((values.mean(), low[0], high[0]))


def test_who_does_not_even_learn():
    learned = np.array([[0.5, 0.80, 0.95], [0.52, 0.84, 0.96], [0.51, 0.79, 0.97]])
    assert underfit(learned, 0.85, 0.01, 0.95).tolist() == [True, False, False]


def test_the_gap_and_where_it_opens():
    hits = truth("gap", [80, 82], 0.3, 2000, 1.0).hits(np.random.default_rng(0))
    by_replicate = hits.mean(2)
    found = gaps(by_replicate + np.array([0.0, 0.05]), Crossed.of(hits), by_replicate, 0.95)
    assert [gap.mean for gap in found] == pytest.approx([0.0, 0.05])
    assert found[1].low < 0.05 < found[1].high
    wide = [Interval(m, m - 0.01, m + 0.01) for m in (0.0, 0.05, 0.015, 0.04, 0.06)]
    assert opens(wide, 0.01) == 3
    assert opens(wide[:3], 0.01) is None
