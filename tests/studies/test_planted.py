"""Planted problems with real training: the answer is known, and a study of five replicates finds it.

The fast tests ask one study each; how often studies are right, against the brute force, is slow (-m slow), and its
record is benchmarks/records/planted.json.
"""

import dataclasses
import json

import numpy as np
import pytest
from benchmarks import planted

from why128.optimizers import Adam
from why128.recipe import Recipe

WITHIN_ONE_RUNG, STUDIES = 18, 20  # the demand
# Fewer widths than in the record, and a quicker way to the same overfitting, so that a study takes seconds.
FEW_WIDTHS = {"linear": (0, 4, 16), "xor": (0, 1, 4, 16), "flipped": (0, 32), "clean": (0, 32)}
HURTS = "More neurons hurt here"
QUICK = Recipe(60, 256, Adam(0.003))


def asked(name, folder, **changes):
    """The problem with fewer widths, and its study number 1."""
    problem = dataclasses.replace(planted.PROBLEMS[name], widths=FEW_WIDTHS[name], **changes)
    return problem, planted.study(problem, 1, folder / "study")


def rightly(network, images):
    """The share of images that a network answers rightly."""
    return float((network.probabilities(images.pixels).argmax(1) == images.labels).mean())


# ---------------------------------------------------------------- one study each


def test_a_linear_rule_needs_no_neurons(tmp_path):
    problem, answer = asked("linear", tmp_path)
    assert answer.enough == 0
    assert rightly(answer.network, problem.fresh(1, "judge")) > 0.98


def test_the_exclusive_or_of_two_pixels_needs_more_than_one_and_is_solved(tmp_path):
    problem, answer = asked("xor", tmp_path)
    assert answer.enough > 1
    assert rightly(answer.network, problem.fresh(1, "judge")) >= 0.99


@pytest.mark.slow
def test_with_flipped_labels_more_neurons_are_said_to_hurt(tmp_path):
    _, answer = asked("flipped", tmp_path, recipe=QUICK)
    assert planted.says_more_neurons_hurt(answer)
    assert HURTS in str(answer)


@pytest.mark.slow
def test_with_clean_labels_they_are_not(tmp_path):
    _, answer = asked("clean", tmp_path, recipe=QUICK)
    assert not planted.says_more_neurons_hurt(answer)
    assert HURTS not in str(answer)


# ---------------------------------------------------------------- that what is planted is what is said


@pytest.mark.parametrize("name", planted.PROBLEMS)
def test_a_problem_is_drawn_again_alike_and_others_are_other_images(name):
    problem = planted.PROBLEMS[name]
    first, again, other = (problem.fresh(*which, 500) for which in ((1, "study"), (1, "study"), (2, "study")))
    assert (first.pixels == again.pixels).all()
    assert (first.labels == again.labels).all()
    assert (first.pixels != other.pixels).any()
    shares = np.bincount(first.labels, minlength=problem.classes) / 500
    assert len(shares) == problem.classes
    assert shares.min() > 0.5 / problem.classes, "no class is rare"


def test_the_linear_rule_is_a_layer_without_neurons():
    images = planted.PROBLEMS["linear"].fresh(1, "study", 500)
    weights = planted.draws(0, "a linear rule").standard_normal((64, 3))
    centred = images.pixels.reshape(500, 64) / 255 - 0.5
    assert ((centred @ weights).argmax(1) == images.labels).all()


def test_neither_pixel_alone_says_anything_of_the_exclusive_or():
    images = planted.PROBLEMS["xor"].fresh(1, "study", 4000)
    one, other = images.pixels[:, 0, 0, 0] > 127, images.pixels[:, 2, 2, 0] > 127
    assert ((one != other) == images.labels).all()
    for pixel in (one, other):
        assert abs(np.mean(pixel == images.labels) - 0.5) < 0.04  # 5 standard errors of 4,000 coins


@pytest.mark.parametrize("neurons", [2, 4, 8])
def test_a_teacher_without_one_of_its_patterns_errs(neurons):
    """Its labels follow from its own neurons, and from no fewer: without one pair it is often wrong."""
    images = planted.PROBLEMS[f"teacher-{neurons}"].fresh(1, "study", 2000)
    seen = planted.patterns(neurons // 2)
    sums = (images.pixels.reshape(2000, 16) - planted.GRAY) @ seen.T / planted.CONTRAST  # (N, P)
    scores = np.abs(sums)  # a neuron for a pattern and one for its negative
    if neurons == 2:
        scores = np.column_stack([np.full(2000, planted.HALF), scores])
    assert (scores.argmax(1) == images.labels).all()
    scores[:, -1] = np.maximum(sums[:, -1], 0)  # one neuron fewer
    assert (scores.argmax(1) == images.labels).mean() < 1 - 0.4 / max(2, neurons // 2)


def test_patterns_are_at_right_angles():
    assert planted.patterns(4) @ planted.patterns(4).T == pytest.approx(np.eye(4), abs=1e-12)


def test_three_labels_in_ten_are_flipped_and_none_of_the_clean():
    sample, clean, flipped = planted.sample(), *(planted.PROBLEMS[n].fresh(3, "study") for n in ("clean", "flipped"))
    due = {pixels.tobytes(): label for pixels, label in zip(sample.pixels, sample.labels, strict=True)}
    wrong = [
        np.mean([due[p.tobytes()] != y for p, y in zip(images.pixels, images.labels, strict=True)])
        for images in (clean, flipped)
    ]
    assert wrong[0] == 0
    assert wrong[1] == pytest.approx(0.3, abs=0.03)  # 4 standard errors of 4,000


def test_no_image_of_the_sample_both_teaches_and_judges():
    problem = planted.PROBLEMS["clean"]
    images = problem.fresh(0, "truth", planted.IMAGES + problem.judged)
    assert len({p.tobytes() for p in images.pixels}) == len({p.tobytes() for p in planted.sample().pixels})


# ---------------------------------------------------------------- the brute force itself


def truth_of(means, luck=0.0, runs=40):
    """A truth with these mean accuracies in points."""
    problem = dataclasses.replace(planted.PROBLEMS["xor"], widths=tuple(range(len(means))))
    away = np.linspace(-luck, luck, runs)[:, None]
    return planted.Truth(problem, np.array(means) + away, np.array(means) + away, 50.0)


def test_the_true_rung_is_the_smallest_within_the_tolerance():
    assert truth_of([50, 98.9, 99.2, 100]).rung == 2
    assert truth_of([99, 60, 100, 98]).rung == 0
    assert truth_of([99, 60, 100, 98]).sufficient.tolist() == [True, False, True, False]


def test_runs_at_chance_are_counted():
    assert truth_of([54.9, 55.1]).never.mean(0).tolist() == [1, 0]
    assert truth_of([55], luck=10).figures()["widths"][0]["share_never_learned"] == 0.5


def test_brute_force_trains_every_width_and_judges_it_on_fresh_images():
    quick = dataclasses.replace(planted.PROBLEMS["xor"], widths=(0, 8), recipe=Recipe(1, 256), judged=1000)
    truth = planted.brute_force(quick, 3)
    assert truth.accuracies.shape == truth.learned.shape == (3, 2)
    assert len(set(truth.accuracies.ravel().tolist())) > 3, "each run has its own luck and images"
    assert 50 <= truth.commonest < 55


def test_the_record_is_of_these_problems():
    figures = json.loads((planted.record.RECORDS / "planted.json").read_text())["figures"]
    assert figures.keys() == planted.PROBLEMS.keys()
    for name, found in figures.items():
        assert tuple(map(int, found["widths"])) == planted.PROBLEMS[name].widths
        assert found["recipe"] == planted.asked_of(planted.PROBLEMS[name])
        assert found["runs_at_every_width"] >= 40
        if name not in ("flipped", "clean"):
            assert found["studies"]["within_one_rung"] >= WITHIN_ONE_RUNG
    assert figures["linear"]["true_width"] == 0
    assert figures["xor"]["true_width"] > 1
    assert figures["flipped"]["studies"]["say_that_more_neurons_hurt"] >= WITHIN_ONE_RUNG
    assert figures["clean"]["studies"]["say_that_more_neurons_hurt"] <= STUDIES - WITHIN_ONE_RUNG


# ---------------------------------------------------------------- minutes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear", "xor", "teacher-2", "teacher-4", "teacher-8"])
def test_studies_are_within_one_rung_of_the_brute_force(name):
    """Eight studies of each, to see that the record's twenty were no luck of one commit; one of them may be farther off."""
    truth = planted.brute_force(planted.PROBLEMS[name], 40)
    assert planted.tally(truth, 8, lambda text: None)["within_one_rung"] >= 7
