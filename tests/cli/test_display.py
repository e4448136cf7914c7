"""What is shown while a study runs: the time left, by its pace since the first epoch."""

import numpy as np
import pytest

from why128.cli.display import Watch
from why128.recipe import Recipe
from why128.studies import progress
from why128.studies.events import EpochDone, Luck, Stage
from why128.studies.forecast import Forecast
from why128.studies.plan import Plan, candidates

PLAN = Plan(candidates("0,4"), 2, Recipe(epochs=10))


@pytest.fixture
def clock(monkeypatch):
    """A clock that is turned by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def epoch(number, replicate=0):
    return EpochDone(Luck.of(replicate), number, {"val_accuracy": np.array([0.5, 0.6])})


def test_the_time_left_does_not_count_what_was_compiled(clock):
    watch = Watch(PLAN, "pets")
    watch.hear(Stage(PLAN.labels, 2, twins=False))
    assert watch.line() == "compiling · 0 s"
    clock[0] += 30
    watch.hear(epoch(0))
    assert watch.line() == "replicate 1 of 2 · 30 s", "one epoch says nothing of the pace"
    clock[0] += 4
    watch.hear(epoch(4))  # four of twenty epochs in four seconds; fifteen are left
    assert watch.line() == "replicate 1 of 2 · 34 s · 15 s left"
    watch.hear(Stage(PLAN.labels[-1:], 2, twins=True))
    assert watch.line() == "telling the parts of luck apart · 34 s"


def test_one_that_goes_on_counts_from_where_it_stood(clock):
    watch = Watch(PLAN, "pets")
    watch.hear(epoch(8))
    clock[0] += 2
    watch.hear(epoch(9))
    watch.hear(epoch(0, replicate=1))  # 11 of 20: two epochs in two seconds
    assert watch.line() == "replicate 1 of 2 · 2 s · 9 s left"


def test_what_it_will_take_is_kept_in_sight():
    watch = Watch(PLAN, "pets")
    watch.hear(Forecast(60, 2, 24.0, 632_617_472, 0))
    assert watch.said == ["60 networks: about 25 s on 2 free cores, at most 0.6 GB of memory"]
