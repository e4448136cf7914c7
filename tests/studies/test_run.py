"""A study from plan to verdict: it repeats itself, whoever works at it, and any of its networks can be trained alone."""

import threading
from itertools import pairwise

import numpy as np
import pytest

from tests import networks
from why128 import engine, ladder, single
from why128.data import Dataset, Images
from why128.division import divide
from why128.engine import training
from why128.errors import InputRefused
from why128.formats import keras_file
from why128.layers import Dense
from why128.recipe import Recipe
from why128.studies import store
from why128.studies.plan import Plan, candidates
from why128.studies.run import EpochDone, Replicate, replicates
from why128.studies.study import study

# A wider product adds the same numbers in another order (engine/test_laws.py): the bound over 100 steps, and
# what a whole training may drift, ten times that.
SAME_OVER_100_STEPS, SAME_AFTER_TRAINING = 1e-5, 1e-4


def dataset(count=240, seed=0):
    pixels, labels = networks.pictures(count, seed=seed)
    return Dataset(
        "pets", ("a", "b", "c", "d"), Images(pixels[..., None], labels.astype(np.int32)), None, "0-255", (), ()
    )


DATA = dataset()
PLAN = Plan(candidates("0,3,8x4"), 2, Recipe(epochs=3, batch_size=32, seed=5))  # 164 images learned from: 6 batches


def furthest(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return study(PLAN, DATA, folder, workers=2)


def weights(folder):
    return {t.network: keras_file.load(folder / t.network).weights for t in store.read(folder)[1]}


def told(found):
    """All that a study answers, but for times."""
    return found.verdict, found.replicate, found.test, found.parameters, found.losses, found.judged_by, found.tested_on


@pytest.mark.parametrize("workers", [1, 2])
def test_a_study_run_again_gives_the_same_table_and_identical_weights(workers, finished, tmp_path):
    again = study(PLAN, DATA, tmp_path / "s", workers=workers)
    assert told(again) == told(finished)
    first, second = weights(finished.folder), weights(again.folder)
    assert first.keys() == second.keys()
    assert all(furthest(first[name], second[name]) == 0 for name in first)


def test_another_seed_gives_another_study(finished, tmp_path):
    other = study(Plan(PLAN.candidates, 2, Recipe(epochs=3, batch_size=32, seed=6)), DATA, tmp_path / "s")
    assert other.losses != finished.losses


# ---------------------------------------------------------------- a trial trained alone


def recorded(monkeypatch):
    """Every order in which images are learned from, as (seed, replicate, epoch) draws it, by thread."""
    seen, batches = [], training._batches

    def record(rows, size):
        if size == PLAN.recipe.batch_size:
            seen.append((threading.get_ident(), rows.copy()))
        return batches(rows, size)

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
    alone = [division.learned[rows] for _, rows in seen]
    assert len(alone) == len(in_company) == 2 * PLAN.recipe.epochs
    assert all((a == b).all() for a, b in zip(alone, in_company, strict=True))
    assert any((a != b).any() for a, b in pairwise(alone)), "each epoch has its own order"


@pytest.mark.parametrize("k", range(len(PLAN.candidates)))
def test_a_trial_trained_alone_ends_with_the_same_weights(k, finished):
    """15 steps here; 100 steps and a whole training below."""
    trained = single.train(DATA, PLAN.candidates[k], PLAN.recipe, replicate=1)
    kept = keras_file.load(finished.folder / f"networks/{PLAN.candidates[k].label}-replicate1.keras")
    assert furthest(trained.network.weights, kept.weights) < SAME_OVER_100_STEPS


@pytest.mark.parametrize(("epochs", "bound"), [(20, SAME_OVER_100_STEPS), (60, SAME_AFTER_TRAINING)])
def test_it_stays_so_over_longer_training(epochs, bound):
    """20 epochs are 100 steps, 60 are 300."""
    plan = Plan(PLAN.candidates, 1, Recipe(epochs=epochs, batch_size=32, seed=5))
    *_, done = replicates(plan, DATA, divide(DATA, PLAN.recipe.held_out, 5), workers=1)
    trained = single.train(DATA, plan.candidates[1], plan.recipe)
    assert furthest(trained.network.weights, done.weights[1]) < bound


def test_a_trial_trained_alone_has_the_same_curves(finished):
    epochs = single.train(DATA, PLAN.candidates[1], PLAN.recipe).epochs
    due = [e for e in store.read(finished.folder)[2] if (e.candidate, e.replicate) == ("3", 0)]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert [e[name] for e in epochs] == pytest.approx([getattr(e, name) for e in due], abs=1e-5)


def test_a_batch_larger_than_the_data_is_the_whole_data():
    assert training._batches(np.arange(10), 1000).shape == (1, 10)


# ---------------------------------------------------------------- what is kept and told


def test_every_trial_and_epoch_is_kept(finished):
    notes, trials, epochs = store.read(finished.folder)
    assert notes["plan"] == PLAN.document()
    assert notes["data"]["fingerprint"] == DATA.fingerprint
    assert {(t.candidate, t.replicate) for t in trials} == {(c.label, r) for c in PLAN.candidates for r in range(2)}
    assert len(epochs) == 3 * 2 * 3
    assert [t.parameters for t in trials[:3]] == sorted(finished.parameters)


def test_the_bits_that_are_kept_are_the_hits_on_validation_images(finished):
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    held_out = DATA.train.take(division.held_out)
    for trial in store.read(finished.folder)[1]:
        network = keras_file.load(finished.folder / trial.network)
        _, hits = network.assess(held_out.pixels, held_out.labels)
        assert (np.unpackbits(np.frombuffer(trial.hits, np.uint8), count=len(held_out)).astype(bool) == hits).all()
        assert trial.val_accuracy == pytest.approx(hits.mean())


def test_the_network_handed_over_is_the_best_replicate_of_the_chosen_width(finished):
    chosen = keras_file.load(finished.folder / "enough.keras")
    label = PLAN.candidates[finished.verdict.enough].label
    same = keras_file.load(finished.folder / f"networks/{label}-replicate{finished.replicate}.keras")
    assert furthest(chosen.weights, same.weights) == furthest(chosen.weights, finished.network.weights) == 0
    own = {t.replicate: t.val_accuracy for t in store.read(finished.folder)[1] if t.candidate == label}
    assert own[finished.replicate] == max(own.values())
    assert chosen.classes == DATA.classes
    assert chosen.about["replicate"] == finished.replicate


def test_the_test_images_neither_taught_nor_chose(finished):
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    assert not set(division.learned) & set(division.held_out)
    assert finished.judged_by == len(division.held_out)
    assert finished.tested_on == len(division.test)
    assert finished.judged_by + finished.tested_on + len(division.learned) == len(DATA.train)
    assert not finished.test_given


def test_test_images_that_came_with_the_data_are_used():
    given = Dataset("pets", DATA.classes, DATA.train, dataset(40, seed=3).train, "0-255", (), ())
    division = divide(given, PLAN.recipe.held_out, 5)
    assert division.test is given.test
    assert len(division.learned) + len(division.held_out) == len(DATA.train)


def test_events_come_in_order():
    events = list(replicates(PLAN, DATA, divide(DATA, PLAN.recipe.held_out, 5), workers=2))
    for number in range(2):
        own = [e for e in events if (e.replicate if isinstance(e, EpochDone) else e.number) == number]
        assert [type(e) for e in own] == [EpochDone] * 3 + [Replicate]
        assert [e.epoch for e in own[:3]] == [0, 1, 2]


def test_a_fault_in_a_worker_is_raised_here(monkeypatch):
    def failing(*_):
        raise MemoryError

    monkeypatch.setattr(engine, "train", failing)
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


def test_a_class_that_is_too_small_is_refused_before_anything_is_written(tmp_path):
    labels = DATA.train.labels.copy()
    labels[labels == 3] = 2
    labels[0] = 3
    lonely = Dataset("pets", DATA.classes, Images(DATA.train.pixels, labels), None, "0-255", (), ())
    with pytest.raises(InputRefused, match="classes with 1 image cannot be split"):
        study(PLAN, lonely, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_pictures_in_colour_and_in_shares_of_one(tmp_path):
    colour = np.stack([DATA.train.pixels[..., 0]] * 3, -1).astype(np.float32) / 255
    data = Dataset("pets", DATA.classes, Images(colour, DATA.train.labels), None, "0-1", (), ())
    found = study(Plan(candidates("0"), 1, Recipe(epochs=1, batch_size=32)), data, tmp_path / "s")
    assert (found.network.preparation.mode, found.network.preparation.scale) == ("rgb", (0.0, 1.0))
    assert found.network.image_shape == (8, 8, 3)
    assert isinstance(found.network.layers[-1], Dense)
