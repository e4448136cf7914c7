"""A study from plan to folder: it repeats itself, whoever works at it, and every network in it can be trained alone."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studies.test_run import DATA, PLAN, SAME_OVER_100_STEPS, furthest
from why128 import single
from why128.data import Dataset, Images
from why128.division import divide
from why128.errors import InputRefused
from why128.formats import keras_file
from why128.layers import Dense
from why128.recipe import Recipe
from why128.studies import store
from why128.studies.conduct import study
from why128.studies.plan import Plan, candidates


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return study(PLAN, DATA, folder, workers=2)


def weights(folder):
    return {t.network: keras_file.load(folder / t.network).weights for t in kept(folder)}


def kept(folder):
    """Every trial but the twins, whose networks are not kept."""
    return [t for t in store.read(folder)[1] if not t.twin]


def told(found):
    """All that a study answers, but for times."""
    trials = [replace(t, seconds=0.0) for own in (*found.evidence.trials, found.evidence.twins) for t in own]
    return found.verdict, found.replicate, found.test, trials


@pytest.mark.parametrize("workers", [1, 2])
def test_a_study_run_again_gives_the_same_table_and_identical_weights(workers, finished, tmp_path):
    again = study(PLAN, DATA, tmp_path / "s", workers=workers)
    assert told(again) == told(finished)
    first, second = weights(finished.folder), weights(again.folder)
    assert first.keys() == second.keys()
    assert all(furthest(first[name], second[name]) == 0 for name in first)


def test_another_seed_gives_another_study(finished, tmp_path):
    other = study(Plan(PLAN.candidates, 2, Recipe(epochs=3, batch_size=32, seed=6)), DATA, tmp_path / "s")
    assert told(other)[-1] != told(finished)[-1]


@pytest.mark.parametrize("k", range(len(PLAN.candidates)))
def test_a_trial_trained_alone_ends_with_the_same_weights(k, finished):
    """15 steps here; 100 steps and a whole training below."""
    trained = single.train(DATA, PLAN.candidates[k], PLAN.recipe, replicate=1)
    kept = keras_file.load(finished.folder / f"networks/{PLAN.candidates[k].label}-replicate1.keras")
    assert furthest(trained.network.weights, kept.weights) < SAME_OVER_100_STEPS


def test_a_trial_trained_alone_has_the_same_curves(finished):
    epochs = single.train(DATA, PLAN.candidates[1], PLAN.recipe).epochs
    due = [e for e in store.read(finished.folder)[2] if (e.candidate, e.replicate) == ("3", 0)]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert [e[name] for e in epochs] == pytest.approx([getattr(e, name) for e in due], abs=1e-5)


# ---------------------------------------------------------------- what is kept and told


def test_every_trial_and_epoch_is_kept(finished):
    (notes, _, epochs), trials = store.read(finished.folder), kept(finished.folder)
    assert notes["plan"] == PLAN.on(DATA).document()
    assert notes["subject"]["fingerprint"] == DATA.fingerprint
    assert {(t.candidate, t.replicate) for t in trials} == {(c.label, r) for c in PLAN.candidates for r in range(2)}
    assert len(epochs) == 3 * 2 * 3
    assert [t.parameters for t in trials[:3]] == sorted(finished.evidence.parameters)


def test_the_bits_that_are_kept_are_the_hits_on_validation_images(finished):
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    held_out = DATA.train.take(division.held_out)
    for trial in kept(finished.folder):
        network = keras_file.load(finished.folder / trial.network)
        _, hits = network.assess(held_out.pixels, held_out.labels)
        assert (np.unpackbits(np.frombuffer(trial.hits, np.uint8), count=len(held_out)).astype(bool) == hits).all()
        assert trial.val_accuracy == pytest.approx(hits.mean())


def test_the_network_handed_over_is_the_best_replicate_of_the_chosen_width(finished):
    chosen = keras_file.load(finished.folder / "enough.keras")
    label = PLAN.candidates[finished.verdict.enough].label
    same = keras_file.load(finished.folder / f"networks/{label}-replicate{finished.replicate}.keras")
    assert furthest(chosen.weights, same.weights) == furthest(chosen.weights, finished.network.weights) == 0
    own = {t.replicate: t.val_accuracy for t in kept(finished.folder) if t.candidate == label}
    assert own[finished.replicate] == max(own.values())
    assert chosen.classes == DATA.classes
    assert chosen.about["replicate"] == finished.replicate


def test_the_test_images_neither_taught_nor_chose(finished):
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    assert not set(division.learned) & set(division.held_out)
    subject = finished.subject
    assert subject.judged_by == len(division.held_out)
    assert subject.tested_on == len(division.test)
    assert subject.judged_by + subject.tested_on + subject.learned_from == len(DATA.train)
    assert not subject.test_given


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
