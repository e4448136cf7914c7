"""Every sentence about a study, a training and a judgement, by its text; and the table."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.studying import LADDER, clear, cost, hits, plan, told
from why128.data.images import Dataset, Images
from why128.judging import Judged
from why128.report import words
from why128.report.answer import HEADINGS, Answer
from why128.report.page import page
from why128.statistics.intervals import Interval
from why128.studies.budget import Budget
from why128.studies.candidate import Candidate, Setting
from why128.studies.forecast import Forecast

ACCURACIES = (
    Interval(0.70, 0.68, 0.72),
    Interval(0.849, 0.83, 0.86),
    Interval(0.853, 0.84, 0.87),
    Interval(0.851, 0.84, 0.87),
)
VERDICT = {
    "enough": 1, "low": 1, "high": 1, "best": 2, "settled": True, "accuracies": ACCURACIES,
    "too_small": (True, False, False, False),
}  # fmt: skip
PIXELS = np.zeros((4, 8, 8, 1), np.uint8)
DATA = Dataset("pets", ("a", "b"), Images(PIXELS, np.array([0, 1, 0, 1], np.int32)), None, "0-255", (), ())


def said(*widths, about=None, examined="test", replicates=5, learned=None, looks=None, plan_of=None, **verdict):
    """A study of these four widths that says this; its evidence is not looked at."""
    asked = replace(plan(*(widths or (0, 1, 32, 128))), **({"tolerance": 0.5} | (plan_of or {})))
    answers = hits([70.0, 85, 85, 85], replicates, images=100)
    return told(asked, answers, about=about, examined=examined, learned=learned, looks=looks, verdict=VERDICT | verdict)


# ---------------------------------------------------------------- the verdict


def test_one_neuron_is_enough():
    assert words.sentence(said()) == (
        "1 neuron is enough: 84.9 % of unseen images answered rightly, not worse than the best (32 neurons, 85.3 %) "
        "by more than 0.5 points, at 95 % confidence; no other width is in question."
    )


def test_several_neurons_are_enough_and_nothing_is_better():
    assert words.sentence(said(enough=2, low=1, high=3)) == (
        "32 neurons are enough: 85.3 % of unseen images answered rightly, and nothing tried does better by more than 0.5 points, "
        "at 95 % confidence; the answer lies between 1 and 128 neurons."
    )


def test_no_neurons_are_needed():
    assert words.sentence(said(enough=0, low=0, high=1)) == (
        "No hidden neurons are needed: 70.0 % of unseen images answered rightly, not worse than the best (32 neurons, 85.3 %) "
        "by more than 0.5 points, at 95 % confidence; the answer lies between 0 and 1 neuron."
    )


def test_two_hidden_layers():
    shapes = (0, 4, Candidate((16, 16)), Candidate((64, 64)))
    assert words.sentence(said(*shapes, enough=2, low=2, high=3, plan_of={"tolerance": 2, "confidence": 0.9})) == (
        "16x16 neurons are enough: 85.3 % of unseen images answered rightly, and nothing tried does better by more than 2 points, "
        "at 90 % confidence; the answer lies between 16x16 and 64x64 neurons."
    )


def test_candidates_of_several_activations():
    kinds = [Candidate((w,), name) for w in (4, 32) for name in ("relu", "tanh")]
    assert words.sentence(said(*kinds, enough=1, low=1, high=2, best=3)) == (
        "4 neurons (tanh) are enough: 84.9 % of unseen images answered rightly, not worse than the best "
        "(32 neurons (tanh), 85.1 %) by more than 0.5 points, at 95 % confidence; "
        "the answer lies between 4 tanh and 32 neurons (relu)."
    )


def test_a_budget_is_said_to_bound_the_comparison():
    bound = {"plan_of": {"budget": Budget(neurons=1)}}
    assert words.sentence(said(best=1, **bound)) == (
        "1 neuron is enough: 84.9 % of unseen images answered rightly, and nothing tried within the budget does better by "
        "more than 0.5 points, at 95 % confidence; no other width is in question."
    )
    assert "not worse than the best within the budget (no hidden neurons, 70.0 %)" in words.sentence(
        said(best=0, **bound)
    )


@pytest.mark.parametrize(
    ("enough", "looks"), [(2, "32 neurons look enough (85.3 %"), (1, "1 neuron looks enough (84.9 %"), (0, "no hidden neurons look enough (70.0 %")]
)  # fmt: skip
def test_a_verdict_that_is_not_settled_says_so(enough, looks):
    assert words.sentence(said(settled=False, enough=enough, low=0, high=3)) == (
        f"Not settled: {looks} of unseen images answered rightly), but at 95 % confidence no candidate can be said to be "
        "within 0.5 points of the best; the answer lies between 0 and 128 neurons."
    )


def test_one_replicate_is_not_an_answer():
    """Whatever the verdict holds; and the number named is that of the best, not of an answer."""
    assert words.sentence(said(replicates=1)) == (
        "Not settled: in this one replicate 32 neurons did best (85.3 % of unseen images answered rightly), "
        "but how much of that is luck only further replicates can tell."
    )


def test_one_candidate_is_not_an_answer():
    study = told(plan(4), hits([80.0]), verdict={"accuracies": ACCURACIES[1:2]})
    assert words.sentence(study) == (
        "No answer: only 4 neurons tried (84.9 % of unseen images answered rightly); what is enough shows only against other widths."
    )


@pytest.mark.parametrize("learned", [0.25, np.nan, [0.25, np.nan, 0.25, 0.25]])
def test_networks_that_never_learned_are_not_an_answer(learned):
    """Images of four classes, answered rightly one time in four: by dead networks, diverged ones, or both."""
    sentence = "No answer: none of these networks learned anything; nothing can be said of their widths."
    assert words.sentence(said(learned=learned)) == sentence
    assert words.sentence(said(learned=learned, replicates=1)) == sentence


@pytest.mark.parametrize(
    "study",
    [told(plan(8), hits([80.0], images=100)), told(plan(*LADDER), hits([25.0] * 4, images=100), learned=0.25)],
    ids=["one candidate", "none learned"],
)
def test_where_there_is_no_answer_no_number_looks_like_one(study):
    """Neither a number of neurons, nor an interval, nor a row that is marked."""
    answer = Answer(study)
    verdict = answer.document()["verdict"]
    assert (answer.enough, answer.interval, answer.settled) == (None, None, False)
    assert (verdict["enough"], verdict["interval"], verdict["settled"]) == (None, None, False)
    assert not {row.mark for row in answer.rows()} & {"enough", "best", "possible"}
    assert 'class="enough"' not in page(answer)


def test_the_confidence_said_is_the_one_asked_for():
    """Of a study that looked again, the risk of all its looks together is the one that was allowed."""
    assert ", at 95 % confidence; " in words.sentence(said(looks=3))


# ---------------------------------------------------------------- its parts


@pytest.mark.parametrize(
    ("candidate", "rest", "text"),
    [
        (Candidate(()), "", "no hidden neurons"),
        (Candidate((1,)), "", "1 neuron"),
        (Candidate((1024,)), "", "1,024 neurons"),
        (Candidate((2, 1)), "", "2x1 neurons"),
        (Candidate((8,)), "tanh", "8 neurons (tanh)"),
        (Candidate(()), "0.01", "no hidden neurons (0.01)"),
        (Candidate((8,)), "a\x1b[31m", r"8 neurons (a\x1b[31m)"),
    ],
)
def test_how_a_candidate_is_said(candidate, rest, text):
    assert words.hidden(candidate, rest) == text


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ([0], "0"),
        ([0, 1], "0 and 2"),
        ([0, 1, 2], "0 to 8"),
        ([0, 1, 2, 4], "0 to 8 and 128"),
        ([0, 2, 4], "0, 8 and 128"),
    ],
)
def test_how_several_rungs_are_said(places, text):
    assert words.runs(("0", "2", "8", "32", "128"), places) == text


@pytest.mark.parametrize(
    ("confidence", "text"), [(0.95, "95 %"), (0.995, "99.5 %"), (0.9, "90 %"), (2 / 3, "66.7 %"), (0.99583, "99.6 %")]
)
def test_how_a_confidence_is_said(confidence, text):
    assert words.level(confidence) == text


@pytest.mark.parametrize(("share", "text"), [(0.8512, "85.1 %"), (1, "100.0 %"), (0, "0.0 %"), (0.99951, "100.0 %")])
def test_how_a_share_is_said(share, text):
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("tolerance", "text"), [(1, "1 point"), (1.0, "1 point"), (0.5, "0.5 points"), (0, "0 points")]
)
def test_how_points_are_said(tolerance, text):
    assert words.points(tolerance) == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 run"), (0, "0 runs"), (1200, "1,200 runs")])
def test_how_a_count_is_said(count, text):
    assert words.counted(count, "run") == text


def test_how_limits_are_said():
    assert words.limits(Interval(0.85, 0.834, 0.865)) == "85.0 % (83.4 to 86.5 %)"
    assert words.compact(Interval(0.85, 0.834, 0.865)) == "85.0 % (83.4–86.5)"
    assert words.difference(Interval(0.021, 0.009, 0.033)) == "2.1 points (0.9 to 3.3)"


def test_what_the_data_are_called():
    assert words.subject(DATA) == "pets: 4 images, 2 classes"
    assert words.subject(replace(DATA, name="a\x1b[31m")).startswith(r"a\x1b[31m: ")


# ---------------------------------------------------------------- the test images


def test_test_images_that_came_with_the_data():
    assert (
        words.tested(said())
        == "On 2,000 test images, looked at once, this network answers 85.0 % (83.4 to 86.5 %) rightly."
    )


def test_test_images_that_were_set_aside():
    assert (
        words.tested(said(about={"test_given": False}))
        == "On 2,000 images set aside before training, looked at once, this network answers 85.0 % (83.4 to 86.5 %) rightly."
    )


def test_the_network_of_one_replicate_is_named_where_the_sentence_names_another():
    assert words.tested(said(replicates=1)) == (
        "On 2,000 test images, looked at once, the network of 1 neuron that is handed over answers 85.0 % (83.4 to 86.5 %) rightly."
    )
    assert "this network" in words.tested(said(replicates=1, enough=2))


@pytest.mark.parametrize("examined", ["validation", None])
def test_no_test_images(examined):
    assert words.tested(said(examined=examined)) is None


# ---------------------------------------------------------------- one network

EPOCHS = [
    {"loss": 1.0, "accuracy": 0.7, "val_accuracy": 0.6},
    {"loss": 0.5, "accuracy": 0.8765, "val_accuracy": 0.8512},
]


def test_what_a_training_gave():
    found = SimpleNamespace(epochs=EPOCHS, test=Interval(0.85, 0.834, 0.865), test_given=True)
    assert (
        words.trained(found)
        == "After 2 epochs: 87.6 % of the images learned from, 85.1 % of validation images, 85.0 % (83.4 to 86.5 %) of test images answered rightly."
    )


def test_what_a_training_of_one_epoch_without_test_images_gave():
    assert words.trained(SimpleNamespace(epochs=EPOCHS[:1], test=None, test_given=False)) == (
        "After 1 epoch: 70.0 % of the images learned from, 60.0 % of validation images answered rightly."
    )


def test_what_a_judgement_found():
    judged = Judged(Interval(0.85, 0.834, 0.865), 0.43219, 2000, "test", {})
    assert words.judged(judged) == "85.0 % (83.4 to 86.5 %) of 2,000 test images answered rightly; loss 0.4322."
    assert (
        words.judged(replace(judged, part="all", images=12))
        == "85.0 % (83.4 to 86.5 %) of 12 images answered rightly; loss 0.4322."
    )


# ---------------------------------------------------------------- the table


def test_the_table_s_rows():
    answers = hits([70.0, 85, 85, 85], images=100)
    study = told(
        plan(0, 1, 32, 128), answers, learned=[0.71, 0.859, 0.863, 0.861], latencies=[1e-6, 2e-6, 32.4e-6, 4e-5]
    )
    study = replace(
        study,
        verdict=replace(study.verdict, **VERDICT),
        costs=(*study.costs[:2], cost(2212, 32, 1.254, 32.4e-6), study.costs[3]),
    )
    row = Answer(study).rows()[2]
    gap = 100 * (0.863 - answers[:, 2].mean())
    assert (row.neurons, row.parameters, row.training, row.validation) == (
        "32",
        "2,212",
        "86.3 %",
        "85.3 % (84.0–87.0)",
    )
    assert (row.gap, row.latency, row.seconds) == (f"{gap:+.1f}", "32 µs", "1.25 s")
    assert HEADINGS.cells() == ["neurons", "parameters", "training", "validation", "gap", "latency", "time", ""]


def test_a_gap_of_nothing_has_no_minus():
    answers = np.ones((5, 2, 100), bool)
    study = told(plan(0, 4), answers, learned=1 - 1e-6)
    assert [row.gap for row in Answer(study).rows()] == ["+0.0", "+0.0"]


@pytest.mark.parametrize(("changes", "marks"), [
    ({"low": 1, "high": 2}, ["", "enough", "best", ""]),
    ({"enough": 2, "low": 0, "high": 3}, ["", "possible", "enough", "possible"]),
    ({"enough": 2, "low": 0, "high": 3, "settled": False}, ["", "possible", "best", "possible"]),
    ({"enough": 2, "low": 0, "high": 3, "too_small": (False, True, False, False)}, ["possible", "", "enough", "possible"]),
    ({"enough": 0, "low": 0, "high": 1, "too_small": (False,) * 4}, ["enough", "possible", "best", ""]),
    ({"within_budget": (True, True, False, False), "best": 1}, ["", "enough", "too dear", "too dear"]),
])  # fmt: skip
def test_what_a_row_is_marked_as(changes, marks):
    assert [row.mark for row in Answer(said(**changes)).rows()] == marks


def test_a_width_of_which_every_run_failed_is_marked_so():
    learned = np.array([[0.25, 0.9, np.nan, 0.9]] * 4 + [[0.25, 0.25, 0.25, 0.9]])
    assert [row.mark for row in Answer(said(learned=learned, low=0, high=3, best=3)).rows()] == [
        "failed", "enough", "failed", "best",
    ]  # fmt: skip


def test_an_answer_prints_its_table_and_ends_with_the_verdict():
    study = said(low=1, high=2)
    answer = Answer(study)
    lines = str(answer).splitlines()
    assert lines[0].split() == HEADINGS.cells()[:-1]
    assert len({line.index("%") for line in lines[1:5]}) == 1, "columns stand under each other"
    assert lines[-2:] == [words.tested(study), words.sentence(study)]
    assert str(answer.caveats[0]) in lines
    assert all(reading.text in lines for reading in answer.readings)


def test_an_answer_says_its_numbers():
    answer = Answer(said(low=1, high=2))
    assert (answer.enough, answer.settled, answer.interval) == (1, True, (1, 32))
    assert answer.sentence == words.sentence(answer.study)


def test_a_simulated_study_from_end_to_end():
    answer = Answer(told(plan(*LADDER), clear()))
    assert answer.sentence.startswith("8 neurons are enough: 90")
    assert answer.sentence.endswith(" by more than 1 point, at 95 % confidence; no other width is in question.")
    assert [row.mark for row in answer.rows()][:3] == ["", "", "enough"]


@pytest.mark.parametrize(
    ("answers", "learned"),
    [
        (np.zeros((3, 2, 40), bool), None),
        (np.ones((3, 2, 40), bool), None),
        (np.zeros((1, 2, 40), bool), np.nan),
        (np.ones((1, 2, 1), bool), None),
        (np.zeros((2, 2, 1), bool), np.nan),
    ],
)
def test_nothing_that_can_be_seen_is_told_as_a_number_that_is_none(answers, learned):
    """Whatever the answers, every sentence and number is whole: no nan, no infinity, no warning."""
    answer = Answer(told(plan(0, 4), answers, learned=learned, examined=None))
    text = str(answer) + str(answer.document())
    assert "nan" not in text.replace("'loss'", "")
    assert "inf " not in text


@pytest.mark.parametrize("settings", [(Setting(),), (Setting(0.1), Setting(0.01))])
def test_a_caveat_about_the_recipe_is_only_said_where_there_was_one(settings):
    answer = Answer(said(plan_of={"settings": settings}))
    assert ("one recipe" in [caveat.kind for caveat in answer.caveats]) == (len(settings) == 1)


# ---------------------------------------------------------------- a study to come


def test_what_a_study_will_take():
    assert words.forecast(Forecast(60, 2, 24.0, 632_617_472, 0)) == (
        "60 networks: about 25 s on 2 free cores, at most 0.6 GB of memory"
    )
    assert words.forecast(Forecast(18, 1, 4.0, 1_234_000_000, 784_000_000, more=True)) == (
        "18 networks at first, and more where these do not settle it: less than 10 s on 1 free core, at most 1.2 GB of memory; "
        "the images lie on disk, 0.8 GB while it runs"
    )


@pytest.mark.parametrize(("seconds", "text"), [
    (0.1, "less than 10 s"), (9.9, "less than 10 s"), (10, "about 10 s"), (88, "about 90 s"), (90, "about 2 min"),
    (100, "about 2 min"), (3600, "about 60 min"), (5400, "about 1.5 h"), (100_000, "about 27.8 h"),
])  # fmt: skip
def test_a_time_that_nobody_knows_exactly(seconds, text):
    assert words.about(seconds) == text
