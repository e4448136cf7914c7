"""The verdict: what it says of known truths, and how often it is wrong."""

import numpy as np
import pytest

from tests.studies.test_statistics import crossed
from why128.recipe import Recipe
from why128.studies.plan import Candidate, Plan
from why128.studies.verdict import decide

WIDTHS = (0, 2, 8, 32, 128)


def plan(seed=0, **kwargs):
    return Plan(tuple(Candidate((w,) if w else ()) for w in WIDTHS), 5, Recipe(seed=seed), **kwargs)


def decided(means, images=2000, seed=0, **kwargs):
    hits = crossed(np.random.default_rng(seed), 5, images, means)
    return decide(plan(seed, **kwargs), hits, hits)


def test_a_clear_case():
    verdict = decided([0.5, 0.6, 0.9, 0.9, 0.9], images=20_000, tolerance=2.0)
    assert (verdict.enough, verdict.low, verdict.high, verdict.settled) == (2, 2, 2, True)


def test_equal_candidates_make_the_smallest_enough():
    hits = np.repeat(crossed(np.random.default_rng(0), 5, 500, [0.8]), 5, axis=1)
    verdict = decide(plan(), hits, hits)
    assert (verdict.enough, verdict.low, verdict.high, verdict.best) == (0, 0, 0, 0)


def test_little_evidence_is_said_to_be_little():
    verdict = decided([0.70, 0.74, 0.77, 0.79, 0.80], images=60, tolerance=0.1)
    assert not verdict.settled
    assert verdict.enough == verdict.best
    assert verdict.low < verdict.high


def test_the_interval_holds_enough():
    for seed in range(30):
        verdict = decided([0.70, 0.78, 0.80, 0.805, 0.81], images=400, seed=seed)
        assert verdict.low <= verdict.enough <= verdict.high


def test_a_greater_tolerance_never_asks_for_more():
    enough = [decided([0.70, 0.78, 0.80, 0.805, 0.81], tolerance=t).enough for t in (0.1, 0.5, 1, 2, 5, 15)]
    assert enough == sorted(enough, reverse=True)


def test_the_same_study_decides_the_same():
    assert decided([0.7, 0.8, 0.81, 0.82, 0.82]) == decided([0.7, 0.8, 0.81, 0.82, 0.82])


def test_it_is_seldom_wrong_where_it_is_hardest():
    """A candidate just beyond the tolerance is the hardest to refuse: at 95 % it may pass in at most 5 % of studies.

    150 simulated studies; the bound allows three standard errors.
    """
    verdicts = [decided([0.5, 0.5, 0.7899, 0.81, 0.81], images=500, seed=seed, tolerance=2.0) for seed in range(150)]
    wrong = [v.settled and v.enough <= 2 for v in verdicts]
    assert sum(v.settled for v in verdicts) > 50, "the test says nothing of studies that are not settled"
    assert np.mean(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.slow
def test_the_interval_covers_the_truth():
    """300 studies in which 8 neurons are the truth, well within the tolerance: the 95 % interval holds it at least that often."""
    verdicts = [decided([0.60, 0.77, 0.81, 0.812, 0.813], images=1000, seed=seed, tolerance=1.0) for seed in range(300)]
    assert np.mean([v.low <= 2 <= v.high for v in verdicts]) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)
