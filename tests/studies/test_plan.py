"""The plan: what a person writes, what it means, and every refusal by its text."""

import json

import pytest

from why128.errors import UsageError
from why128.layers import Dense, Flatten, Input, Rescaling
from why128.recipe import Recipe
from why128.studies.plan import Candidate, Plan, candidates, width, widths


def refused(text, hint=None):
    return pytest.raises(UsageError, check=lambda e: (str(e), e.hint) == (text, hint))


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0", ()), ("128", (128,)), (" 4 ", (4,)), ("32x16", (32, 16)), ("32X16x8", (32, 16, 8)), ("007", (7,))],
)
def test_widths(text, meant):
    assert widths(text) == meant


@pytest.mark.parametrize("text", ["four", "", "4.5", "-4", "4x", "x", "4 4", "１２", "1e3", "123456789", "4;8"])
def test_widths_that_are_none(text):
    with refused(
        f"widths: expected whole numbers such as 0,4,16 or 32x16 for two layers, got '{text}'",
        "for example --widths 0,8,32,128",
    ):
        widths(text)


@pytest.mark.parametrize("text", ["0x4", "4x0", "1048577", "4x99999999"])
def test_widths_that_are_too_small_or_too_large(text):
    with refused(
        f"widths: expected 1 to 1,048,576 neurons a layer, got '{text}'",
        "0 alone means softmax regression, without neurons",
    ):
        widths(text)


def test_candidates():
    assert candidates("0, 4,8x2", "swish") == (
        Candidate((), "silu"),
        Candidate((4,), "silu"),
        Candidate((8, 2), "silu"),
    )


@pytest.mark.parametrize("text", ["4,,8", "4,", ","])
def test_candidates_with_a_gap(text):
    with refused(
        "widths: expected whole numbers such as 0,4,16 or 32x16 for two layers, got ''",
        "for example --widths 0,8,32,128",
    ):
        candidates(text)


def test_an_escape_is_shown_escaped():
    with pytest.raises(UsageError, match=r"got '4\\x1b\[31m'$"):
        widths("4\x1b[31m")


def test_what_a_candidate_is_called():
    assert [c.label for c in (Candidate(()), Candidate((128,)), Candidate((32, 16)))] == ["0", "128", "32x16"]
    assert [c.neurons for c in (Candidate(()), Candidate((128,)), Candidate((32, 16)))] == [0, 128, 48]
    assert [width(c) for c in (Candidate(()), Candidate((128,)), Candidate((32, 16)))] == [0, 128, [32, 16]]


def test_a_candidate_s_layers_are_the_textbook_s():
    assert Candidate((128,)).layers((28, 28, 1), 10, rescaling=False) == (
        Input((28, 28)),
        Flatten(),
        Dense(128, "relu"),
        Dense(10, "softmax"),
    )


def test_bytes_are_rescaled_within_and_colours_kept():
    assert Candidate((4, 2), "tanh").layers((8, 9, 3), 5, rescaling=True) == (
        Input((8, 9, 3)),
        Rescaling(1 / 255),
        Flatten(),
        Dense(4, "tanh"),
        Dense(2, "tanh"),
        Dense(5, "softmax"),
    )


def test_the_defaults_are_the_issue_s():
    plan = Plan()
    assert [c.neurons for c in plan.candidates] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert (plan.replicates, plan.tolerance, plan.confidence) == (5, 0.5, 0.95)
    assert (
        plan.recipe.epochs,
        plan.recipe.batch_size,
        type(plan.recipe.optimizer).__name__,
        plan.recipe.optimizer.learning_rate,
    ) == (10, 128, "Adam", 0.001)


def test_candidates_are_ordered_by_neurons_and_each_is_there_once():
    plan = Plan(candidates("128,0,32x16,48,128"))
    assert [c.label for c in plan.candidates] == ["0", "48", "32x16", "128"]


def test_a_plan_as_json():
    document = Plan(candidates("0,4x2", "gelu"), 3, Recipe(epochs=2, seed=7), 1.0, 0.9).document()
    assert json.loads(json.dumps(document)) == {
        "widths": [0, [4, 2]], "activation": "gelu", "replicates": 3, "epochs": 2, "batch_size": 128,
        "optimizer": {"name": "adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "held_out": 0.3, "seed": 7, "tolerance": 1.0, "confidence": 0.9,
    }  # fmt: skip


TOLERANCE_HINT, CONFIDENCE_HINT = "0.5 means half a percentage point of accuracy", "0.95 means 95 %"
PLANS = {
    "none": ({"candidates": ()}, "widths: expected at least one width, got none", "for example --widths 0,8,32,128"),
    "no replicate": ({"replicates": 0}, "replicates: expected a whole number of at least 1, got 0", None),
    "half a replicate": ({"replicates": 1.5}, "replicates: expected a whole number of at least 1, got 1.5", None),
    "too many": ({"replicates": 1001}, "study: at most 64 widths and 1000 replicates, got 11 and 1001", None),
    "too many widths": (
        {"candidates": tuple(Candidate((w,)) for w in range(1, 66))},
        "study: at most 64 widths and 1000 replicates, got 65 and 5",
        None,
    ),
    "tolerance below": ({"tolerance": -0.1}, "tolerance: expected points from 0 to 100, got -0.1", TOLERANCE_HINT),
    "tolerance above": ({"tolerance": 100}, "tolerance: expected points from 0 to 100, got 100", TOLERANCE_HINT),
    "tolerance NaN": ({"tolerance": float("nan")}, "tolerance: expected points from 0 to 100, got nan", TOLERANCE_HINT),
    "tolerance in words": ({"tolerance": "1"}, "tolerance: expected points from 0 to 100, got '1'", TOLERANCE_HINT),
    "confidence in percent": (
        {"confidence": 95},
        "confidence: expected a share from 0.5 to below 1, got 95",
        CONFIDENCE_HINT,
    ),
    "certainty": ({"confidence": 1.0}, "confidence: expected a share from 0.5 to below 1, got 1.0", CONFIDENCE_HINT),
    "less than a coin": (
        {"confidence": 0.49},
        "confidence: expected a share from 0.5 to below 1, got 0.49",
        CONFIDENCE_HINT,
    ),
}


@pytest.mark.parametrize(("arguments", "text", "hint"), PLANS.values(), ids=PLANS)
def test_a_plan_that_cannot_mean_anything(arguments, text, hint):
    with refused(text, hint):
        Plan(**arguments)


@pytest.mark.parametrize(("arguments", "text", "hint"), [
    ({"epochs": 0}, "epochs: expected a whole number of at least 1, got 0", None),
    ({"batch_size": True}, "batch size: expected a whole number of at least 1, got True", None),
    ({"held_out": 1.0}, "held-out share: expected a number between 0 and 1, got 1.0", "for example 0.2"),
    ({"seed": -1}, "seed: expected a whole number of at least 0, got -1", None),
    ({"seed": 1.0}, "seed: expected a whole number of at least 0, got 1.0", None),
])  # fmt: skip
def test_a_recipe_that_cannot_mean_anything(arguments, text, hint):
    with refused(text, hint):
        Recipe(**arguments)
