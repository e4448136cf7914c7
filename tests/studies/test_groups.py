"""Replicates mapped into one program: which together, and that a study comes to the same by them."""

from dataclasses import replace

import numpy as np
import pytest

from tests import networks
from tests.studies.test_run import DATA, PLAN, SAME_OVER_100_STEPS, furthest
from why128 import engine
from why128.division import divide
from why128.engine.programs import programs
from why128.studies import checkpoint, groups, run
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.events import EpochDone, Luck, Replicate
from why128.studies.groups import Share, Stand
from why128.studies.plan import Plan, candidates

BENCH = Bench.of(PLAN, DATA, divide(DATA, PLAN.recipe.held_out, 5), PLAN.entries)
LUCKS = tuple(map(Luck.of, range(5)))


def sizes(count, devices, most):
    """The groups of so many replicates, as (how many, lanes), and the devices that they need."""
    found = groups.shares(dict.fromkeys(map(Luck.of, range(count))), devices, most)
    assert [luck for share in found for luck in share.lucks] == [Luck.of(r) for r in range(count)]
    return [(len(share.lucks), share.lanes) for share in found], groups.used(found)


def test_as_many_are_mapped_as_the_devices_hold_in_groups_alike():
    assert sizes(5, 1, 100) == ([(5, 5)], 1)
    assert sizes(5, 4, 100) == ([(5, 2)], 3), "a fourth device would have nothing to do"
    assert sizes(8, 4, 100) == ([(8, 2)], 4)
    assert sizes(2, 4, 100) == ([(2, 1)], 2)
    assert sizes(7, 1, 5) == ([(4, 4), (3, 4)], 1), "rather than 5 and 2, which would be two programs"
    assert sizes(9, 2, 2) == ([(4, 2), (4, 2), (1, 2)], 2)
    assert sizes(1, 1, 1) == ([(1, 1)], 1)


def test_those_that_were_begun_go_on_among_as_many_as_before():
    stands = {
        LUCKS[0]: Stand(2, 1, 3),
        LUCKS[1]: None,
        LUCKS[2]: Stand(2, 1, 6),
        LUCKS[3]: Stand(2, 1, 3),
        LUCKS[4]: None,
    }
    found = groups.shares(stands, 1, 10)
    assert found == [
        Share((LUCKS[0], LUCKS[3]), 2),
        Share((LUCKS[2],), 2),
        Share((LUCKS[1], LUCKS[4]), 2),
    ]


def test_there_is_always_room_for_one():
    one = groups.taken(BENCH)
    assert groups.most(BENCH, 0, 0) == groups.most(BENCH, 100, 10**9) == 1
    assert groups.most(BENCH, int(10.5 * one / groups.SPARE), 0) == 10
    assert groups.most(BENCH, int(10.5 * one / groups.SPARE), 4 * one) == 6


def test_a_replicate_takes_no_more_than_is_estimated():
    """By what compiled programs say of themselves: a lane more, so many bytes more."""
    images, labels = networks.pictures(2000, side=28)
    plan = Plan(candidates("0,64x32,300"))
    bench = replace(
        BENCH, layers=tuple(networks.layers(*c.widths, side=28) for c in plan.candidates),
        rates=(None,) * 3, decays=(None,) * 3, recipe=plan.recipe, learned=np.arange(2000),
    )  # fmt: skip
    cohort = engine.Cohort(bench.ladder, plan.recipe.optimizer, plan.recipe.loss, plan.recipe.batch_size)

    def held(lanes):
        group = engine.Group((engine.Run(bench.learned, 1, 0),), lanes)
        data = engine.Data.of(images.reshape(2000, -1), labels, over=group.over)
        fresh = engine.begin(cohort, group.runs[0], engine.start(cohort, bench.ladder.initial(0, 0)))
        next(engine.advance(cohort, data, group, engine.together(group, [fresh])))
        compiled = [c for shapes, c in programs(cohort, group.over).learn._compiled.items() if shapes[0][0][0] == lanes]
        told = compiled[0].memory_analysis()
        taken = told.argument_size_in_bytes + told.output_size_in_bytes + told.temp_size_in_bytes
        return taken - told.alias_size_in_bytes

    more = held(2) - held(1)
    assert 0.25 * groups.taken(bench) < more < groups.taken(bench)


# ---------------------------------------------------------------- a study's replicates


@pytest.fixture(scope="module")
def threaded():
    return trials(LUCKS[:3])


@pytest.fixture
def mapping(monkeypatch):
    """As on an accelerator, on this machine's one device."""
    monkeypatch.setattr(engine, "maps", lambda: True)


def trials(lucks, checkpoints=None, bench=BENCH):
    return list(run.trials(Task(0, bench, lucks, 1, checkpoints), Pictures.of(DATA)))


def of_each(events):
    return {event.luck: event for event in events if isinstance(event, Replicate)}


def same(one, other, within):
    assert all(furthest(a, b) <= within for a, b in zip(one.weights, other.weights, strict=True))
    assert (one.held_out.hits == other.held_out.hits).all()
    assert (one.learned.hits == other.learned.hits).all()
    for name, curve in one.curves.items():
        assert curve == pytest.approx(other.curves[name], abs=within)


def test_mapped_replicates_are_the_same_and_are_told_alike(mapping, threaded):
    events = trials(LUCKS[:3])
    for luck, due in of_each(threaded).items():
        own = [event for event in events if event.luck == luck]
        assert [type(event) for event in own] == [EpochDone] * 3 + [Replicate]
        assert [event.epoch for event in own[:3]] == [0, 1, 2]
        assert [list(event.measured["val_loss"]) for event in own[:3]] == own[3].curves["val_loss"].tolist()
        same(own[3], due, SAME_OVER_100_STEPS)
    assert len({tuple(done.seconds) for done in of_each(events).values()}) == 1, "they share their seconds"


def test_where_memory_holds_fewer_the_rest_follow_by_the_same_program(mapping, threaded, monkeypatch):
    began, advance = [], engine.advance

    def recorded(cohort, data, group, progress):
        began.append((len(group.runs), group.lanes))
        return advance(cohort, data, group, progress)

    monkeypatch.setattr(engine, "room", lambda: int(2.5 * groups.taken(BENCH) / groups.SPARE))
    monkeypatch.setattr(engine, "advance", recorded)
    found = of_each(trials(LUCKS[:3]))
    assert began == [(2, 2), (1, 2)]
    for luck, due in of_each(threaded).items():
        same(found[luck], due, SAME_OVER_100_STEPS)


def test_replicates_with_samples_and_tuning_images_of_their_own(mapping, monkeypatch):
    plan = replace(PLAN, resample=True)
    bench = replace(Bench.of(plan, DATA, divide(DATA, 0.3, 5), plan.entries), tuning=np.arange(9))
    found = of_each(trials(LUCKS[:2], bench=bench))
    monkeypatch.undo()
    for luck, due in of_each(trials(LUCKS[:2], bench=bench)).items():
        same(found[luck], due, SAME_OVER_100_STEPS)
        assert (found[luck].tuned == due.tuned).all()


def test_a_group_that_was_stopped_goes_on_to_the_same_bits(mapping, monkeypatch, tmp_path):
    """All of it, or what is left of it where some have been kept meanwhile."""
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    due = of_each(trials(LUCKS[:3]))
    stopped = run.trials(Task(0, BENCH, LUCKS[:3], 1, tmp_path), Pictures.of(DATA))
    assert next(stopped).epoch == 0
    stopped.close()
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(kept) == 3
    for lucks in (LUCKS[:3], LUCKS[2:0:-1]):
        for path, content in kept.items():
            path.write_bytes(content)
        found = of_each(trials(lucks, tmp_path))
        for luck in lucks:
            same(found[luck], due[luck], 0)


def test_one_that_has_not_begun_comes_to_the_same_bits_where_fewer_are_left(mapping, tmp_path):
    """As where all is killed before the first checkpoint: its group's number of lanes is kept."""
    due = of_each(trials(LUCKS[:3]))
    run._mapped(Task(0, BENCH, LUCKS[:3], 1, tmp_path), Pictures.of(DATA))
    assert len(list(tmp_path.iterdir())) == 3
    same(of_each(trials(LUCKS[2:3], tmp_path))[LUCKS[2]], due[LUCKS[2]], 0)


def test_a_group_that_does_not_fit_begins_anew_with_fewer(mapping, monkeypatch, tmp_path):
    def exhausted(*_):
        raise RuntimeError("RESOURCE_EXHAUSTED: out of memory")

    monkeypatch.setattr(engine, "advance", exhausted)
    with pytest.raises(RuntimeError):
        trials(LUCKS[:3], tmp_path)
    assert not list(tmp_path.iterdir()), "so that the next attempt, of fewer, has fewer lanes"


def test_what_was_begun_otherwise_begins_anew(mapping, monkeypatch, tmp_path, threaded):
    """A replicate begun by itself would come to other bits in a group, and the other way round."""
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    monkeypatch.setattr(engine, "maps", lambda: False)
    trials(LUCKS[:1], tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(engine, "maps", lambda: True)
    assert sum(isinstance(event, EpochDone) for event in trials(LUCKS[:1], tmp_path)) == 3
    monkeypatch.setattr(engine, "maps", lambda: False)
    events = trials(LUCKS[:1], tmp_path)
    assert sum(isinstance(event, EpochDone) for event in events) == 3
    same(of_each(events)[LUCKS[0]], of_each(threaded)[LUCKS[0]], 0)


def test_a_fault_in_a_group_is_raised_here(mapping, monkeypatch):
    def failing(*_):
        raise MemoryError

    monkeypatch.setattr(engine, "advance", failing)
    with pytest.raises(MemoryError):
        trials(LUCKS[:2])
