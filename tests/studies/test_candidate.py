"""Candidates: what they are, what they are called among others, what they learn, and every refusal by its text."""

import pytest

from tests.studies.test_plan import refused
from why128.ladder import Ladder
from why128.layers import Dense, Dropout, Flatten, Input, Rescaling
from why128.network import due_shapes
from why128.studies.candidate import Candidate, Setting, labels, width


def test_what_a_candidate_is_called():
    assert [c.label for c in (Candidate(()), Candidate((128,)), Candidate((32, 16)))] == ["0", "128", "32x16"]
    assert [c.neurons for c in (Candidate(()), Candidate((128,)), Candidate((32, 16)))] == [0, 128, 48]
    assert [width(c) for c in (Candidate(()), Candidate((128,)), Candidate((32, 16)))] == [0, 128, [32, 16]]


def test_one_candidate_has_one_spelling():
    assert Candidate([4], "swish") == Candidate((4,), "silu")
    assert Candidate((), "tanh", 0.5) == Candidate(()), "without neurons there is nothing to activate or to drop"
    assert len({Candidate((4,)), Candidate((4,), "relu"), Candidate((4,), "tanh")}) == 2


PLAIN = [Candidate(()), Candidate((128,)), Candidate((128, 64))]
NAMES = {
    "widths": (PLAIN, ("0", "128", "128x64")),
    "all alike": ([Candidate((4,), "tanh", 0.2, 0.1, 0.01), Candidate((8,), "tanh", 0.2, 0.1, 0.01)], ("4", "8")),
    "activations": (
        [Candidate(()), Candidate((128,)), Candidate((128,), "tanh")],
        ("0", "128 relu", "128 tanh"),
    ),
    "rates": ([Candidate((128,)), Candidate((128,), learning_rate=0.01)], ("128", "128 0.01")),
    "both": (
        [Candidate((128,), "tanh", learning_rate=0.01), Candidate((128,), "relu", learning_rate=0.1)],
        ("128 tanh 0.01", "128 relu 0.1"),
    ),
    "dropout": ([Candidate(()), Candidate((4,)), Candidate((4,), dropout=0.2)], ("0", "4", "4 dropout 0.2")),
    "decay": (
        [Candidate((), weight_decay=0.0), Candidate((), weight_decay=1e-4), Candidate((4,))],
        ("0 decay 0", "0 decay 0.0001", "4"),
    ),
    "a baseline beside one dropout": ([Candidate(()), Candidate((4,), dropout=0.2)], ("0", "4")),
}


@pytest.mark.parametrize(("candidates", "due"), NAMES.values(), ids=NAMES)
def test_only_what_differs_is_in_a_name(candidates, due):
    assert labels(candidates) == due


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


def test_dropout_stands_behind_every_hidden_layer():
    layers = Candidate((4, 2), dropout=0.3).layers((8, 8, 1), 5, rescaling=False)
    assert layers[2:] == (Dense(4, "relu"), Dropout(0.3), Dense(2, "relu"), Dropout(0.3), Dense(5, "softmax"))


@pytest.mark.parametrize("candidate", [
    Candidate(()), Candidate((128,)), Candidate((32, 16, 8)), Candidate((16,), "glu"), Candidate((8, 4), "glu"),
    Candidate((4,), dropout=0.5),
])  # fmt: skip
def test_its_parameters_are_those_of_its_layers(candidate):
    shapes = due_shapes(candidate.layers((28, 28, 1), 10, rescaling=True))
    assert candidate.parameters(784, 10) == sum(int(shape[0]) * (shape[1] if len(shape) > 1 else 1) for shape in shapes)


def test_the_textbook_s_parameters():
    assert Candidate((128,)).parameters(784, 10) == 101_770


def test_a_setting_replaces_what_it_names():
    candidate = Candidate((4,), "tanh", 0.5, 0.1, 0.01)
    assert candidate.under(Setting()) == candidate
    assert candidate.under(Setting(0.2)) == Candidate((4,), "tanh", 0.5, 0.1, 0.2)
    assert candidate.under(Setting(dropout=0.0, weight_decay=0.0)) == Candidate((4,), "tanh", 0.0, 0.0, 0.01)


def test_settings_are_compared_from_equal_starts():
    settings = (Setting(), Setting(0.1), Setting(0.1, 0.5), Setting(0.1, 0.5, 0.1))
    networks = [Candidate((6, 4)).under(s).layers((8, 8, 1), 4, rescaling=False) for s in settings]
    ladder = Ladder.of(networks)
    first, *others = ladder.unpack(ladder.initial(3, 1))
    assert all((a == b).all() for other in others for a, b in zip(first, other, strict=True))


RATE, DROP, DECAY = "for example 0.001", "0.2 drops a fifth of the neurons at each step", "for example 0.0001"


@pytest.mark.parametrize("kind", [Setting, lambda **given: Candidate((4,), **given)], ids=["setting", "candidate"])
@pytest.mark.parametrize(("given", "text", "hint"), [
    ({"learning_rate": 0.0}, "learning rate: expected a number above 0, got 0.0", RATE),
    ({"learning_rate": -0.1}, "learning rate: expected a number above 0, got -0.1", RATE),
    ({"learning_rate": float("nan")}, "learning rate: expected a number above 0, got nan", RATE),
    ({"learning_rate": "0.1"}, "learning rate: expected a number above 0, got '0.1'", RATE),
    ({"dropout": 1.0}, "dropout: expected a share of at least 0 and below 1, got 1.0", DROP),
    ({"dropout": -0.1}, "dropout: expected a share of at least 0 and below 1, got -0.1", DROP),
    ({"dropout": True}, "dropout: expected a share of at least 0 and below 1, got True", DROP),
    ({"weight_decay": -1e-4}, "weight decay: expected a number of at least 0, got -0.0001", DECAY),
    ({"weight_decay": float("inf")}, "weight decay: expected a number of at least 0, got inf", DECAY),
])  # fmt: skip
def test_what_no_training_can_use(kind, given, text, hint):
    with refused(text, hint):
        kind(**given)
