"""Running a plan: any of its networks can be trained alone, with any luck, under any setting, and is the same network."""

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests import networks
from why128 import engine, ladder, single
from why128.data.images import Dataset, Images
from why128.division import divide, sample
from why128.engine import training
from why128.layers import Dropout
from why128.recipe import Recipe
from why128.studies import bench, checkpoint, run
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.candidate import Candidate, Setting
from why128.studies.events import EpochDone, Luck, Replicate
from why128.studies.finished import finished
from why128.studies.plan import Plan, candidates

# A wider product adds the same numbers in another order (engine/test_laws.py): the bound over 100 steps, and
# what a whole training may drift, ten times that.
SAME_OVER_100_STEPS, SAME_AFTER_TRAINING = 1e-5, 1e-4


def dataset(count=240, seed=0):
    pixels, labels = networks.pictures(count, seed=seed)
    return Dataset(
        "pets", ("a", "b", "c", "d"), Images(pixels[..., None], labels.astype(np.int32)), None, "0-255", (), ()
    )


def trials(plan, data, division, entries, lucks, workers=1):
    """These candidates under these settings, a cohort a luck."""
    return run.trials(Task(0, Bench.of(plan, data, division, entries), tuple(lucks), workers, None), Pictures.of(data))


def replicates(plan, data, division, workers=1):
    """All of a plan."""
    return trials(plan, data, division, plan.entries, [Luck.of(r) for r in range(plan.replicates)], workers)


DATA = dataset()
PLAN = Plan(candidates("0,3,8x4"), 2, Recipe(epochs=3, batch_size=32, seed=5))  # 164 images learned from: 6 batches


def furthest(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


# ---------------------------------------------------------------- a trial trained alone


def recorded(monkeypatch):
    """Every order in which images are learned from, as (seed, replicate, epoch) draws it, by thread."""
    seen, batches = [], training._batches

    def record(rows, size, **how):
        if size == PLAN.recipe.batch_size:
            seen.append((threading.get_ident(), rows.copy()))
        return batches(rows, size, **how)

    monkeypatch.setattr(training, "_batches", record)
    return seen


@pytest.mark.parametrize("k", range(len(PLAN.candidates)))
@pytest.mark.parametrize("replicate", [0, 1])
def test_a_trial_trained_alone_starts_from_identical_weights(k, replicate):
    seed = PLAN.recipe.seed
    layers = PLAN.networks(DATA)
    company, alone = ladder.Ladder.of(layers), ladder.Ladder.of([layers[k]])
    both = company.unpack(company.initial(seed, replicate))[k], alone.unpack(alone.initial(seed, replicate))[0]
    assert furthest(*both) == 0


def test_a_trial_trained_alone_sees_the_same_images_in_the_same_order(monkeypatch):
    seen = recorded(monkeypatch)
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    list(replicates(PLAN, DATA, division, workers=1))
    in_company = [rows for _, rows in seen]
    seen.clear()
    for replicate in range(2):
        single.train(DATA, PLAN.candidates[1], PLAN.recipe, replicate)
    alone = [rows for _, rows in seen]
    assert len(alone) == len(in_company) == 2 * PLAN.recipe.epochs
    assert all((a == b).all() for a, b in zip(alone, in_company, strict=True))
    assert any((a != b).any() for a, b in pairwise(alone)), "each epoch has its own order"


@pytest.mark.parametrize(("epochs", "bound"), [(20, SAME_OVER_100_STEPS), (60, SAME_AFTER_TRAINING)])
def test_it_stays_so_over_longer_training(epochs, bound):
    """20 epochs are 100 steps, 60 are 300."""
    plan = Plan(PLAN.candidates, 1, Recipe(epochs=epochs, batch_size=32, seed=5))
    *_, done = replicates(plan, DATA, divide(DATA, PLAN.recipe.held_out, 5), workers=1)
    trained = single.train(DATA, plan.candidates[1], plan.recipe)
    assert furthest(trained.network.weights, done.weights[1]) < bound


def test_a_batch_larger_than_the_data_is_the_whole_data():
    assert training._batches(np.arange(10), 1000).shape == (1, 10)


def test_events_come_in_order():
    events = list(replicates(PLAN, DATA, divide(DATA, PLAN.recipe.held_out, 5), workers=2))
    for number in range(2):
        own = [e for e in events if (e.replicate if isinstance(e, EpochDone) else e.number) == number]
        assert [type(e) for e in own] == [EpochDone] * 3 + [Replicate]
        assert [e.epoch for e in own[:3]] == [0, 1, 2]


def cut_small(monkeypatch):
    """A replicate of PLAN, 4 + 3 + 8 first-layer neurons, as cohorts of about 6."""
    monkeypatch.setattr(bench, "ROWS", 6)
    return Bench.of(PLAN, DATA, divide(DATA, PLAN.recipe.held_out, 5), PLAN.entries).cohorts


def test_a_large_replicate_is_cut_into_cohorts_of_neighbours(monkeypatch):
    def cut(text):
        plan = replace(PLAN, candidates=candidates(text))
        found = Bench.of(plan, DATA, divide(DATA, PLAN.recipe.held_out, 5), plan.entries).cohorts
        return [cohort.ladder.rows for cohort in found]

    assert cut("0,1,2,4,8,16,32,64,128,256,512") == [(4, 1, 2, 4, 8, 16, 32, 64, 128, 256), (512,)]
    assert cut("0,8,64") == [(4, 8, 64)]
    assert cut("4096") == [(4096,)]
    assert cut("100,200,300,400,500,600") == [(100, 200, 300), (400,), (500,), (600,)]
    assert [c.ladder.rows for c in cut_small(monkeypatch)] == [(4, 3), (8,)]


def test_every_cohort_s_checkpoint_has_a_name_of_its_own(monkeypatch):
    whole = Bench.of(PLAN, DATA, divide(DATA, PLAN.recipe.held_out, 5), PLAN.entries)
    assert whole.addresses(Luck.of(1)) == (whole.address(Luck.of(1)),)
    parts = cut_small(monkeypatch)
    assert whole.addresses(Luck.of(1)) == tuple(each.address(Luck.of(1)) for each in (*parts, whole))
    assert len(set(whole.addresses(Luck.of(1)) + whole.addresses(Luck.of(2)))) == 6


@pytest.mark.parametrize("workers", [1, 2])
def test_a_replicate_cut_into_cohorts_is_the_same_replicate(monkeypatch, workers):
    division = divide(DATA, PLAN.recipe.held_out, 5)
    whole = [e for e in replicates(PLAN, DATA, division) if isinstance(e, Replicate)]
    cut_small(monkeypatch)
    events = list(replicates(PLAN, DATA, division, workers))
    for number, one in enumerate(whole):
        own = [e for e in events if (e.replicate if isinstance(e, EpochDone) else e.number) == number]
        assert [e.epoch for e in own[:3]] == [0, 1, 2]
        *epochs, done = own
        for a, b in zip(one.weights, done.weights, strict=True):
            assert furthest(a, b) < SAME_OVER_100_STEPS
        assert (done.held_out.hits == one.held_out.hits).all()
        assert (done.learned.hits == one.learned.hits).all()
        for name, curve in done.curves.items():
            assert curve == pytest.approx(one.curves[name], abs=1e-5)
            assert [list(e.measured[name]) for e in epochs] == curve.tolist()
        assert done.seconds.shape == (3,)


def test_curves_are_drawn_by_some_of_the_judging_images_and_verdicts_by_all():
    division = divide(DATA, PLAN.recipe.held_out, 5)
    all_of_them, some = (Bench.of(PLAN, DATA, division, PLAN.entries, watched) for watched in (None, 12))
    assert (all_of_them.watched == division.held_out).all()
    assert len(some.watched) == 12
    assert set(some.watched) < set(division.held_out)
    assert some.address(Luck.of(0)) != all_of_them.address(Luck.of(0))
    whole, done = (
        list(run.trials(Task(0, b, (Luck.of(0),), 1, None), Pictures.of(DATA)))[-1] for b in (all_of_them, some)
    )
    assert (whole.held_out.hits == done.held_out.hits).all()
    assert done.held_out.hits.shape == (3, len(division.held_out))
    places = np.searchsorted(division.held_out, some.watched)
    assert done.curves["val_accuracy"][-1] == pytest.approx(whole.held_out.hits[:, places].mean(1))


def test_its_cohorts_go_on_each_from_where_it_was(monkeypatch, tmp_path):
    cut_small(monkeypatch)
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    of_all = Bench.of(PLAN, DATA, divide(DATA, PLAN.recipe.held_out, 5), PLAN.entries)
    task = Task(0, of_all, (Luck.of(0),), 1, tmp_path)
    *_, due = run.trials(task, Pictures.of(DATA))
    for path in tmp_path.iterdir():
        path.unlink()
    stopped = run.trials(task, Pictures.of(DATA))
    assert next(stopped).epoch == 0  # the widest is through, the others have begun
    stopped.close()
    assert len(list(tmp_path.iterdir())) == 2
    *epochs, done = run.trials(task, Pictures.of(DATA))
    assert [e.epoch for e in epochs] in ([0, 1, 2], [1, 2], [2])
    for a, b in zip(due.weights, done.weights, strict=True):
        assert furthest(a, b) == 0
    assert all((due.curves[name] == done.curves[name]).all() for name in due.curves)


def test_a_fault_in_a_worker_is_raised_here(monkeypatch):
    def failing(*_):
        raise MemoryError

    monkeypatch.setattr(engine, "advance", failing)
    with pytest.raises(MemoryError):
        list(replicates(PLAN, DATA, divide(DATA, PLAN.recipe.held_out, 5), workers=2))


def test_whoever_stops_asking_stops_the_training():
    before = threading.active_count()
    events = replicates(
        Plan(PLAN.candidates, 4, Recipe(epochs=10_000, batch_size=32, seed=5)),
        DATA,
        divide(DATA, PLAN.recipe.held_out, 5),
        workers=2,
    )
    next(events)
    events.close()
    assert threading.active_count() == before


# ---------------------------------------------------------------- other luck, other company, other settings


def trained(plan, entries, lucks, workers=1):
    """The finished cohorts of these entries, by luck."""
    division = divide(DATA, plan.recipe.held_out, plan.recipe.seed, plan.tuning)
    events = trials(plan, DATA, division, entries, lucks, workers)
    return {event.luck: event for event in events if isinstance(event, Replicate)}


def test_a_later_replicate_of_some_candidates_is_the_same_as_in_the_whole_study():
    plan = replace(PLAN, replicates=4)
    whole = trained(plan, plan.entries, [Luck.of(r) for r in range(4)], workers=2)
    some = trained(plan, plan.entries[1:], [Luck.of(3)])
    assert set(whole) == {Luck.of(r) for r in range(4)}
    assert [done.number for done in some.values()] == [3]
    for own, other in zip(some[Luck.of(3)].weights, whole[Luck.of(3)].weights[1:], strict=True):
        assert furthest(own, other) < SAME_OVER_100_STEPS


def seen_by(luck, plan, monkeypatch):
    """The initial weights and the orders of images of one cohort."""
    seen, started, start = recorded(monkeypatch), [], engine.start

    def record(cohort, parameters):
        started.append(np.array(parameters.kernel))
        return start(cohort, parameters)

    monkeypatch.setattr(engine, "start", record)
    (done,) = trained(plan, plan.entries, [luck]).values()
    monkeypatch.undo()
    return started[0], [rows for _, rows in seen], done


@pytest.mark.parametrize("part", ["initialisation", "order", "sample"])
def test_each_part_of_luck_changes_what_it_names_and_nothing_else(part, monkeypatch):
    plan = replace(PLAN, resample=True)
    first, orders, done = seen_by(Luck.of(0), plan, monkeypatch)
    turned, other_orders, other = seen_by(replace(Luck.of(0), **{part: 1}), plan, monkeypatch)
    assert (first != turned).any() == (part == "initialisation")
    assert (np.sort(orders[0]) != np.sort(other_orders[0])).any() == (part == "sample")
    assert (orders[0] != other_orders[0]).any() == (part != "initialisation")
    assert furthest(done.weights[1], other.weights[1]) > 0
    assert (other.number, other.luck) == (int(part == "initialisation"), replace(Luck.of(0), **{part: 1}))


def test_without_resampling_the_sample_s_luck_changes_nothing():
    found = trained(PLAN, PLAN.entries, [Luck(0, 0, 0), Luck(0, 0, 7)])
    assert furthest(found[Luck(0, 0, 0)].weights[1], found[Luck(0, 0, 7)].weights[1]) == 0


def test_replicates_with_samples_of_their_own_learn_from_four_fifths(monkeypatch):
    seen = recorded(monkeypatch)
    plan = replace(PLAN, resample=True)
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    done = [e for e in replicates(plan, DATA, division, workers=1) if isinstance(e, Replicate)]
    samples = [np.sort(rows) for _, rows in seen[:: PLAN.recipe.epochs]]
    assert [len(s) for s in samples] == [len(e.learned.hits[0]) for e in done]
    for number, rows in enumerate(samples):
        assert (rows == sample(division.learned, DATA.train.labels, PLAN.recipe.seed, number)).all()
        assert set(rows) < set(division.learned)


def test_the_judging_images_of_resampled_replicates_are_the_same():
    plan = replace(PLAN, resample=True)
    found = trained(plan, plan.entries, [Luck.of(0), Luck.of(1)])
    assert {done.held_out.hits.shape for done in found.values()} == {(3, len(divide(DATA, 0.3, 5).held_out))}


SETTINGS = (Setting(), Setting(0.01), Setting(0.01, 0.5), Setting(0.01, 0.0, 0.1))


@pytest.fixture(scope="module")
def tuned():
    plan = replace(PLAN, candidates=candidates("0,8"), settings=SETTINGS)
    return plan, trained(plan, plan.entries, [Luck.of(0)])[Luck.of(0)]


def test_all_settings_of_all_candidates_are_trained_in_their_documented_order(tuned):
    plan, done = tuned
    count = len(SETTINGS)
    for k, candidate in enumerate(plan.candidates):
        for s, setting in enumerate(SETTINGS):
            assert plan.entries[k * count + s] == (candidate, setting)
            alone = trained(plan, [(candidate, setting)], [Luck.of(0)])[Luck.of(0)]
            assert furthest(alone.weights[0], done.weights[k * count + s]) < SAME_OVER_100_STEPS
    assert furthest(done.weights[count], done.weights[count + 1]) > 1e-3, "another learning rate"
    assert furthest(done.weights[count + 1], done.weights[count + 2]) > 1e-3, "dropout"
    assert furthest(done.weights[count + 1], done.weights[count + 3]) > 1e-3, "decay"
    assert all(curve.shape == (3, 8) for curve in done.curves.values())


def test_without_neurons_there_is_nothing_to_drop(tuned):
    assert furthest(tuned[1].weights[1], tuned[1].weights[2]) == 0


def test_settings_are_judged_on_images_that_neither_taught_nor_judge(tuned):
    plan, done = tuned
    division, plain = divide(DATA, 0.3, 5, plan.tuning), divide(DATA, 0.3, 5)
    assert done.tuned.shape == (8, len(division.tuning))
    assert (division.held_out == plain.held_out).all(), "the judges are the same with and without tuning"
    assert sorted([*division.learned, *division.tuning]) == list(plain.learned)
    network = finished(plan, DATA, plan.candidates[1].under(SETTINGS[2]), done.luck, done.weights[6])
    images = DATA.train.take(division.tuning)
    assert (network.assess(images.pixels, images.labels)[1] == done.tuned[6]).all()
    assert Dropout(0.5) in network.layers


def test_without_settings_to_choose_from_nothing_is_set_aside():
    assert trained(PLAN, PLAN.entries, [Luck.of(0)])[Luck.of(0)].tuned is None
    assert len(divide(DATA, 0.3, 5).tuning) == 0


@pytest.mark.parametrize("resample", [False, True])
def test_a_trial_under_a_setting_can_be_trained_alone(resample):
    plan = replace(PLAN, candidates=candidates("8"), settings=SETTINGS, resample=resample)
    done = trained(plan, plan.entries, [Luck.of(1)])[Luck.of(1)]
    heard = []
    alone = single.train(
        DATA, plan.candidates[0].under(SETTINGS[3]), plan.recipe, 1, lambda *epoch: heard.append(epoch),
        resample=resample, tuned=True,
    )  # fmt: skip
    assert furthest(alone.network.weights, done.weights[3]) < SAME_OVER_100_STEPS
    assert heard == list(enumerate(alone.epochs))
    for name, curve in done.curves.items():
        assert [epoch[name] for epoch in alone.epochs] == pytest.approx(curve[:, 3].tolist(), abs=1e-5)


def test_a_finished_network_says_where_it_comes_from():
    candidate = Candidate((8,), "tanh", 0.5, 0.1, 0.01)
    weights = trained(PLAN, [(candidate, Setting())], [Luck(2, 0, 0)])[Luck(2, 0, 0)].weights[0]
    network = finished(PLAN, DATA, candidate, Luck(2, 0, 0), weights)
    assert network.about == {
        "data": "pets", "fingerprint": DATA.fingerprint, "seed": 5, "replicate": 2, "width": "8", "epochs": 3,
        "learning_rate": 0.01, "weight_decay": 0.1,
    }  # fmt: skip
    assert (network.classes, network.preparation.mode, network.preparation.scale) == (
        DATA.classes,
        "gray",
        (0.0, 255.0),
    )


def test_a_finished_network_takes_its_data_s_colours_and_shares_of_one():
    colour = np.stack([DATA.train.pixels[..., 0]] * 3, -1).astype(np.float32) / 255
    data = Dataset("pets", DATA.classes, Images(colour, DATA.train.labels), None, "0-1", (), ())
    network = single.train(data, Candidate(()), Recipe(epochs=1, batch_size=32)).network
    assert (network.preparation.mode, network.preparation.scale) == ("rgb", (0.0, 1.0))
    assert network.image_shape == (8, 8, 3)
