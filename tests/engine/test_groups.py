"""The laws of a group: replicates mapped into one program are the replicates that they would be alone."""

import hashlib

import jax
import numpy as np
import pytest

from tests import networks
from tests.engine.test_laws import SAME_OVER_100_STEPS, furthest
from why128 import optimizers
from why128.engine import Group, Run, advance, apart, assess, begin, epoch, leaves, restored, start, together, training
from why128.engine.programs import programs
from why128.ladder import Ladder, Parameters
from why128.layers import Dense, Dropout, Flatten, Input, Rescaling

LADDER = [(), (1,), (3,), (16, 8)]
OWN, COUNT = networks.ladder(*LADDER), 320  # images: 10 batches an epoch
COHORT = networks.cohort(OWN)


def run(replicate, epochs=2, count=COUNT, **pace):
    return Run(np.arange(count), epochs, 5, replicate, **pace)


def alone(replicate, cohort=COHORT, own=OWN, **how):
    """The weights of every candidate of one replicate, trained as ever."""
    data, asked = networks.data(COUNT), run(replicate, **how)
    *_, last = advance(cohort, data, asked, begin(cohort, asked, start(cohort, own.initial(5, replicate))))
    return own.unpack(last.state.parameters)


def beginnings(group, cohort=COHORT, own=OWN):
    return [begin(cohort, each, start(cohort, own.initial(5, each.replicate))) for each in group.runs]


def trained(replicates, lanes, cohort=COHORT, own=OWN, begun=None, **how):
    """The same of each of these, as a group."""
    group = Group(tuple(run(r, **how) for r in replicates), lanes)
    data = data_for(group)
    *_, last = advance(cohort, data, group, together(group, begun or beginnings(group, cohort, own)))
    return [own.unpack(each.state.parameters) for each in apart(group, last)]


def data_for(group, count=COUNT):
    images, labels = networks.pictures(count)
    return training.Data.of(images.reshape(count, -1), labels, over=group.over)


def digest(networks_of_one):
    return hashlib.sha256(b"".join(w.tobytes() for weights in networks_of_one for w in weights)).hexdigest()


def apart_by(a, b):
    return max(furthest(x, y) for x, y in zip(a, b, strict=True))


def test_replicates_start_from_identical_weights():
    group = Group((run(0), run(3)), 2)
    for replicate, own in zip((0, 3), apart(group, together(group, beginnings(group))), strict=True):
        assert all((a == b).all() for a, b in zip(own.state.parameters, OWN.initial(5, replicate), strict=True))


def test_a_replicate_mapped_is_the_replicate_alone():
    """100 steps of Adam."""
    for replicate, own in zip((0, 1, 4), trained((0, 1, 4), 3, epochs=10), strict=True):
        assert apart_by(own, alone(replicate, epochs=10)) < SAME_OVER_100_STEPS


@pytest.mark.parametrize(
    "optimizer", [optimizers.SGD(0.1), optimizers.SGD(0.1, 0.9, True), optimizers.RMSprop(momentum=0.5)], ids=str
)
def test_it_is_so_by_every_kind_of_optimizer(optimizer):
    own = networks.ladder((5,))
    cohort = networks.cohort(own, optimizer)
    for replicate, found in zip((0, 1), trained((0, 1), 2, cohort, own), strict=True):
        assert apart_by(found, alone(replicate, cohort, own)) < SAME_OVER_100_STEPS


def test_dropout_drops_each_replicate_s_own_neurons():
    layers = (Input((8, 8)), Rescaling(1 / 255), Flatten(), Dense(12, "relu"), Dropout(0.5), Dense(4, "softmax"))
    own = Ladder.of([layers])
    cohort = networks.cohort(own)
    for replicate, found in zip((0, 1), trained((0, 1), 2, cohort, own), strict=True):
        assert apart_by(found, alone(replicate, cohort, own)) < SAME_OVER_100_STEPS


def test_candidates_of_a_group_learn_at_their_own_pace():
    pace = {"rates": [0.0, None, 0.01, 0.001], "decays": [0.0, 0.1, None, 0.0]}
    for replicate, found in zip((0, 1), trained((0, 1), 2, **pace), strict=True):
        assert apart_by(found, alone(replicate, **pace)) < SAME_OVER_100_STEPS
        assert furthest(found[0], OWN.unpack(OWN.initial(5, replicate))[0]) == 0


def test_a_replicate_s_bits_depend_on_how_many_lanes_there_are_alone():
    """Not on their order, nor on who else is trained, nor on whether a lane has anybody."""
    three = dict(zip((0, 1, 2), map(digest, trained((0, 1, 2), 3)), strict=True))
    assert len(set(three.values())) == 3
    for others in ((2, 1, 0), (1, 5, 0), (2, 0), (1,)):
        for replicate, found in zip(others, trained(others, 3), strict=True):
            assert replicate not in three or digest(found) == three[replicate]


def test_a_replicate_that_diverges_changes_no_bit_of_any_other():
    calm = trained((0, 1, 2), 3)
    group = Group((run(0), run(1), run(2)), 3)
    begun = beginnings(group)
    wild = Parameters(*(array * np.float32(1e38) for array in OWN.initial(5, 1)))
    begun[1] = begin(COHORT, group.runs[1], start(COHORT, wild))
    found = trained((0, 1, 2), 3, begun=begun)
    assert not all(np.isfinite(w).all() for weights in found[1] for w in weights), "the test needs one that diverges"
    assert [digest(a) == digest(b) for a, b in zip(calm, found, strict=True)] == [True, False, True]


def test_a_second_group_compiles_nothing():
    own = networks.ladder((7,), (5,))
    cohort = networks.cohort(own)
    trained((0, 1), 2, cohort, own, epochs=1)
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if "backend_compile" in name else None
    )
    try:
        trained((2, 3), 2, networks.cohort(networks.ladder((7,), (5,))), own)
        trained((9,), 2, cohort, own, rates=[0.1, 0.2])
    finally:
        jax.monitoring.clear_event_listeners()
    assert compiled == []


def test_it_stands_between_two_steps_as_each_of_its_runs_does(monkeypatch):
    monkeypatch.setattr(training, "FIRST_STRETCH", 3)
    group = Group((run(0), run(1)), 3)
    data = data_for(group)
    every = advance(COHORT, data, group, together(group, beginnings(group)))
    kept = [(leaves(each), each.epoch, each.step, each.seconds) for each in apart(group, next(every))]
    assert [place[1:3] for place in kept] == [(0, 3), (0, 3)]
    *_, due = every
    began = beginnings(group)
    begun = [restored(fresh, *place) for fresh, place in zip(began, kept, strict=True)]
    *_, found = advance(COHORT, data, group, together(group, begun))
    for a, b in zip(apart(group, due), apart(group, found), strict=True):
        assert all((x == y).all() for x, y in zip(leaves(a), leaves(b), strict=True))
    assert [each.seconds for each in apart(group, together(group, begun))] == pytest.approx([kept[0][3]] * 2)


def test_each_learns_from_its_own_rows_and_is_judged_by_them_or_by_the_same():
    rows = np.arange(200), np.arange(100, 300)
    group = Group(tuple(Run(own, 1, 5, r) for r, own in enumerate(rows)), 2)
    data = data_for(group)
    *_, last = advance(COHORT, data, group, together(group, beginnings(group)))
    found, common = (assess(COHORT, data, r, last.state.parameters, group) for r in (np.stack(rows), rows[0]))
    assert found.hits.shape == common.hits.shape == (2, len(LADDER), 200)
    assert epoch(last, group).loss.shape == (2, len(LADDER))
    for r, own in enumerate(apart(group, last)):
        for judged, by in ((found, rows[r]), (common, rows[0])):
            one = assess(COHORT, networks.data(COUNT), by, own.state.parameters)
            assert judged.losses[r] == pytest.approx(one.losses, abs=1e-5)
            assert (judged.hits[r] == one.hits).all()


def test_products_keep_all_of_float32_s_digits():
    """Accelerators have faster products of fewer digits, and take them unless they are told."""
    group = Group((run(0),), 1)
    learn = programs(COHORT, group.over).learn
    trained((0,), 1, epochs=1)
    assert learn._precision == "highest"
    assert programs(COHORT).learn._precision is None, "a processor has no other"


def test_runs_that_differ_in_more_than_luck_are_no_group():
    with pytest.raises(AssertionError, match="differ in their luck alone"):
        Group((run(0), run(1, count=100)), 2)
    with pytest.raises(AssertionError, match="differ in their luck alone"):
        Group((run(0), run(1, rates=[1.0] * 4)), 2)
