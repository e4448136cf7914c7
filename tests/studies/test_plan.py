"""The plan: what a person writes, what it means, and every refusal by its text."""

import json

import numpy as np
import pytest

from why128 import losses, optimizers
from why128.data.images import Dataset, Images
from why128.errors import InputRefused, UsageError
from why128.recipe import Recipe
from why128.studies.budget import Budget
from why128.studies.candidate import Candidate, Setting
from why128.studies.plan import Plan, candidates, hidden, shape_ladder, widths


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


def test_the_defaults():
    plan = Plan()
    assert [c.neurons for c in plan.candidates] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert (plan.replicates, plan.tolerance, plan.confidence) == (5, 1.0, 0.95)
    assert (
        plan.recipe.epochs,
        plan.recipe.batch_size,
        type(plan.recipe.optimizer).__name__,
        plan.recipe.optimizer.learning_rate,
    ) == (10, 128, "Adam", 0.001)


def test_a_ladder_of_widths_is_ordered_by_neurons_and_each_is_there_once():
    plan = Plan(candidates("128,0,48,1,128"))
    assert plan.labels == ("0", "1", "48", "128"), "though softmax regression learns more numbers than 1 neuron does"


def test_a_ladder_of_shapes_is_ordered_by_parameters():
    """784 inputs, 10 classes: 48 neurons learn 38,170 numbers, 32x16 learn 25,818, and 8x512 learn 16,018."""
    assert Plan(candidates("48,0,32x16,8x512,64")).labels == ("0", "8x512", "32x16", "48", "64")


def test_equally_large_candidates_are_ordered_by_depth_then_name_then_setting():
    """With 1 input and 1 class, 3 neurons and 2x1 learn 10 and 9 numbers; 4 and 2x2 learn 13 both."""
    activations = [Candidate((4,), name) for name in ("tanh", "gelu")]
    rates = [Candidate((4,), "tanh", learning_rate=rate) for rate in (0.1, 0.01)]
    plan = Plan((Candidate((2, 2)), *activations, *rates, Candidate((4,))), inputs=1, classes=1)
    assert plan.labels == ("4 gelu", "4 relu", "4 tanh", "4 tanh 0.01", "4 tanh 0.1", "2x2 relu")


def test_the_order_depends_on_the_plan_alone():
    several = candidates("0,4,8x4,16", "tanh") + candidates("4,16")
    assert Plan(several).candidates == Plan(several[::-1]).candidates


def test_what_a_replicate_trains():
    settings = (Setting(0.1), Setting(0.2), Setting(0.3))
    plan = Plan(candidates("4,0"), settings=settings)
    assert [(c.label, s.learning_rate) for c, s in plan.entries] == [
        ("0", 0.1), ("0", 0.2), ("0", 0.3), ("4", 0.1), ("4", 0.2), ("4", 0.3),
    ]  # fmt: skip
    assert plan.tuning == 0.15
    assert Plan().tuning == Plan(settings=settings[:1]).tuning == 0.0


# ---------------------------------------------------------------- the plan for its data


def dataset(side=28, classes=10):
    labels = np.arange(2 * classes, dtype=np.int32) % classes
    pixels = np.zeros((2 * classes, side, side, 1), np.uint8)
    return Dataset("pets", tuple("abcdefghij"[:classes]), Images(pixels, labels), None, "0-255", (), ())


def test_on_its_data_a_plan_is_ordered_by_their_parameters():
    """9 inputs, 4 classes: 64 neurons learn 900 numbers, 8x512 learn 6,740."""
    plan = Plan(candidates("8x512,64"))
    assert plan.labels == ("8x512", "64")
    here = plan.on(dataset(3, 4))
    assert here.labels == ("64", "8x512")
    assert (here.inputs, here.classes) == (9, 4)
    assert here.on(dataset(3, 4)) == here
    assert Plan().on(dataset()) == Plan()


@pytest.mark.parametrize(("budget", "rung"), [
    (Budget(bytes=64_000), 20),  # 795 · 20 + 10 = 15,910 numbers, 63,640 bytes; 21 neurons would take 66,820
    (Budget(bytes=63_640), 20),
    (Budget(bytes=63_639), 19),
    (Budget(neurons=100), 100),
    (Budget(neurons=100, bytes=64_000), 20),
    (Budget(neurons=3, bytes=64_000), 3),
])  # fmt: skip
def test_the_widest_rung_within_a_budget_is_added(budget, rung):
    plan = Plan(budget=budget).on(dataset())
    assert {c.neurons for c in plan.candidates} == {*(c.neurons for c in Plan().candidates), rung}
    within = [c for c in plan.candidates if budget.holds(c.neurons, c.parameters(784, 10))]
    assert max(c.neurons for c in within) == rung
    assert not budget.holds(rung + 1, Candidate((rung + 1,)).parameters(784, 10)), "one more would be beyond"
    assert plan.on(dataset()) == plan


def test_every_activation_gets_its_own_widest_rung():
    """glu halves its neurons, and needs an even number of them: 785 · 24 + 13 · 10 = 18,970 numbers; 15,992 are 20."""
    plan = Plan(candidates("0,4,64") + candidates("4,64", "glu"), budget=Budget(bytes=64_000)).on(dataset())
    assert plan.labels == ("0", "4 glu", "4 relu", "20 glu", "20 relu", "64 glu", "64 relu")


@pytest.mark.parametrize("budget", [Budget(), Budget(latency=0.001), Budget(neurons=512), Budget(bytes=10**9)])
def test_no_rung_is_added_where_no_size_is_limited_or_the_whole_ladder_is_within(budget):
    assert Plan(budget=budget).on(dataset()).candidates == Plan().candidates


def test_no_rung_is_added_to_a_ladder_of_shapes():
    ladder = candidates("8x4,64x32")
    assert Plan(ladder, budget=Budget(bytes=64_000)).on(dataset()).candidates == ladder


def test_a_budget_that_nothing_is_within():
    with refused(
        "budget: no candidate is within it; the smallest has 4 neurons and takes 12,760 bytes for these images",
        "raise --max-neurons or --max-bytes, or shrink the images with --size",
    ):
        Plan(candidates("4,8"), budget=Budget(bytes=3000)).on(dataset())


# ---------------------------------------------------------------- the plan as JSON


def test_a_plan_as_json():
    document = Plan(candidates("0,4x2", "gelu"), 3, Recipe(epochs=2, seed=7), 1.0, 0.9).document()
    plain = {"dropout": 0.0, "weight_decay": None, "learning_rate": None}
    assert json.loads(json.dumps(document)) == {
        "widths": [0, [4, 2]], "activation": "gelu",
        "candidates": [{"width": 0, "activation": "relu", **plain}, {"width": [4, 2], "activation": "gelu", **plain}],
        "settings": [{"learning_rate": None, "dropout": None, "weight_decay": None}],
        "replicates": 3, "epochs": 2, "batch_size": 128,
        "optimizer": {"name": "adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "loss": {"name": "sparse_categorical_crossentropy", "from_logits": False},
        "held_out": 0.3, "resample": False, "seed": 7, "precision": "float32", "tolerance": 1.0, "confidence": 0.9,
        "budget": {"neurons": None, "bytes": None, "latency": None}, "inputs": 784, "outputs": 10,
    }  # fmt: skip


def cube(x):
    return x**3


FULL = Plan(
    (Candidate((4,), cube), Candidate((16, 8), "tanh", 0.2, 0.01, 0.1), Candidate((), learning_rate=0.5)),
    7,
    Recipe(
        3, 64, optimizers.SGD(0.1, 0.9, True), losses.SparseCategoricalCrossentropy(True), 0.25, 11, "mixed_bfloat16"
    ),
    1.5,
    0.9,
    (Setting(), Setting(0.1, 0.2, 0.3)),
    True,
    Budget(100, 64_000, 0.001),
    64,
    3,
)
ROUND = {
    "the default": Plan(),
    "everything": FULL,
    **{name: Plan(recipe=Recipe(optimizer=kind())) for name, kind in optimizers.NAMED.items()},
}


@pytest.mark.parametrize("name", ROUND)
def test_a_plan_comes_back_from_its_json(name):
    plan = ROUND[name]
    assert Plan.of(json.loads(json.dumps(plan.document())), own=[cube, "relu"]) == plan


def test_a_function_of_one_s_own_must_be_given_again():
    with pytest.raises(InputRefused) as found:
        Plan.of(FULL.document())
    assert str(found.value) == "plan: the activation 'cube (own)' is a function of one's own, which no file can hold"
    assert found.value.hint == "give the function itself: Plan.of(document, own=[function])"


def test_a_function_of_one_s_own_is_not_taken_for_keras_s_of_the_same_name():
    def relu(x):
        return x

    document = Plan((Candidate((4,), relu),)).document()
    assert document["candidates"][0]["activation"] == "relu (own)"
    with pytest.raises(InputRefused, match=r"^plan: the activation 'relu \(own\)' is a function"):
        Plan.of(document, own=["relu"])
    assert Plan.of(document, own=[relu]).candidates[0].activation is relu


@pytest.mark.parametrize(("change", "fault"), [
    ({"epochs": None}, "epochs: expected a whole number of at least 1, got None"),
    ({"candidates": 5}, "'int' object is not iterable"),
    ({"candidates": [{"width": 4}]}, "'activation'"),
    ({"settings": [{"rate": 1}]}, "Setting.__init__() got an unexpected keyword argument 'rate'"),
    ({"optimizer": {"name": "adamm"}}, "'adamm'"),
    ({"optimizer": "adam"}, "dictionary update sequence element #0 has length 1; 2 is required"),
    ({"tolerance": -1}, "tolerance: expected points from 0 to 100, got -1"),
])  # fmt: skip
def test_a_damaged_plan_is_refused(change, fault):
    with pytest.raises(InputRefused) as found:
        Plan.of(Plan().document() | change)
    due = f"plan: expected what Plan.document() gives, got something else or a damaged one ({fault})"
    assert (str(found.value), found.value.hint) == (due, "give the folder of a study as it was written")


# ---------------------------------------------------------------- shapes


def test_a_ladder_of_a_shape():
    assert [c.label for c in shape_ladder(hidden("128,64"))] == ["0", "16x8", "32x16", "64x32", "128x64", "256x128"]
    assert [c.label for c in shape_ladder(hidden("4,2"))] == ["0", "1x1", "2x1", "4x2", "8x4"]


# ---------------------------------------------------------------- what no plan can be


def named_alike():
    return (lambda x: x), (lambda x: 2 * x)


MOST = "study: at most 256 networks (candidates × settings) and 1000 replicates, got"
TOLERANCE_HINT, CONFIDENCE_HINT = "0.5 means half a percentage point of accuracy", "0.95 means 95 %"
PLANS = {
    "none": ({"candidates": ()}, "widths: expected at least one width, got none", "for example --widths 0,8,32,128"),
    "no replicate": ({"replicates": 0}, "replicates: expected a whole number of at least 1, got 0", None),
    "half a replicate": ({"replicates": 1.5}, "replicates: expected a whole number of at least 1, got 1.5", None),
    "too many": ({"replicates": 1001}, f"{MOST} 11 × 1 and 1001", None),
    "too many widths": ({"candidates": tuple(Candidate((w,)) for w in range(1, 258))}, f"{MOST} 257 × 1 and 5", None),
    "too many settings": (
        {"settings": tuple(Setting(0.01 * rate) for rate in range(1, 25))},
        f"{MOST} 11 × 24 and 5",
        None,
    ),
    "no setting": ({"settings": ()}, "settings: expected at least one, and each once", "for example (Setting(),)"),
    "a setting twice": (
        {"settings": (Setting(), Setting())},
        "settings: expected at least one, and each once",
        "for example (Setting(),)",
    ),
    "two functions of one name": (
        {"candidates": tuple(Candidate((4,), function) for function in named_alike())},
        "study: two candidates would be called '4 <lambda>', because two activations have one name",
        "give each function a name of its own with def",
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
    ({"precision": "half"}, "precision: expected one of float32, mixed_bfloat16, got 'half'", None),
    ({"held_out": 1.0}, "held-out share: expected a number between 0 and 1, got 1.0", "for example 0.2"),
    ({"seed": -1}, "seed: expected a whole number of at least 0, got -1", None),
    ({"seed": 1.0}, "seed: expected a whole number of at least 0, got 1.0", None),
])  # fmt: skip
def test_a_recipe_that_cannot_mean_anything(arguments, text, hint):
    with refused(text, hint):
        Recipe(**arguments)
