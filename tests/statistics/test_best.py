"""Who is within the tolerance of the best: by hand, by laws, and by simulation of known truths."""

from itertools import pairwise

import numpy as np
import pytest
from benchmarks.truths import TRUTHS, truth
from benchmarks.verdict import judged, predicted, question, stopped

from why128.statistics.best import Question, rungs, sidak, standing
from why128.statistics.crossed import Crossed

NONE = np.zeros(4, bool)


def clear(means=(60, 70, 80, 80), images=20_000, tolerance=2.0, seed=0):
    known = truth("clear", means, 0.2, images, tolerance)
    return Crossed.of(known.hits(np.random.default_rng(seed))), question(known)


def test_a_clear_case():
    crossed, asked = clear()
    found = rungs(crossed, asked, 0.95)
    assert (found.enough, found.low, found.high, found.likely) == (2, 2, 2, 2)
    assert found.too_small == (True, True, False, False)


def test_equal_candidates_make_the_smallest_enough():
    hits = np.repeat(truth("one", [80], 0.2, 5000, 1.0).hits(np.random.default_rng(0)), 4, axis=1)
    found = rungs(Crossed.of(hits), Question.of(0.01, 4), 0.95)
    assert (found.enough, found.low, found.high, found.best) == (0, 0, 0, 0)


def test_little_evidence_settles_nothing():
    crossed, asked = clear((78, 79, 80, 81), images=60, tolerance=0.1)
    found = rungs(crossed, asked, 0.95)
    assert found.enough is None
    assert found.low < found.high


def test_what_is_claimed_lies_in_the_interval():
    for seed in range(60):
        crossed, asked = clear((78, 80, 80.5, 81), images=600, tolerance=1.0, seed=seed)
        found = rungs(crossed, asked, 0.95)
        assert found.low <= found.likely <= found.high
        assert found.enough is None or found.low <= found.enough <= found.high


def test_more_confidence_claims_no_more():
    crossed, asked = clear((78, 80, 80.5, 81), images=2000, tolerance=2.0)
    claims = [standing(crossed, asked, level).within for level in (0.3, 0.1, 0.05, 0.01, 0.001)]
    for more, less in pairwise(claims):
        assert not (less & ~more).any()


def test_the_order_of_candidates_that_are_no_ladder_does_not_matter_to_the_sums():
    """Each candidate a family of its own: turned round, the same ones are claimed."""
    crossed, _ = clear((78, 80, 80.5, 81), images=4000)
    turned = crossed.of_these(np.array([3, 2, 1, 0]))
    forth, back = (standing(c, Question(0.02, np.arange(4), NONE), 0.05).within for c in (crossed, turned))
    assert forth.tolist() == back[::-1].tolist()


def test_nothing_is_claimed_below_one_that_fails():
    """The ladder is descended from the best: a lucky small candidate under a bad one is not reached."""
    crossed, asked = clear((81, 80, 81.3, 81), images=20_000, tolerance=1.0)
    assert standing(crossed, asked, 0.05).within.tolist() == [False, False, True, False]
    apart = Question(asked.tolerance, np.array([1, 0, 0, 0]), NONE)
    assert standing(crossed, apart, 0.05).within.tolist() == [True, False, True, False]


def test_sidak_is_its_formula():
    assert sidak(0.05, 10) == pytest.approx(0.005116, abs=1e-6)
    assert 1 - (1 - sidak(0.05, 7)) ** 7 == pytest.approx(0.05)


def bound(studies, share=0.05):
    """Three standard errors above what is promised."""
    return share + 3 * np.sqrt(share * (1 - share) / studies)


@pytest.mark.parametrize("name", TRUTHS)
def test_the_sentence_is_seldom_false(name):
    """30 simulated studies of each known truth; benchmarks/verdict.py does 2,000 and keeps the record."""
    found = judged(TRUTHS[name], 30)
    assert found["false"] <= bound(30)
    assert found["covered"] >= 1 - bound(30)
    assert found["falsely said to hurt"] <= bound(30)


def test_where_all_are_equal_the_smallest_is_named():
    """40 studies; benchmarks/verdict.py does 2,000, where both hold in at least 95 %."""
    found = judged(TRUTHS["flat, 10,000 images"], 40, seed=1)
    assert found["true rung named"] >= 0.9
    assert found["true rung named, none falsely said to hurt"] >= 0.9
    assert found["settled"] >= 0.95


def test_a_known_curve_is_mostly_answered():
    """The proof above would hold for a verdict that never says anything."""
    assert judged(TRUTHS["MNIST, 10,000 images"], 40)["true rung named"] >= 0.75
    assert judged(TRUTHS["sample"], 40)["settled"] >= 0.8


def test_what_is_doubtful_is_not_claimed_and_nothing_larger_is_called_the_smallest():
    crossed, asked = clear()
    doubted = Question(asked.tolerance, asked.families, np.array([False, False, True, False]))
    assert standing(crossed, doubted, 0.05).within.tolist() == [False, False, False, True]
    found = rungs(crossed, doubted, 0.95)
    assert (found.enough, found.likely, found.high) == (None, 2, 3)


def test_who_is_nearly_perfect_needs_no_comparison():
    """A candidate whose runs fail half the time may be the best for all that is known; nobody is better than perfect."""
    rng = np.random.default_rng(0)
    hits = rng.random((5, 3, 4000)) < 0.9995
    hits[::2, 1] = rng.random((3, 4000)) < 0.5
    found = standing(Crossed.of(hits), Question(0.01, np.array([1, 0, 0]), np.zeros(3, bool)), 0.05)
    assert found.may_be_best[1]
    assert found.within.tolist() == [True, False, True]


def test_the_ceiling_is_seldom_claimed_falsely():
    """99.0 % is the tolerance's edge: a lower limit at 0.5 % passes it in at most 0.5 % of 1,000 studies (3 SE)."""
    known, rng = truth("edge", [98.99], 0.1, 1000, 1.0), np.random.default_rng(1)
    passed = []
    for _ in range(1000):
        crossed = Crossed.of(known.hits(rng))
        passed.append(crossed.errors.at_least(crossed.means, 0.005)[0] >= 0.99)
    assert np.mean(passed) <= 0.005 + 3 * np.sqrt(0.005 * 0.995 / 1000)


def test_a_run_of_right_answers_is_not_perfection():
    perfect = Crossed.of(np.ones((5, 1, 1000), bool))
    assert perfect.errors.at_least(perfect.means, 0.005)[0] == pytest.approx(0.005 ** (1 / 1000), abs=5e-4)


def test_a_study_that_stops_when_it_knows_is_seldom_false():
    """Its error over 250 studies of each truth is in the record; here, that it is simulated at all."""
    found = stopped(TRUTHS["a fall, steep"], 12)
    assert found["stopping: false"] <= bound(12)
    assert found["stopping: covered"] > 1 - bound(12)
    assert found["stopping: settled"] == 1
    assert found["stopping: networks"] < 6 * 20


def test_what_it_asks_for_settles_it():
    found = predicted(TRUTHS["one step beyond the tolerance"], 12)
    assert found["asking: replicates_to_settle"] + found["asking: images_to_settle"] > 0
    assert found["asking: replicates_to_settle sufficed"] in (None, 1.0)
