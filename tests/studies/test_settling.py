"""A study that stops when it knows: what it trains first, next, and when it stops."""

from itertools import pairwise

import numpy as np
import pytest
from benchmarks.truths import Population, truth

from tests.studying import plan, rows
from why128.statistics.looks import spent
from why128.studies.budget import Budget
from why128.studies.candidate import Candidate
from why128.studies.evidence import Evidence
from why128.studies.settling import FIRST_REPLICATES, MOST_REPLICATES, Step, first, further
from why128.studies.verdict import decide

WIDTHS = (0, 1, 2, 4, 8, 16, 32, 64, 128)
THREE = tuple(range(FIRST_REPLICATES))


class Bench:
    """A study of networks whose answers are simulated: what `conduct` does, without training."""

    def __init__(self, percents, images, luck=0.3, seed=0, **changes):
        self.plan = plan(*WIDTHS[: len(percents)], **changes)
        population = Population(truth("", percents, luck, images, 0), np.random.default_rng(seed), images)
        self.answers = population.replicates(MOST_REPLICATES)  # (R, K, N)
        self.seen, self.looks, self.steps = {}, 0, []

    def train(self, step):
        self.steps.append(step)
        for trial in rows(self.plan, self.answers[: max(step.replicates) + 1]):
            if self.plan.labels.index(trial.candidate) in step.places and trial.replicate in step.replicates:
                assert (trial.candidate, trial.replicate) not in self.seen, "nothing is trained twice"
                self.seen[trial.candidate, trial.replicate] = trial

    def look(self):
        evidence = Evidence.of(self.plan, self.answers.shape[2], self.seen.values(), [])
        risk = spent(1 - self.plan.confidence, self.looks)
        return evidence, decide(evidence, np.ones(len(evidence.tried), bool), 1 - risk)

    def next(self):
        return further(self.plan, *self.look())

    def run(self):
        step = first(self.plan)
        while step:
            self.train(step)
            step = self.next()
            self.looks += step is not None
        return self.look()


# ---------------------------------------------------------------- the first step


@pytest.mark.parametrize(
    ("count", "places"),
    [(1, (0,)), (2, (0, 1)), (3, (0, 2)), (4, (0, 1, 3)), (8, (0, 1, 3, 5, 7)), (9, (0, 2, 4, 6, 8))],
)
def test_first_every_second_rung_the_smallest_and_the_widest_among_them(count, places):
    assert first(plan(*WIDTHS[:count])) == Step(places, THREE)


def test_the_widest_within_a_budget_is_among_the_first():
    """Of 65 numbers a neuron and 5 a class: 8 neurons take 556 numbers, 16 take 1,108."""
    assert first(plan(*WIDTHS, budget=Budget(bytes=4 * 600))).places == (0, 2, 4, 6, 8)
    assert first(plan(*WIDTHS, budget=Budget(neurons=4))).places == (0, 2, 3, 4, 6, 8)


# ---------------------------------------------------------------- what is next


def test_the_rungs_between_the_last_too_small_and_the_first_that_suffices():
    """8 neurons suffice and 2 are far too few: 4 are tried next, in as many replicates."""
    bench = Bench([20, 30, 40, 60, 90, 90, 90, 90, 90], 10_000, luck=0.05)
    bench.train(first(bench.plan))
    assert bench.next() == Step((3,), THREE)


def test_then_it_knows_and_stops():
    evidence, verdict = (bench := Bench([20, 30, 40, 60, 90, 90, 90, 90, 90], 10_000, luck=0.05)).run()
    assert verdict.settled
    assert evidence.labels[verdict.enough] == evidence.labels[verdict.low] == evidence.labels[verdict.high] == "8"
    assert [step.places for step in bench.steps[:2]] == [(0, 2, 4, 6, 8), (3,)]
    assert len(bench.seen) == 3 * 6


def test_only_what_is_still_in_question_is_repeated():
    """The last three look alike until many replicates say otherwise: the others are not trained again."""
    bench = Bench([20, 40, 60, 88.5, 90], 3000, luck=1.5)
    bench.run()
    repeats = [step for step in bench.steps if step.repeats]
    assert len(repeats) >= 2
    assert all(set(step.places) <= {3, 4} for step in repeats)


def test_replicates_grow_by_half():
    bench = Bench([20, 40, 60, 88.5, 90], 3000, luck=1.5)
    bench.run()
    sizes = [1 + max(step.replicates) for step in bench.steps if step.repeats]
    assert sizes[:4] == [5, 8, 12, 18][: len(sizes)]
    begins = [min(step.replicates) for step in bench.steps if step.repeats]
    assert begins == [3, *sizes[:-1]], "each step begins where the last ended"


def test_it_stops_where_no_replicate_could_settle_it():
    """A step right at the tolerance, on few images: only more images could tell."""
    bench = Bench([20, 40, 60, 89, 90], 300, luck=0.1)
    evidence, verdict = bench.run()
    assert verdict.low != verdict.high
    assert evidence.replicates.max() < MOST_REPLICATES


def test_it_never_goes_beyond_the_most_replicates():
    """Two widths exactly a tolerance apart stay in question however often they are trained."""
    bench = Bench([89, 90], 20_000, luck=3.0, confidence=0.99)
    bench.train(Step((0, 1), tuple(range(MOST_REPLICATES))))
    assert bench.look()[1].low != bench.look()[1].high
    assert bench.next() is None


def test_every_look_is_surer_than_the_last():
    """The risk that looks spend sums to the study's, however many they are."""
    risks = [spent(0.05, look) for look in range(2000)]
    assert all(b < a for a, b in pairwise(risks))
    assert 0.0499 < sum(risks) < 0.05
    assert risks[0] == 0.025


@pytest.mark.parametrize("candidates", [(4,), (0, 4)])
def test_short_ladders(candidates):
    bench = Bench([80.0, 90.0][-len(candidates) :], 1000)
    bench.plan = plan(*candidates)
    evidence, verdict = bench.run()
    assert evidence.tried == tuple(range(len(candidates)))
    assert verdict.enough == len(candidates) - 1


def test_ladders_of_several_activations():
    asked = plan(*(Candidate((w,), name) for w in (2, 8, 32) for name in ("relu", "tanh")))
    assert first(asked).places == (0, 1, 3, 5)
