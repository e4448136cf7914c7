"""Every sentence about a study, a training and a judgement, by its text."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from why128.data import Dataset, Images
from why128.report import words
from why128.report.answer import Answer
from why128.single import Judged
from why128.studies.plan import Candidate, Plan, candidates
from why128.studies.statistics import Interval
from why128.studies.study import Study
from why128.studies.verdict import Verdict

ACCURACIES = (
    Interval(0.70, 0.68, 0.72),
    Interval(0.849, 0.83, 0.86),
    Interval(0.853, 0.84, 0.87),
    Interval(0.851, 0.84, 0.87),
)
VERDICT = Verdict(
    enough=1,
    low=1,
    high=1,
    best=2,
    settled=True,
    shares=(0.0, 0.97, 1.0, 0.99),
    accuracies=ACCURACIES,
    learned=tuple(Interval(a.mean + 0.01, 0, 1) for a in ACCURACIES),
)
PLAN = Plan(candidates("0,1,32,128"), tolerance=0.5)
PIXELS = np.zeros((4, 8, 8, 1), np.uint8)
DATA = Dataset("pets", ("a", "b"), Images(PIXELS, np.array([0, 1, 0, 1], np.int32)), None, "0-255", (), ())


def fake(plan=PLAN, **changes):
    """A study that says this; what is not said is unremarkable: no caveat belongs to it."""
    verdict = {key: changes.pop(key) for key in tuple(changes) if hasattr(VERDICT, key)}
    base = Study(
        plan=plan, data=DATA, verdict=replace(VERDICT, **verdict), network=None, replicate=0, test=Interval(0.85, 0.834, 0.865), test_given=True,
        seconds=(0.1, 0.2, 0.3, 1.25), parameters=(130, 67, 2114, 8450), losses=(0.9, 0.5, 0.4, 0.4), judged_by=2000, tested_on=2000, folder="s",
    )  # fmt: skip
    return replace(base, **changes)


# ---------------------------------------------------------------- the verdict


def test_one_neuron_is_enough():
    assert words.sentence(fake()) == (
        "1 neuron is enough: 84.9 % of unseen images answered rightly, not worse than the best (32 neurons, 85.3 %) "
        "by more than 0.5 points, at 95 % confidence; no other width is in question."
    )


def test_several_neurons_are_enough_and_nothing_is_better():
    assert words.sentence(fake(enough=2, low=1, high=3)) == (
        "32 neurons are enough: 85.3 % of unseen images answered rightly, and nothing tried does better by more than 0.5 points, "
        "at 95 % confidence; the answer lies between 1 and 128 neurons."
    )


def test_no_neurons_are_needed():
    assert words.sentence(fake(enough=0, low=0, high=1)) == (
        "No hidden neurons are needed: 70.0 % of unseen images answered rightly, not worse than the best (32 neurons, 85.3 %) "
        "by more than 0.5 points, at 95 % confidence; the answer lies between 0 and 1 neuron."
    )


def test_two_hidden_layers():
    plan = Plan(candidates("0,4,16x16,64x64"), tolerance=2, confidence=0.9)
    assert words.sentence(fake(plan, enough=2, low=2, high=3)) == (
        "16x16 neurons are enough: 85.3 % of unseen images answered rightly, and nothing tried does better by more than 2 points, "
        "at 90 % confidence; the answer lies between 16x16 and 64x64 neurons."
    )


def test_a_verdict_that_is_not_settled_says_so():
    assert words.sentence(fake(settled=False, enough=2, low=0, high=3)) == (
        "Not settled: 32 neurons did best (85.3 % of unseen images answered rightly), but at 95 % confidence no width of this ladder "
        "can be told to be within 0.5 points of the best; the answer lies between 0 and 128 neurons."
    )


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (Candidate(()), "no hidden neurons"),
        (Candidate((1,)), "1 neuron"),
        (Candidate((1024,)), "1,024 neurons"),
        (Candidate((2, 1)), "2x1 neurons"),
    ],
)
def test_how_a_candidate_is_said(candidate, said):
    assert words.neurons(candidate) == said


@pytest.mark.parametrize(
    ("confidence", "said"), [(0.95, "95 %"), (0.995, "99.5 %"), (0.9, "90 %"), (2 / 3, "66.6667 %")]
)
def test_how_a_confidence_is_said(confidence, said):
    assert words.level(confidence) == said


@pytest.mark.parametrize(("share", "said"), [(0.8512, "85.1 %"), (1, "100.0 %"), (0, "0.0 %"), (0.99951, "100.0 %")])
def test_how_a_share_is_said(share, said):
    assert words.percent(share) == said


def test_how_limits_are_said():
    assert words.limits(Interval(0.85, 0.834, 0.865)) == "85.0 % (83.4 to 86.5 %)"
    assert words.compact(Interval(0.85, 0.834, 0.865)) == "85.0 % (83.4–86.5)"


def test_what_the_data_are_called():
    assert words.subject(DATA) == "pets: 4 images, 2 classes"
    assert words.subject(replace(DATA, name="a\x1b[31m")).startswith(r"a\x1b[31m: ")


# ---------------------------------------------------------------- the test images


def test_test_images_that_came_with_the_data():
    assert (
        words.tested(fake())
        == "On 2,000 test images, looked at once, this network answers 85.0 % (83.4 to 86.5 %) rightly."
    )


def test_test_images_that_were_set_aside():
    assert (
        words.tested(fake(test_given=False))
        == "On 2,000 images set aside before training, looked at once, this network answers 85.0 % (83.4 to 86.5 %) rightly."
    )


def test_no_test_images():
    assert words.tested(fake(test=None)) is None


# ---------------------------------------------------------------- caveats

WIDEST = "The widest network tried (128 neurons) is among the best: wider ones were not tried and may do better."
CAVEATS = {
    "the widest is best": ({"best": 3}, [WIDEST]),
    "the widest is enough": ({"best": 3, "enough": 3, "low": 3, "high": 3}, [WIDEST]),
    "several cannot be told apart": (
        {"low": 0, "high": 2},
        ["Widths 0 to 32 cannot be told apart with certainty: more replicates or more images would narrow this."],
    ),
    "few images": ({"judged_by": 299}, ["Only 299 validation images: each one is 0.33 points."]),
    "very few images": (
        {"judged_by": 20},
        [
            "Only 20 validation images: each one is 5 points, more than the tolerance of 0.5; a tolerance of 5 or more can be answered sooner."
        ],
    ),
    "no test images": (
        {"test": None},
        [
            "No test images: the classes are too small to set some aside, so the accuracy is that of images which helped to choose."
        ],
    ),
    "one diverged": (
        {"losses": (0.1, float("nan"), 0.1, 0.1)},
        ["Some networks diverged: a smaller learning rate may help."],
    ),
    "one diverged to infinity": (
        {"losses": (0.1, float("inf"), 0.1, 0.1)},
        ["Some networks diverged: a smaller learning rate may help."],
    ),
}


def test_a_study_without_a_fault_has_no_caveat():
    assert words.caveats(fake()) == []
    assert words.caveats(fake(judged_by=300)) == []


@pytest.mark.parametrize(("changes", "said"), CAVEATS.values(), ids=CAVEATS)
def test_every_caveat(changes, said):
    assert words.caveats(fake(**changes)) == said


@pytest.mark.parametrize(("replicates", "said"), [
    (1, ["1 replicate: luck of initialisation and data order is not measured; 5 or more are better."]),
    (4, ["4 replicates: luck of initialisation and data order is measured badly; 5 or more are better."]),
    (5, []),
])  # fmt: skip
def test_few_replicates(replicates, said):
    assert words.caveats(fake(replace(PLAN, replicates=replicates))) == said


def test_one_width_alone():
    plan = Plan(candidates("4"))
    alone = fake(plan, enough=0, low=0, high=0, best=0, accuracies=ACCURACIES[:1])
    assert words.caveats(alone) == ["Only one width was tried: there is nothing to compare it with."]


def test_the_most_important_caveat_comes_first():
    said = words.caveats(
        fake(replace(PLAN, replicates=1), best=3, low=0, high=3, judged_by=20, test=None, losses=(float("nan"),) * 4)
    )
    assert [text.split()[0] for text in said] == ["The", "Widths", "1", "Only", "No", "Some"]


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
    said = words.trained(SimpleNamespace(epochs=EPOCHS[:1], test=None, test_given=False))
    assert said.startswith("After 1 epoch: 70.0 % of the images learned from, 60.0 % of validation images")
    assert said.endswith(".")


def test_a_training_without_test_images_is_said_in_a_whole_sentence():
    assert words.trained(SimpleNamespace(epochs=EPOCHS[:1], test=None, test_given=False)).endswith("answered rightly.")


def test_what_a_judgement_found():
    judged = Judged(Interval(0.85, 0.834, 0.865), 0.43219, 2000, "test", {})
    assert words.judged(judged) == "85.0 % (83.4 to 86.5 %) of 2,000 test images answered rightly; loss 0.4322."
    assert (
        words.judged(replace(judged, part="all", images=12))
        == "85.0 % (83.4 to 86.5 %) of 12 images answered rightly; loss 0.4322."
    )


# ---------------------------------------------------------------- the table


def test_the_table_s_rows():
    rows = Answer(fake(low=1, high=2)).rows()
    assert [row.neurons for row in rows] == ["0", "1", "32", "128"]
    assert [row.mark for row in rows] == ["", "enough", "best", ""]
    row = rows[2]
    assert (row.parameters, row.training, row.validation, row.gap, row.seconds) == (
        "2,114",
        "86.3 %",
        "85.3 % (84.0–87.0)",
        "+1.0",
        "0.30",
    )


@pytest.mark.parametrize(("changes", "marks"), [
    ({"enough": 2, "low": 0, "high": 3}, ["", "possible", "enough", "possible"]),
    ({"enough": 2, "low": 0, "high": 3, "settled": False}, ["", "possible", "best", "possible"]),
    ({"enough": 2, "low": 0, "high": 3, "shares": (0.06, 0.05, 1.0, 0.2)}, ["possible", "", "enough", "possible"]),
        ({"enough": 0, "low": 0, "high": 1}, ["enough", "possible", "best", ""]),
])  # fmt: skip
def test_what_a_row_is_marked_as(changes, marks):
    assert [row.mark for row in Answer(fake(**changes)).rows()] == marks


def test_an_answer_prints_its_table_and_ends_with_the_verdict():
    study = fake(low=1, high=2)
    lines = str(Answer(study)).splitlines()
    assert lines[0].split() == ["neurons", "parameters", "training", "validation", "gap", "s/network"]
    assert len({line.index("%") for line in lines[1:5]}) == 1, "columns stand under each other"
    assert lines[-2:] == [words.tested(study), words.sentence(study)]
    assert words.caveats(study)[0] in lines


def test_an_answer_says_its_numbers():
    answer = Answer(fake(low=1, high=2))
    assert (answer.enough, answer.interval, answer.sentence, answer.caveats) == (
        1,
        (1, 32),
        words.sentence(answer.study),
        words.caveats(answer.study),
    )
