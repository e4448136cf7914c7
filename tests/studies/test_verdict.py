"""The verdict on simulated studies of known truths: by laws, in special cases, and how often it is wrong."""

import subprocess
import sys

import numpy as np
import pytest

from tests.studying import hits, plan, rows
from why128.studies.candidate import Candidate
from why128.studies.evidence import Evidence
from why128.studies.verdict import LEVELS, asked_about, decide, families

MOST_MEMORY = 10**9  # bytes, at 100 candidates × 50 replicates × 10,000 images


def decided(asked, answers, allowed=None, confidence=0.95, runs=None, learned=None):
    evidence = Evidence.of(asked, answers.shape[2], rows(asked, answers, learned, runs), [])
    return decide(evidence, np.ones(len(evidence.tried), bool) if allowed is None else np.array(allowed), confidence)


def five(percents, images=2000, seed=0, **changes):
    """The verdict on five widths with these true accuracies."""
    return decided(plan(0, 2, 8, 32, 128, **changes), hits(percents, images=images, seed=seed))


def test_a_clear_case():
    verdict = five([50, 60, 90, 90, 90], images=20_000, tolerance=2.0)
    assert (verdict.enough, verdict.low, verdict.high, verdict.settled) == (2, 2, 2, True)
    assert verdict.too_small == (True, True, False, False, False)
    assert verdict.within_budget == (True,) * 5
    assert [round(100 * a.mean) for a in verdict.accuracies] == pytest.approx([50, 60, 90, 90, 90], abs=1)


def test_equal_candidates_make_the_smallest_enough():
    verdict = decided(plan(0, 2, 8, 32, 128), np.repeat(hits([80.0]), 5, axis=1))
    assert (verdict.enough, verdict.low, verdict.high, verdict.best) == (0, 0, 0, 0)


def test_little_evidence_is_said_to_be_little():
    verdict = five([70, 74, 77, 79, 80], images=60, tolerance=0.1)
    assert not verdict.settled
    assert max(verdict.confidences) < 0.95
    assert verdict.low < verdict.high


def test_the_interval_holds_enough():
    for seed in range(30):
        verdict = five([70, 78, 80, 80.5, 81], images=400, seed=seed)
        assert verdict.low <= verdict.enough <= verdict.high


def test_a_greater_tolerance_never_asks_for_more():
    found = [five([70, 78, 80, 80.5, 81], tolerance=t) for t in (0.1, 0.5, 1, 2, 5, 15)]
    enough = [verdict.enough for verdict in found if verdict.settled]
    assert len(enough) >= 3
    assert enough == sorted(enough, reverse=True)


def test_the_same_study_decides_the_same():
    assert five([70, 80, 81, 82, 82]) == five([70, 80, 81, 82, 82])


def test_the_confidence_of_a_candidate_is_the_highest_level_at_which_it_is_claimed():
    """Asked again at each level, a candidate is enough there or it is not; the verdict's own is the study's."""
    asked, answers = plan(0, 2, 8, 32, 128), hits([70, 79, 80, 80.5, 81])
    confidences = decided(asked, answers).confidences
    assert 0 < confidences[-1] <= 1
    for level in LEVELS:
        enough = decided(asked, answers, confidence=level)
        claimed = [k for k, held in enumerate(confidences) if held >= level]
        assert (enough.enough if enough.settled else None) == min(claimed, default=None), level


def test_one_replicate_settles_nothing_whatever_the_images_say():
    verdict = decided(plan(0, 2, 8), hits([30, 60, 90], replicates=1, images=20_000))
    assert not verdict.settled
    assert (verdict.low, verdict.high) == (0, 2)
    assert verdict.confidences == (0, 0, 0)
    assert verdict.too_small == (False, False, False)
    assert verdict.best == 2


def test_one_candidate_alone():
    verdict = decided(plan(4), hits([80.0]))
    assert (verdict.enough, verdict.low, verdict.high, verdict.best) == (0, 0, 0, 0)
    assert verdict.too_small == (False,)


def test_all_wrong_and_all_right():
    for answers in (np.zeros((5, 3, 50), bool), np.ones((5, 3, 50), bool)):
        verdict = decided(plan(0, 2, 8), answers)
        assert (verdict.enough, verdict.low) == (0, 0)
        assert np.isfinite([getattr(a, x) for a in verdict.accuracies for x in ("mean", "low", "high")]).all()


# ---------------------------------------------------------------- budgets


def test_a_budget_names_only_what_it_allows():
    asked, answers = plan(0, 2, 8, 32, 128), hits([50, 60, 80, 90, 90], images=20_000)
    verdict = decided(asked, answers, allowed=[True, True, True, False, False])
    assert (verdict.enough, verdict.best, verdict.high) == (2, 2, 2)
    assert verdict.settled, "of those allowed, 8 neurons are the best by far"
    assert verdict.confidences[3:] == (0, 0)
    assert verdict.too_small == (True, True, False, False, False)
    assert verdict.accuracies[4].mean == pytest.approx(0.9, abs=0.01), "the others' accuracies are told all the same"


def test_a_budget_that_allows_one():
    verdict = decided(plan(0, 2, 8), hits([50, 60, 80]), allowed=[False, True, False])
    assert (verdict.enough, verdict.low, verdict.high, verdict.best, verdict.settled) == (1, 1, 1, 1, True)


# ---------------------------------------------------------------- candidates that were given up


def test_candidates_with_fewer_replicates_are_too_small():
    """A study that stops when it knows gave up 0 and 2 neurons after three replicates; at 5, they would be possible."""
    asked, answers = plan(0, 2, 8, 32), hits([80.0] * 4, replicates=8)
    verdict = decided(asked, answers, runs=[3, 3, 8, 8])
    assert verdict.too_small[:2] == (True, True)
    assert (verdict.enough, verdict.low) == (2, 2)
    assert not any(decided(asked, answers).too_small)


def test_the_others_are_compared_in_all_their_replicates():
    answers = hits([70.0, 80, 80], replicates=8)
    answers[3:, 2] = False  # in the replicates that 0 neurons do not have, 8 neurons fail
    verdict = decided(plan(0, 2, 8), answers, runs=[3, 8, 8])
    assert verdict.best == 1


def test_where_all_that_is_allowed_was_given_up_these_are_compared():
    asked, answers = plan(0, 2, 8, 32), hits([50, 60, 80, 90], replicates=8, images=20_000)
    verdict = decided(asked, answers, allowed=[True, True, False, False], runs=[3, 3, 8, 8])
    assert verdict.enough == 1
    assert verdict.high == 1
    evidence = Evidence.of(asked, 20_000, rows(asked, answers, runs=[3, 3, 8, 8]), [])
    assert asked_about(evidence, np.array([True, True, False, False])).tolist() == [0, 1]
    assert asked_about(evidence, np.array([True, True, True, False])).tolist() == [2]


# ---------------------------------------------------------------- families


def test_families_are_ladders_of_their_own():
    """relu fails below 8 neurons and tanh does not: 2 neurons with tanh are enough though 2 with relu are not.

    In one ladder the claim would stop on its way down at the first that fails.
    """
    candidates = [Candidate((w,), name) for w in (2, 8) for name in ("relu", "tanh")]
    asked = plan(*candidates, tolerance=2.0)
    assert asked.labels == ("2 relu", "2 tanh", "8 relu", "8 tanh")
    verdict = decided(asked, hits([60.0, 85, 85, 85], images=20_000))
    assert asked.labels[verdict.enough] == "2 tanh"
    assert verdict.settled
    assert verdict.too_small[0]


def test_what_belongs_to_one_family():
    candidates = [
        Candidate(()),
        Candidate((4,)),
        Candidate((4,), "tanh"),
        Candidate((8,)),
        Candidate((4, 4)),
        Candidate((8,), "tanh"),
    ]
    assert families(candidates).tolist() == [0, 1, 2, 1, 3, 2]
    assert families([Candidate(())]).tolist() == [0]


# ---------------------------------------------------------------- failures that may not have shown


def learned_by(*runs):
    """Training accuracies (5, K) of candidates that end well, but for the first so many runs of each, which guess."""
    values = np.full((5, len(runs)), 0.95)
    for k, failed in enumerate(runs):
        values[:failed, k] = 0.25
    return values


def doubted(*runs, widths=(0, 2, 8, 32), tolerance=1.0, percents=(70, 80, 90, 90)):
    """The verdict where so many of each candidate's five runs failed."""
    answers = hits(percents, images=4000, luck=0.1)
    return decided(plan(*widths, tolerance=tolerance), answers, learned=learned_by(*runs))


def test_a_width_just_above_one_that_fails_now_and_then_is_not_called_enough():
    """A failure costs 70 points: at 5 runs that went well, 45 in 100 could fail.  ln 0.05 / ln(1 - 1/70) = 208.2 runs
    that all go well would leave no more than one point in doubt.
    """
    sure, unsure = doubted(0, 0, 0, 0), doubted(0, 1, 0, 0)
    assert (sure.enough, sure.settled, sure.doubtful) == (2, True, (0, 0, 0, 0))
    assert unsure.doubtful == (0, 0, 209, 0)
    assert not unsure.settled, "32 neurons are not the smallest that look enough"
    assert unsure.confidences[2] == 0


def test_a_greater_tolerance_bears_more_failures():
    """A tolerance of 40 of 70 points: ln 0.05 / ln(1 - 4/7) = 3.5 runs will do, and there are five."""
    assert doubted(0, 1, 0, 0, tolerance=40.0).doubtful == (0, 0, 0, 0)


def test_a_width_that_failed_itself_is_judged_by_its_own_failures():
    assert doubted(0, 1, 1, 0).doubtful[2] == 0


def test_a_width_below_that_never_learns_says_nothing_of_failures():
    """All its runs end alike: it is too small, not unlucky."""
    assert doubted(0, 5, 0, 0).doubtful == (0, 0, 0, 0)


def test_softmax_regression_is_no_narrower_network():
    """Without neurons nothing dies: its failures are of another kind."""
    assert doubted(1, 0, 0, 0).doubtful == (0, 0, 0, 0)


def test_failures_belong_to_their_own_ladder():
    kinds = [Candidate((w,), name) for w in (2, 8) for name in ("relu", "tanh")]
    assert doubted(1, 0, 0, 0, widths=kinds).doubtful == (0, 0, 209, 0), "8 relu, above 2 relu"
    assert doubted(0, 1, 0, 0, widths=kinds).doubtful == (0, 0, 0, 209), "8 tanh, above 2 tanh"


# ---------------------------------------------------------------- how often it is wrong


def test_it_is_seldom_wrong_where_it_is_hardest():
    """A candidate just beyond the tolerance is the hardest to refuse: at 95 % it may pass in at most 5 % of studies.

    80 simulated studies; the bound allows three standard errors.
    """
    verdicts = [five([50, 50, 78.99, 81, 81], images=500, seed=seed, tolerance=2.0) for seed in range(80)]
    wrong = [v.settled and v.enough <= 2 for v in verdicts]
    assert sum(v.settled for v in verdicts) > 30, "the test says nothing of studies that are not settled"
    assert np.mean(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 80)


@pytest.mark.slow
def test_the_interval_covers_the_truth():
    """300 studies in which 8 neurons are the truth, well within the tolerance: the 95 % interval holds it at least that often."""
    verdicts = [five([60, 77, 81, 81.2, 81.3], images=1000, seed=seed) for seed in range(300)]
    assert np.mean([v.low <= 2 <= v.high for v in verdicts]) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)


# ---------------------------------------------------------------- memory

LARGE = """
import numpy as np
from tests.memory import most_memory
from tests.studying import plan, trial
from why128.studies.evidence import Evidence
from why128.studies.verdict import decide

asked, rng = plan(*range(1, 101), replicates=50), np.random.default_rng(0)
difficulty = rng.random(10_000)
trials = [
    trial(asked, k, r, difficulty + 0.1 * rng.standard_normal(10_000) < 0.5 + 0.3 * (1 - 1 / (k + 1)), 0.9)
    for k in range(100)
    for r in range(50)
]
verdict = decide(Evidence.of(asked, 10_000, trials, []), np.ones(100, bool), 0.95)
assert 0 < verdict.enough < 100
print(most_memory())
"""


@pytest.mark.slow
def test_a_large_study_is_decided_in_little_memory():
    said = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True).stdout
    assert int(said) < MOST_MEMORY
