"""Beside real Keras, from the same weights, on the same batches: every optimiser, schedule, loss, layer, regulariser and constraint.

Two hundred steps are taken by both, and every weight is compared.
"""

import keras
import numpy as np
import pytest

from tests import networks
from why128 import constraints, layers, losses, metrics, optimizers, regularizers, schedules
from why128.sequential import Sequential

AS_KERAS = 1e-4  # a weight, after 200 steps in float32, each adding in another order
OUTPUTS = 1e-6  # an answer, from the same weights
COUNT, EPOCHS = 256, 25
IMAGES, LABELS = networks.pictures(COUNT)
X = (IMAGES / np.float32(255)).reshape(COUNT, -1)
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]
SOFT = 0.9 * ONE_HOT + 0.025
K, KL = keras.regularizers, keras.layers


def plain(module, width=12, **dense):
    return [module.Dense(width, "relu", **dense), module.Dense(4, "softmax")]


def both(mine, its, optimizer, loss, y=LABELS, **asked):
    """Our model and Keras's, after the same lessons; and what both told."""
    model = Sequential([layers.Input((64,)), *mine], seed=3)
    model.build()
    with networks.keras_ways():
        real = keras.Sequential([KL.Input((64,)), *its])
        real.set_weights(model.get_weights())
        real.compile(optimizer[1], loss[1], **asked.get("theirs", {}))
        told = real.fit(X, y, batch_size=32, epochs=EPOCHS, shuffle=False, verbose=0).history
        answers = np.asarray(real(X, training=False))
    model.compile(optimizer[0], loss[0], **asked.get("ours", {}))
    found = model.fit(X, y, batch_size=32, epochs=EPOCHS, shuffle=False, verbose=0).history
    assert furthest(model.get_weights(), real.get_weights()) < AS_KERAS
    assert found["loss"] == pytest.approx(told["loss"], abs=1e-4)
    assert np.abs(model.predict(X) - answers).max() < 10 * AS_KERAS
    return found, told


def furthest(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


SPARSE = "sparse_categorical_crossentropy", "sparse_categorical_crossentropy"
ADAM = optimizers.Adam(0.003), lambda: keras.optimizers.Adam(0.003)

OPTIMIZERS = {
    "sgd with decay": ("SGD", {"learning_rate": 0.05, "weight_decay": 0.1}),
    "sgd, clipped numbers": ("SGD", {"learning_rate": 0.05, "clipvalue": 0.01}),
    "sgd, clipped weights": ("SGD", {"learning_rate": 0.05, "clipnorm": 0.1}),
    "sgd, clipped together": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "global_clipnorm": 0.1}),
    "rmsprop, centered": ("RMSprop", {"centered": True}),
    "rmsprop, centered, momentum": ("RMSprop", {"centered": True, "momentum": 0.5}),
    "adam, amsgrad": ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    "adamw, amsgrad": ("AdamW", {"learning_rate": 0.01, "amsgrad": True}),
    "adam with decay": ("Adam", {"weight_decay": 0.1}),
    "nadam": ("Nadam", {}),
    "nadam with decay": ("Nadam", {"learning_rate": 0.003, "weight_decay": 0.1}),
    "adamax": ("Adamax", {}),
    "adagrad": ("Adagrad", {"learning_rate": 0.01}),
    "adagrad, initial": ("Adagrad", {"learning_rate": 0.01, "initial_accumulator_value": 0.5}),
    "lion": ("Lion", {"learning_rate": 1e-4}),
    "lion with decay": ("Lion", {"learning_rate": 3e-5, "weight_decay": 5.0}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    kind, arguments = OPTIMIZERS[name]
    both(
        plain(layers),
        plain(KL),
        (getattr(optimizers, kind)(**arguments), getattr(keras.optimizers, kind)(**arguments)),
        SPARSE,
    )


SCHEDULES = {
    "exponential": ("ExponentialDecay", (0.05, 50, 0.8)),
    "staircase": ("ExponentialDecay", (0.05, 50, 0.8, True)),
    "inverse": ("InverseTimeDecay", (0.05, 50, 0.8)),
    "piecewise": ("PiecewiseConstantDecay", ([40, 90], [0.05, 0.02, 0.01])),
    "polynomial": ("PolynomialDecay", (0.05, 120, 0.001, 2.0)),
    "polynomial again": ("PolynomialDecay", (0.05, 60, 0.001, 1.0, True)),
    "cosine": ("CosineDecay", (0.05, 150, 0.1)),
    "cosine, warm": ("CosineDecay", (0.001, 100, 0.0, "CosineDecay", 0.05, 30)),
    "restarts": ("CosineDecayRestarts", (0.05, 40)),
    "restarts of one length": ("CosineDecayRestarts", (0.05, 40, 1.0, 0.8, 0.1)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    kind, arguments = SCHEDULES[name]
    theirs = getattr(keras.optimizers.schedules, kind)(*arguments)
    ours = getattr(schedules, kind)(*(a for a in arguments if not isinstance(a, str)))
    with networks.keras_ways():
        due = [float(theirs(step)) for step in range(250)]
    assert schedules.rates(ours, np.arange(250)) == pytest.approx(due, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("kind", ["SGD", "RMSprop"])
def test_a_schedule_and_momentum(kind):
    ours = getattr(optimizers, kind)(schedules.ExponentialDecay(0.005, 50, 0.5), momentum=0.9)
    theirs = getattr(keras.optimizers, kind)(keras.optimizers.schedules.ExponentialDecay(0.005, 50, 0.5), momentum=0.9)
    both(plain(layers), plain(KL), (ours, theirs), SPARSE)


def ending(module, units, activation):
    return [module.Dense(12, "tanh"), module.Dense(units, activation)]


LOSSES = {
    "soft targets": ("CategoricalCrossentropy", {}, 4, "softmax", SOFT),
    "smoothed": ("CategoricalCrossentropy", {"label_smoothing": 0.2}, 4, "softmax", ONE_HOT),
    "of sums": ("CategoricalCrossentropy", {"from_logits": True}, 4, None, ONE_HOT),
    "sparse of sums": ("SparseCategoricalCrossentropy", {"from_logits": True}, 4, None, LABELS),
    "binary": ("BinaryCrossentropy", {}, 1, "sigmoid", (LABELS > 1).astype(np.float32)),
    "binary of sums": ("BinaryCrossentropy", {"from_logits": True}, 1, None, (LABELS > 1)[:, None].astype(np.float32)),
    "binary, smoothed": ("BinaryCrossentropy", {"label_smoothing": 0.1}, 1, "sigmoid", (LABELS > 1).astype(np.int32)),
    "binary of several": ("BinaryCrossentropy", {}, 4, "sigmoid", ONE_HOT),
    "binary of shares": ("BinaryCrossentropy", {}, 4, "softmax", SOFT),
    "squares": ("MeanSquaredError", {}, 4, "softmax", ONE_HOT),
    "sizes": ("MeanAbsoluteError", {}, 4, "sigmoid", ONE_HOT),
    "huber": ("Huber", {"delta": 0.3}, 4, None, ONE_HOT),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    kind, arguments, units, activation, y = LOSSES[name]
    loss = getattr(losses, kind)(**arguments), getattr(keras.losses, kind)(**arguments)
    both(
        ending(layers, units, activation), ending(KL, units, activation),
        (optimizers.Adam(0.003), keras.optimizers.Adam(0.003)), loss, y,
        ours={"metrics": ["accuracy"]}, theirs={"metrics": ["accuracy"]},
    )  # fmt: skip


# A bias that is normalised away has a gradient of rounding errors, which Adam makes as large as any: so none is asked for.
LAYERS = {
    "batch normalization": lambda m: [m.Dense(12, use_bias=False), m.BatchNormalization(momentum=0.9), m.Activation("relu"), m.Dense(4, "softmax")],
    "batch normalization, plain": lambda m: [
        m.Dense(12, "tanh"), m.BatchNormalization(center=False, scale=False, momentum=0.9), m.Dense(4, "softmax")],
    "batch normalization first": lambda m: [m.BatchNormalization(momentum=0.8), m.Dense(12, "relu"), m.Dense(4, "softmax")],
    "layer normalization": lambda m: [m.Dense(12, use_bias=False), m.LayerNormalization(), m.ReLU(), m.Dense(4, "softmax")],
    "layer normalization first": lambda m: [m.LayerNormalization(center=False), m.Dense(12, "relu"), m.Dense(4, "softmax")],
    "prelu": lambda m: [m.Dense(12), m.PReLU(alpha_initializer="random_uniform"), m.Dense(4), m.Softmax()],
    "leaky relu": lambda m: [m.Dense(12), m.LeakyReLU(0.1), m.Dense(4, activation="softmax")],
    "leaky relu inside": lambda m: [m.Dense(12, activation=m.LeakyReLU(0.1)), m.Dense(4), m.Activation("softmax")],
    "elu": lambda m: [m.Dense(12), m.ELU(0.5), m.Dense(4, "softmax")],
    "bounded relu": lambda m: [m.Dense(12), m.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.05), m.Dense(4, "softmax")],
    "relu twice": lambda m: [m.Dense(12, "tanh"), m.ReLU(), m.Dense(4, "softmax")],
    "normalization": lambda m: [m.Normalization(mean=0.4, variance=0.09), m.Dense(12, "relu"), m.Dense(4, "softmax")],
    "normalization of each": lambda m: [
        m.Normalization(mean=X.mean(0), variance=X.var(0) + 0.1), m.Dense(12, "relu"), m.Dense(4, "softmax")],
    "normalization inside": lambda m: [m.Dense(12, "relu"), m.Normalization(mean=0.2, variance=4.0, invert=True), m.Dense(4, "softmax")],
    "rescaling inside": lambda m: [m.Dense(12, "relu"), m.Rescaling(0.5, 0.1), m.Dense(4, "softmax")],
    "reshaped": lambda m: [m.Reshape((8, 8)), m.Reshape((-1, 16)), m.Flatten(), m.Dense(12, "relu"), m.Dense(4, "softmax")],
    "no noise": lambda m: [m.GaussianNoise(0.0), m.Dropout(0.0), m.Dense(12, "relu"), m.Dense(4, "softmax")],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    adam = optimizers.Adam(0.003), keras.optimizers.Adam(0.003)
    both(LAYERS[name](layers), LAYERS[name](KL), adam, SPARSE)


def own_weight(drawn, shape):
    """A kernel as large as those of trained networks; anything else is positive, as a variance must be."""
    if len(shape) == 2:
        return drawn.normal(0.0, shape[0] ** -0.5, shape).astype(np.float32)
    return np.abs(drawn.normal(0.1, 0.3, shape)).astype(np.float32)


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_from_the_same_weights(name):
    model = Sequential([layers.Input((64,)), *LAYERS[name](layers)], seed=1)
    model.build()
    with networks.keras_ways():
        real = keras.Sequential([KL.Input((64,)), *LAYERS[name](KL)])
        drawn = np.random.default_rng(0)
        weights = [own_weight(drawn, w.shape) for w in real.get_weights()]
        real.set_weights(weights)
        due = np.asarray(real(X, training=False))
        assert real.count_params() == model.count_params()
    model.set_weights(weights)
    assert np.abs(model.predict(X) - due).max() < OUTPUTS


HELD = {
    "l1": ({"kernel_regularizer": "l1"}, {"kernel_regularizer": "l1"}),
    "l2": ({"kernel_regularizer": regularizers.L2(0.003)}, {"kernel_regularizer": K.L2(0.003)}),
    "both": ({"kernel_regularizer": regularizers.L1L2(0.001, 0.002)}, {"kernel_regularizer": K.L1L2(0.001, 0.002)}),
    "bias": ({"bias_regularizer": "l2"}, {"bias_regularizer": "l2"}),
    "max norm": ({"kernel_constraint": constraints.MaxNorm(0.8)}, {"kernel_constraint": keras.constraints.MaxNorm(0.8)}),
    "max norm by name": ({"kernel_constraint": "max_norm"}, {"kernel_constraint": "max_norm"}),
    "min max norm": (
        {"kernel_constraint": constraints.MinMaxNorm(0.5, 0.9, 0.5)},
        {"kernel_constraint": keras.constraints.MinMaxNorm(0.5, 0.9, 0.5)}),
    "unit norm": ({"kernel_constraint": "unit_norm"}, {"kernel_constraint": "unit_norm"}),
    "no negative": ({"kernel_constraint": "non_neg", "bias_constraint": "non_neg"}, {"kernel_constraint": "non_neg", "bias_constraint": "non_neg"}),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_what_weights_are_held_by(name):
    ours, theirs = HELD[name]
    model = [layers.Dense(12, "tanh", **ours), layers.Dense(6, "tanh", **ours), layers.Dense(4, "softmax")]
    real = [KL.Dense(12, "tanh", **theirs), KL.Dense(6, "tanh", **theirs), KL.Dense(4, "softmax")]
    both(model, real, (optimizers.SGD(0.05), keras.optimizers.SGD(0.05)), SPARSE)


@pytest.mark.parametrize("how", ["regularizer", "constraint"])
@pytest.mark.parametrize("name", ["gamma", "beta", "alpha"])
def test_what_other_weights_are_held_by(name, how):
    held = {f"{name}_{how}": "l1" if how == "regularizer" else "non_neg"}
    kind = "PReLU" if name == "alpha" else "BatchNormalization"
    for one in ("LayerNormalization", kind):
        more = {"alpha_initializer": "random_uniform"} if one == "PReLU" else {}
        own, its = (
            [m.Dense(12), getattr(m, one)(**more, **held if one == kind else {}), m.Dense(4, "softmax")]
            for m in (layers, KL)
        )
        both(own, its, (optimizers.SGD(0.05), keras.optimizers.SGD(0.05)), SPARSE)


METRICS = {
    "binary": (
        ["binary_accuracy", "precision", "recall", "auc", "mse", "mae"],
        1,
        "sigmoid",
        (LABELS > 1).astype(np.float32),
    ),
    "classes": (["categorical_accuracy", "auc", "precision", "recall", "mse", "mae"], 4, "softmax", ONE_HOT),
    "labels": (["sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"], 4, "softmax", LABELS),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_while_learning(name):
    names, units, activation, y = METRICS[name]
    loss = "sparse_categorical_crossentropy" if y is LABELS else "mse"
    found, told = both(
        ending(layers, units, activation), ending(KL, units, activation),
        (optimizers.Adam(0.003), keras.optimizers.Adam(0.003)), (loss, loss), y,
        ours={"metrics": names}, theirs={"metrics": names},
    )  # fmt: skip
    assert list(found) == list(told) or set(found) == set(told)
    for one in found:
        assert found[one] == pytest.approx(told[one], abs=0.006 if one in ("precision", "recall") else 2e-4), one


DRAWN = np.random.default_rng(5)
PROBABILITIES = DRAWN.dirichlet(np.ones(6), 300).astype(np.float32)
PLACES = DRAWN.integers(0, 6, 300)
WEIGHTS = DRAWN.uniform(0, 2, 300).astype(np.float32)
ALONE = {
    "top 2": (metrics.TopKCategoricalAccuracy(2), lambda: keras.metrics.TopKCategoricalAccuracy(2), True),
    "sparse top 3": (metrics.SparseTopKCategoricalAccuracy(3), lambda: keras.metrics.SparseTopKCategoricalAccuracy(3), False),
    "precision at 0.3": (metrics.Precision(0.3), lambda: keras.metrics.Precision(0.3), True),
    "precision of the top 2": (metrics.Precision(top_k=2), lambda: keras.metrics.Precision(top_k=2), True),
    "recall of class 2": (metrics.Recall(0.2, class_id=2), lambda: keras.metrics.Recall(0.2, class_id=2), True),
    "auc": (metrics.AUC(), keras.metrics.AUC, True),
    "auc of precision": (metrics.AUC(curve="PR"), lambda: keras.metrics.AUC(curve="PR"), True),
    "auc by few": (metrics.AUC(20), lambda: keras.metrics.AUC(20), True),
    "f1": (metrics.F1Score(), keras.metrics.F1Score, True),
    "f1 micro": (metrics.F1Score("micro", 0.3), lambda: keras.metrics.F1Score("micro", 0.3), True),
    "f1 macro": (metrics.F1Score("macro"), lambda: keras.metrics.F1Score("macro"), True),
    "f1 weighted": (metrics.F1Score("weighted", 0.2), lambda: keras.metrics.F1Score("weighted", 0.2), True),
    "root": (metrics.RootMeanSquaredError(), keras.metrics.RootMeanSquaredError, True),
    "binary at 0.2": (metrics.BinaryAccuracy(threshold=0.2), lambda: keras.metrics.BinaryAccuracy(threshold=0.2), True),
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ALONE)
def test_metrics_of_answers(name, weighted):
    ours, theirs, dense = ALONE[name]
    y = np.eye(6, dtype=np.float32)[PLACES] if dense else PLACES
    weights = WEIGHTS if weighted else np.ones(300, np.float32)
    with networks.keras_ways():
        metric = theirs()
        metric.update_state(y, PROBABILITIES, weights if weighted else None)
        due = np.asarray(metric.result())
    assert ours(y, PROBABILITIES, weights) == pytest.approx(due, abs=1e-5)
    assert ours.name == theirs().name.rstrip("_0123456789")
