"""The laws of a cohort: what must hold whatever is trained."""

import hashlib

import jax
import numpy as np
import pytest

from tests import networks
from why128 import optimizers
from why128.engine import Run, assess, start, train
from why128.engine.programs import programs
from why128.ladder import Ladder
from why128.layers import Dense, Dropout, Flatten, Input, Rescaling

# A wider product adds the same numbers in another order: each step may differ by float32's last bits, and Adam's first
# steps magnify what is near zero.  Issue's bound over 100 steps; the drift over a whole training is benchmarks/drift.py.
SAME_OVER_100_STEPS = 1e-5

LADDER = [(), (1,), (3,), (16,), (16, 8)]


def trained(own, data, epochs=2, seed=5, replicate=0, cohort=None, **pace):
    """The weights of every candidate after training."""
    cohort = cohort or networks.cohort(own)
    run = Run(np.arange(len(data.all.targets)), epochs, seed, replicate, **pace)
    *_, last = train(cohort, data, run, start(cohort, own.initial(seed, replicate)))
    return own.unpack(last.state.parameters)


def furthest(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("widths", LADDER)
def test_a_candidate_starts_from_the_same_numbers_alone_or_in_company(widths):
    company, alone = networks.ladder(*LADDER), networks.ladder(widths)
    in_company = company.unpack(company.initial(5, 2))[LADDER.index(widths)]
    assert furthest(in_company, alone.unpack(alone.initial(5, 2))[0]) == 0


@pytest.mark.parametrize("widths", LADDER)
def test_a_candidate_trains_to_the_same_numbers_alone_or_in_company(widths):
    data = networks.data(320)  # 10 batches an epoch
    in_company = trained(networks.ladder(*LADDER), data, epochs=10)[LADDER.index(widths)]
    assert furthest(in_company, trained(networks.ladder(widths), data, epochs=10)[0]) < SAME_OVER_100_STEPS


def test_the_order_of_candidates_does_not_matter():
    data = networks.data(320)
    forwards, backwards = trained(networks.ladder(*LADDER), data, 10), trained(networks.ladder(*LADDER[::-1]), data, 10)
    assert max(furthest(a, b) for a, b in zip(forwards, backwards[::-1], strict=True)) < SAME_OVER_100_STEPS


def test_running_a_replicate_again_gives_identical_bits():
    data, own = networks.data(), networks.ladder(*LADDER)
    assert all(furthest(a, b) == 0 for a, b in zip(trained(own, data), trained(own, data), strict=True))


def test_replicates_differ_in_initialisation_and_in_order():
    own = networks.ladder((8,))
    assert furthest(own.unpack(own.initial(5, 0))[0][:1], own.unpack(own.initial(5, 1))[0][:1]) > 0.1


def test_a_second_epoch_replicate_and_study_compile_nothing():
    data, own = networks.data(), networks.ladder((7,), (5,))
    trained(own, data, epochs=1)
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if "backend_compile" in name else None
    )
    try:
        trained(own, data, epochs=3, replicate=1)
        trained(networks.ladder((7,), (5,)), networks.data(), epochs=1, seed=77)
        changed_rates = networks.cohort(own, optimizers.Adam())
        trained(own, data, epochs=1, cohort=changed_rates, rates=[0.1, 0.2])
        trained(own, data, epochs=1, decays=[0.0, 0.2])
    finally:
        jax.monitoring.clear_event_listeners()
    assert compiled == []


def test_that_the_count_of_compilations_can_count():
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if "backend_compile" in name else None
    )
    try:
        trained(networks.ladder((9,), (11,)), networks.data(), epochs=1)
    finally:
        jax.monitoring.clear_event_listeners()
    assert compiled


def test_a_network_that_diverges_harms_no_other():
    data, own = networks.data(), networks.ladder((4,), (6,), (8,))
    cohort = networks.cohort(own, optimizers.SGD(0.05))
    calm = trained(own, data, 3, cohort=cohort)
    wild = trained(own, data, 3, cohort=cohort, rates=[0.05, 1e30, 0.05])
    assert not np.isfinite(wild[1][0]).all(), "the test needs one that diverges"
    assert furthest(calm[0], wild[0]) == 0
    assert furthest(calm[2], wild[2]) == 0


FIFTY = [(), *((width,) for width in range(1, 41)), *((width, 3) for width in range(4, 13))]


def hashes(candidates):
    """A digest of each candidate's weights."""
    return [hashlib.sha256(b"".join(w.tobytes() for w in weights)).hexdigest() for weights in candidates]


@pytest.mark.slow  # fifty networks are half a minute's compiling
def test_one_of_fifty_that_diverges_changes_no_bit_of_any_other():
    """Wherever it stands among them; softmax regression (which is its own first layer) and two hidden layers too."""
    own, data = networks.ladder(*FIFTY), networks.data(100)
    cohort = networks.cohort(own)
    calm = hashes(trained(own, data, 3, cohort=cohort, rates=[0.001] * 50))
    assert len(set(calm)) == 50
    for k in (0, 12, 25, 49):
        weights = trained(own, data, 3, cohort=cohort, rates=[1e30 if each == k else 0.001 for each in range(50)])
        # softmax regression's slopes stay below 1, so that its weights stay finite at any rate
        assert not all((np.abs(w) < (1e20 if k == 0 else np.inf)).all() for w in weights[k]), "one must diverge"
        wild = hashes(weights)
        assert [each for each in range(50) if wild[each] != calm[each]] == [k]


def test_candidates_learn_at_their_own_rates():
    data, own = networks.data(), networks.ladder((4,), (6,))
    both = trained(own, data, 1, rates=[0.0, 0.001])
    initial = own.unpack(own.initial(5, 0))
    assert furthest(both[0], initial[0]) == 0
    assert furthest(both[1], initial[1]) > 0


def test_candidates_decay_at_their_own_pace():
    data, own = networks.data(), networks.ladder((4,), (6,))
    plain, none, one = (trained(own, data, 1, decays=decays) for decays in (None, [0.0, None], [0.0, 0.1]))
    assert all(furthest(a, b) == 0 for a, b in zip(plain, none, strict=True)), "None is the optimiser's: Adam's is 0"
    assert furthest(one[0], plain[0]) == 0
    assert furthest(one[1], plain[1]) > 1e-4


def test_an_optimizer_s_own_pace_is_that_of_candidates_without_one():
    data, own = networks.data(), networks.ladder((4,), (6,))
    cohort = networks.cohort(own, optimizers.AdamW(0.01, weight_decay=0.1))
    usual = trained(own, data, 1, cohort=cohort)
    named = trained(own, data, 1, cohort=cohort, rates=[0.01, None], decays=[None, 0.1])
    assert all(furthest(a, b) == 0 for a, b in zip(usual, named, strict=True))
    adam = trained(own, data, 1, cohort=networks.cohort(own, optimizers.Adam(0.01)))
    assert furthest(usual[0], adam[0]) > 1e-4


def test_a_bias_that_is_not_there_stays_0_under_decay():
    layers = (Input((8, 8)), Rescaling(1 / 255), Flatten(), Dense(4, "relu", use_bias=False), Dense(4, "softmax"))
    own, data = Ladder.of([layers]), networks.data(64)
    cohort = networks.cohort(own)
    *_, last = train(cohort, data, Run(np.arange(64), 2, 0, decays=[0.5]), start(cohort, own.initial(0, 0)))
    assert not np.asarray(last.state.parameters.bias).any()


def test_dropout_drops_the_same_neurons_alone_or_in_company():
    def dropping(width):
        return (Input((8, 8)), Rescaling(1 / 255), Flatten(), Dense(width, "relu"), Dropout(0.5), Dense(4, "softmax"))

    data = networks.data(320)
    company, alone = Ladder.of([dropping(6), dropping(12)]), Ladder.of([dropping(12)])
    assert furthest(trained(company, data, 2)[1], trained(alone, data, 2)[0]) < SAME_OVER_100_STEPS
    assert furthest(trained(alone, data, 2)[0], trained(networks.ladder((12,)), data, 2)[0]) > 1e-3


def test_dropout_keeps_the_mean_and_is_off_when_assessed():
    own = Ladder.of([(Input((8, 8)), Flatten(), Dense(4, "linear"), Dropout(0.25), Dense(4, "softmax"))])
    cohort, data = networks.cohort(own), networks.data(64)
    parameters = start(cohort, own.initial(0, 0)).parameters
    first, second = (assess(cohort, data, np.arange(64), parameters) for _ in range(2))
    assert (first.losses == second.losses).all()


def test_the_last_batch_counts_only_the_images_it_has():
    """50 images in batches of 32 are batches of 32 and 18; the images left over are not learned from twice."""
    own, data = networks.ladder((5,)), networks.data(50)
    cohort = networks.cohort(own, optimizers.SGD(0.0))
    (epoch,) = train(cohort, data, Run(np.arange(50), 1, 0), start(cohort, own.initial(0, 0)))
    judged = assess(cohort, data, np.arange(50), own.initial(0, 0))
    assert epoch.accuracy[0] == pytest.approx(judged.hits.mean())
    assert epoch.loss[0] == pytest.approx(judged.losses.mean(), rel=1e-6)


def test_programs_are_shared_by_equal_cohorts():
    assert programs(networks.cohort(networks.ladder((3,)))) is programs(networks.cohort(networks.ladder((3,))))
