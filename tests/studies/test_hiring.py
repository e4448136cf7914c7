"""Who trains may be a crew or a cluster: both keep the same promises.

Whatever dies, is stopped or fails, every cohort ends as the result that it always has, or is given up by name.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.studies.clusters import files
from tests.studies.conftest import DATA, PLAN
from why128.data.images import SEALED
from why128.division import divide
from why128.errors import SurroundingsError, UsageError, Why128Error
from why128.recipe import Recipe
from why128.studies import hiring, run
from why128.studies import plan as plans
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.cluster import Cluster
from why128.studies.crew import ATTEMPTS, GRACE, Crew
from why128.studies.events import EpochDone, Lost, Luck, Replicate

LONG = replace(PLAN, recipe=Recipe(epochs=4000, batch_size=16, seed=3))
MIDDLE = replace(PLAN, recipe=Recipe(epochs=400, batch_size=1, seed=3))  # seconds of training, in which to kill
LUCKS = [Luck.of(r) for r in range(3)]
NOTICED = 5.0  # seconds within which a death must have been noticed


def bench(plan=PLAN):
    return Bench.of(plan, DATA, divide(DATA, plan.recipe.held_out, plan.recipe.seed), plan.entries)


def trained(plan):
    """What this process comes to, by luck."""
    found = run.trials(Task(0, bench(plan), tuple(LUCKS), 1, None), Pictures.of(DATA))
    return {e.luck: e for e in found if isinstance(e, Replicate)}


@pytest.fixture(scope="module")
def due():
    return trained(PLAN)


def same(found, due):
    return all(
        (a == b).all()
        for own, others in zip(found.weights, due.weights, strict=True)
        for a, b in zip(own, others, strict=True)
    ) and all((found.curves[name] == due.curves[name]).all() for name in due.curves)


@dataclass
class Hired:
    """Who trains, and how a test kills whatever trains there now."""

    who: hiring.Trains
    kill: Callable  # what trains a replicate, with whatever else it trains; or all that trains
    reason: str  # how a death is told of
    plan: plans.Plan  # whose training is still under way when its first epoch is heard of


@contextmanager
def of_a_crew(folder, _):
    with Crew(Pictures.of(DATA), folder, 2) as crew:

        def kill(replicate=None):
            os.kill(crew._child.process.pid, signal.SIGKILL)
            crew._child.process.wait()

        yield Hired(crew, kill, "killed by signal 9 (SIGKILL)", PLAN)


@contextmanager
def of_a_cluster(folder, request):
    processes = request.getfixturevalue("processes")
    with Cluster(processes.address, Pictures.of(DATA), folder, 2) as cluster:

        def kill(replicate=None):
            for pid in processes.busy(replicate):
                os.kill(pid, signal.SIGKILL)

        yield Hired(cluster, kill, "its worker died (tcp://127.0.0.1:", MIDDLE)


@pytest.fixture(params=[of_a_crew, pytest.param(of_a_cluster, marks=pytest.mark.slow)], ids=["crew", "cluster"])
def hired(request, tmp_path):
    with request.param(tmp_path, request) as hired:
        yield hired


def test_it_trains_what_this_process_would_train(hired, due):
    heard = list(hired.who.run(bench(), LUCKS))
    found = {event.luck: event for event in heard if isinstance(event, Replicate)}
    assert set(found) == set(LUCKS)
    assert all(same(found[luck], due[luck]) for luck in LUCKS)
    assert all((found[luck].held_out.hits == due[luck].held_out.hits).all() for luck in LUCKS)
    for luck in LUCKS:
        own = [event for event in heard if event.luck == luck]
        assert [event.epoch for event in own[:-1]] == list(range(PLAN.recipe.epochs))
        assert own[-1] is found[luck]
        assert (own[-2].accuracies == found[luck].curves["val_accuracy"][-1]).all()


def test_a_killed_process_is_noticed_and_its_cohorts_go_on(hired):
    found, killed = {}, False
    for event in hired.who.run(bench(hired.plan), LUCKS):
        if isinstance(event, EpochDone) and not killed:
            hired.kill()
            killed = True
        if isinstance(event, Replicate):
            found[event.luck] = event
    assert killed
    due = trained(hired.plan)
    assert all(same(found[luck], due[luck]) for luck in LUCKS)


def test_a_cohort_that_kills_its_process_each_time_is_given_up_and_no_other(hired):
    """Whoever trains replicate 1 dies of it."""
    heard = []
    for event in hired.who.run(bench(hired.plan), LUCKS):
        heard.append(event)
        if isinstance(event, EpochDone) and event.replicate == 1 and event.epoch % 50 == 0:
            hired.kill(1)
    due = trained(hired.plan)
    (lost,) = (event for event in heard if isinstance(event, Lost))
    assert (lost.luck, lost.attempts) == (Luck.of(1), ATTEMPTS)
    assert lost.reason.startswith(hired.reason)
    found = {event.luck: event for event in heard if isinstance(event, Replicate)}
    assert set(found) == {Luck.of(0), Luck.of(2)}
    assert all(same(found[luck], due[luck]) for luck in found)


def test_whoever_stops_asking_stops_the_training_and_keeps_where_it_stands(hired, tmp_path):
    with closing(hired.who.run(bench(LONG), LUCKS[:1])) as events:
        first = next(events)
        began = time.monotonic()
    assert time.monotonic() - began < GRACE + NOTICED
    assert isinstance(first, EpochDone)
    assert files(tmp_path) == [f"{bench(LONG).address(Luck.of(0))}.npz"]
    with closing(hired.who.run(bench(LONG), LUCKS[:1])) as events:
        again = next(events)
    assert again.epoch > first.epoch, "it went on from there"
    found = [e for e in hired.who.run(bench(), LUCKS[:1]) if isinstance(e, Replicate)]
    assert [e.luck for e in found] == LUCKS[:1], "it serves on"


def test_a_fault_of_ours_is_told_in_one_line(hired):
    with pytest.raises(Why128Error, match=r"^a fault of ours in training: \w+: .+"):
        list(hired.who.run(replace(bench(), rates=()), LUCKS))


# ---------------------------------------------------------------- where


@pytest.mark.parametrize(
    "on", ["tcp://host", "http://host:80", "host:8786", "tcp://a b:1", "tcp://me@host:1", "Dask", ""]
)
def test_what_is_no_place_to_train_at(on):
    with pytest.raises(UsageError) as refused:
        hiring.check(on)
    assert str(refused.value) == f"--on: expected tcp://HOST:PORT, tls://HOST:PORT or dask, got '{on}'"
    assert refused.value.hint == "dask scheduler prints its address when it starts"


@pytest.mark.parametrize("on", [None, "dask", "tcp://10.0.0.1:8786", "tls://[::1]:8786"])
def test_what_is_one(on):
    hiring.check(on)


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SurroundingsError) as refused:
        hiring.check("dask")
    assert str(refused.value) == (
        "--on: a cluster takes Dask, expected its package distributed, found none here; nothing was trained"
    )
    assert refused.value.hint == "pip install 'why128[cluster]'   (or: pip install distributed)"
    assert refused.value.status == 4
    hiring.check(None)


def test_whoever_is_elsewhere_is_sent_no_sealed_image():
    pictures = Pictures(np.arange(12, dtype=np.uint8).reshape(4, 3), np.array([0, SEALED, 1, SEALED], np.int32))
    sent = pictures.without_sealed()
    assert sent.pixels.tolist() == [[0, 1, 2], [0, 0, 0], [6, 7, 8], [0, 0, 0]]
    assert (sent.labels == pictures.labels).all()
