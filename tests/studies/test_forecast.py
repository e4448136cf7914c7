"""What a study says beforehand that it will take: counted by hand, never by a clock."""

from dataclasses import replace

import pytest

from tests.studies.conftest import DATA, PLAN
from why128.division import divide, without_test
from why128.errors import SurroundingsError, UsageError
from why128.recipe import Recipe
from why128.studies import forecast, memory
from why128.studies.bench import Bench
from why128.studies.forecast import AROUND, NUMBER, PARAMETER, SCORE
from why128.studies.plan import candidates
from why128.studies.settling import FIRST_REPLICATES
from why128.studies.until import Until

ON = PLAN.on(DATA)
LEFT, DIVISION = without_test(DATA, divide(DATA, ON.recipe.held_out, ON.recipe.seed))
SLOW = 1e9


@pytest.fixture(autouse=True)
def slow(monkeypatch):
    """A machine of which everything is known."""
    monkeypatch.setattr(forecast, "speed", lambda: SLOW)


def test_the_work_of_a_cohort_counted_by_hand():
    """One network of 2 neurons on 64 inputs and 4 classes, two epochs of N images by 16, N' of them watched."""
    bench = Bench.of(ON, LEFT, DIVISION, [ON.entries[1]])
    n, judged = len(DIVISION.learned), 2 * len(DIVISION.held_out) + len(DIVISION.learned) + len(DIVISION.held_out)
    first, later = 2 * 64, 2 * 4 + 4
    products = 2 * n * (4 * first + 6 * later) + judged * 2 * (first + later)
    steps = 2 * -(-n // 16)
    due = products / 1e9 + PARAMETER * (first + later) * steps + (2 * n + judged) * (NUMBER * 64 + SCORE * 4)
    assert forecast.work(bench, n, 1e9) == pytest.approx(due)


def test_who_is_free_takes_the_next():
    assert forecast.together([3, 2, 1], 1) == 6
    assert forecast.together([3, 2, 1], 2) == 3
    assert forecast.together([3, 3, 3], 2) == 6
    assert forecast.together([3, 3, 3], 5) == 3


def test_a_study_is_its_networks_and_its_twins():
    found = forecast.foresee(PLAN, DATA, workers=2)
    each = forecast.work(Bench.of(ON, LEFT, DIVISION, ON.entries), len(DIVISION.learned), SLOW)
    assert found.networks == 3 * 3 + 3
    assert found.seconds == pytest.approx(AROUND + 2 * each + 2 * each / 3)  # three on two cores
    assert found.memory == memory.needed(ON, LEFT, DIVISION, ON.entries, 2)
    assert (found.cores, found.more) == (2, False)


@pytest.mark.parametrize(("plan", "networks"), [
    (replace(PLAN, replicates=1), 3),  # one replicate has no twins
    (replace(PLAN, replicates=7), 3 * 7 + 5),
    (replace(PLAN, resample=True), 3 * 3 + 3 * 3),
])  # fmt: skip
def test_how_many_networks(plan, networks):
    assert forecast.foresee(plan, DATA).networks == networks


def test_more_of_anything_takes_longer():
    def seconds(**changes):
        return forecast.foresee(replace(PLAN, **changes), DATA, workers=1).seconds

    usual = seconds()
    assert usual < seconds(replicates=4)
    assert usual < seconds(candidates=candidates("0,2,64"))
    assert usual < seconds(recipe=Recipe(epochs=3, batch_size=16))
    assert usual < seconds(recipe=Recipe(epochs=2, batch_size=8)), "twice as many steps"


def test_of_one_that_stops_when_it_knows_the_first_look():
    found = forecast.foresee(PLAN, DATA, until=Until(networks=30))
    assert (found.networks, found.more) == (2 * FIRST_REPLICATES, True)
    with pytest.raises(UsageError, match="expected at least 6 networks"):
        forecast.foresee(PLAN, DATA, until=Until(networks=5))


def test_what_would_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**8)
    with pytest.raises(SurroundingsError, match="nothing was begun"):
        forecast.foresee(PLAN, DATA)


def test_this_machine_multiplies(monkeypatch):
    monkeypatch.undo()
    assert 1e8 < forecast.speed() < 1e13
