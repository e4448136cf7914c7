"""Why this answer: the parts add up, and the fewest that decide do decide."""

import numpy as np
import pytest

from tests.neurons import planted
from why128.atlas import why
from why128.layers import BatchNormalization, Dense, Flatten, Input, LayerNormalization, PReLU, Rescaling
from why128.neurons.explaining import explained
from why128.sequential import Sequential

ADDED_UP = 1e-5


def built(*layers):
    model = Sequential([Input((6, 6)), Flatten(), *layers], seed=3)
    model.build()
    return model.network


@pytest.mark.parametrize(
    "layers",
    [(Dense(12, "relu"), Dense(4, "softmax")), (Dense(12, "tanh"), Dense(7, "relu"), Dense(4)), (Dense(4, "softmax"),)],
)
def test_the_parts_add_up_to_the_scores(layers):
    network = built(*layers)
    linear = built(*layers[:-1], Dense(4))
    for image in planted.images(20)[0]:
        found = explained(network, image)
        assert np.abs(found.bias + found.parts.sum(0) - found.scores).max() < ADDED_UP
        assert np.abs(linear.outputs(image[None])[0] - found.scores).max() < ADDED_UP
        assert found.answer == network.outputs(image[None])[0].argmax()
        assert found.runner_up == np.argsort(-found.scores)[1]


def test_the_neurons_that_carry_the_decision_do():
    network = built(Dense(12, "relu"), Dense(4, "softmax"))
    for image in planted.images(30)[0]:
        found = explained(network, image)
        alone = found.bias + found.parts[list(found.carrying)].sum(0)
        assert len(found.carrying) >= 1
        assert alone.argmax() == found.answer
        before = found.bias + found.parts[list(found.carrying[:-1])].sum(0)
        assert len(found.carrying) == 1 or before.argmax() != found.answer


def test_gradient_times_input_is_exact_where_nothing_bends_between():
    network = built(Dense(12, "relu"), Dense(4, "softmax"))
    image = planted.images(3)[0][1]
    found = explained(network, image)
    kernel, _, out, _ = network.weights
    open_ones = found.driven > 0
    gradient = kernel[:, open_ones] @ (out[open_ones, found.answer] - out[open_ones, found.runner_up])
    assert np.allclose(found.pixels.reshape(-1), gradient * image.reshape(-1), atol=1e-4)
    assert (found.fired == np.flatnonzero(open_ones)).all()


def test_what_is_said():
    network = built(Dense(12, "relu"), Dense(4, "softmax"))
    found = explained(network, planted.images(3)[0][1])
    classes = ("a", "b", "c", "d\x1b")
    lines = why.lines(found, classes)
    answer, rival = (classes[k].encode("unicode_escape").decode() for k in (found.answer, found.runner_up))
    assert lines[0].startswith(f"scores: {answer} ")
    assert lines[0].endswith(f"{len(found.fired)} of 12 neurons fired")
    assert lines[1].startswith(f"for {answer} rather than {rival}: neuron ")
    assert lines[2].startswith(f"for {rival} rather than {answer}: ")
    assert lines[3].startswith(f"enough to decide it: {len(found.carrying)} of the neurons ({found.carrying[0]}")
    document = why.document(found, classes)
    assert np.allclose(
        np.sum(document["neurons"], 0) + list(document["class_biases"].values()),
        list(document["class_scores"].values()),
        atol=1e-5,
    )
    assert why.picture(found, np.zeros((6, 6, 1), np.uint8), classes).startswith(b"\x89PNG")


def test_what_is_said_without_hidden_neurons_and_of_a_single_answer():
    image = planted.images(3)[0][1]
    assert why.lines(explained(built(Dense(4, "softmax")), image), "abcd")[0].endswith("; there are no hidden neurons")
    single = explained(built(Dense(5, "relu"), Dense(1, "sigmoid")), image)
    assert why.lines(single, "ab")[0].startswith("score ")
    assert why.picture(single, np.zeros((6, 6, 3), np.float32), "ab").startswith(b"\x89PNG")


STACKS = {
    "two layers": (Dense(9, "tanh"), Dense(7, "relu"), Dense(4, "softmax")),
    "in between": (Rescaling(2.0, 0.5), Dense(9, use_bias=False), BatchNormalization(), PReLU("random_uniform"), Dense(4)),
    "looked at together": (Dense(9, use_bias=False), LayerNormalization(), Dense(8, "glu"), Dense(4, "softmax")),
}  # fmt: skip


@pytest.mark.parametrize("name", STACKS)
def test_the_gradient_is_that_of_finite_differences(name):
    network = built(*STACKS[name])
    scores = built(*STACKS[name][:-1], Dense(4))
    image = planted.images(3)[0][2]
    found = explained(network, image)
    step = np.float32(1e-2)
    each = step * np.eye(36, dtype=np.float32).reshape(36, 6, 6)
    margin = [(scores.outputs(image + sign * each) @ np.eye(4)[[found.answer, found.runner_up]].T) for sign in (1, -1)]
    gradient = ((margin[0] - margin[1]) @ [1, -1]) / (2 * step)
    assert np.allclose(found.pixels.reshape(-1), gradient * image.reshape(-1), atol=2e-3, rtol=0.05)


def test_an_image_that_is_standardised_first_has_no_picture():
    assert explained(built(LayerNormalization(), Dense(4, "softmax")), planted.images(3)[0][1]).pixels is None


def test_a_model_explains_itself():
    model = Sequential([Input((6, 6)), Flatten(), Dense(5, "relu"), Dense(4, "softmax")], seed=0)
    image = planted.images(1)[0][0]
    found = model.explain(image)
    assert found.answer == model.predict(image[None])[0].argmax()
    assert found.pixels.shape == (6, 6, 1)
