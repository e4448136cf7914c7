"""What Keras takes and this package does not, and what nobody can take: each refused in words, with what to do instead."""

import numpy as np
import pytest

from why128 import callbacks, constraints, layers, losses, metrics, optimizers, recipe, regularizers, schedules
from why128.errors import SurroundingsError, UsageError
from why128.ladder import Ladder
from why128.sequential import Sequential

AXIS = "after a Dense there is one axis"
LAYERS = {
    "dtype": (lambda: layers.Dense(3, dtype="float16"), "Dense: there is no argument 'dtype'",
        "everything is float32; recipe.precision chooses another for products while learning"),
    "trainable": (lambda: layers.Dense(3, trainable=False), "Dense: there is no argument 'trainable'",
        "every layer learns; to keep weights as they are, train a network without the layer"),
    "a slip": (lambda: layers.Dropout(rat=0.2), "Dropout: there is no argument 'rat'", "its arguments are rate, input_shape, name"),
    "no number": (lambda: layers.GaussianNoise("much"), "GaussianNoise: stddev must be a number, got 'much'", None),
    "too small": (lambda: layers.GaussianNoise(-1), "GaussianNoise: stddev must be a number of at least 0, got -1", None),
    "infinite": (lambda: layers.ELU(float("inf")), "ELU: alpha must be a number of at least 0, got inf", None),
    "beyond": (lambda: layers.BatchNormalization(momentum=2), "BatchNormalization: momentum must be a number from 0 to 1, got 2", None),
    "glu": (lambda: layers.Activation("glu"), "Activation: glu halves the neurons", "Dense(units, activation='glu')"),
    "softmax": (lambda: layers.Softmax(axis=2), "Softmax: axis must be the last one, -1, got 2", AXIS),
    "axis": (lambda: layers.LayerNormalization(axis=3), "LayerNormalization: axis must be -1, got 3", AXIS),
    "shape": (lambda: layers.Reshape((-1, -1)), "Reshape: expected a shape with at most one -1, got (-1, -1)",
        "for example Reshape((28, 28)), without the number of images"),
    "normalization's axis": (lambda: layers.Normalization(axis=1), "Normalization: axis must be -1 or None, got 1",
        "-1: a mean for every channel, or number; None: one for all"),
    "half": (lambda: layers.Normalization(mean=1.0), "Normalization: mean and variance go together, got one of them",
        "or call adapt(images)"),
    "negative": (lambda: layers.Normalization(mean=0.0, variance=-1.0), "Normalization: variance must be at least 0, got -1", None),
    "words": (lambda: layers.Normalization(mean="x", variance=1.0), "Normalization: mean must be numbers, got 'x'", None),
    "nan": (lambda: layers.Normalization(mean=np.nan, variance=1.0), "Normalization: mean must be finite numbers, got nan", None),
    "adapt to nothing": (lambda: layers.Normalization().adapt([]), "Normalization: adapt was given no images", None),
    "adapt to two shapes": (lambda: layers.Normalization().adapt(iter([np.ones((2, 3)), np.ones((2, 4))])),
        "Normalization: adapt met a batch of another shape, (2, 4)", None),
    "slope": (lambda: layers.ReLU(negative_slope=None), "ReLU: negative_slope must be a number, got None", None),
    "two of a name": (lambda: Sequential([layers.Dense(3, name="a"), layers.Dense(3, name="a")]),
        "two layers are named 'a'; expected each name once", "rename one of them, or leave the name out"),
    "another shape": (lambda: Sequential([layers.Input((4,)), layers.Dense(3)]).build((None, 5)),
        "Sequential: images of this model have the shape (4,), got (5,)", None),
    "an open shape": (lambda: Sequential([layers.Dense(3)]).build((3, None)),
        "Sequential: expected the shape of one image, got (None,)", "for example (28, 28), without the number of images"),
    "adapt": (lambda: layers.Normalization().adapt(["a"]), "Normalization: adapt expects images (N, ...), got <U1 of shape (1,)", None),
    "regularizer": (lambda: layers.Dense(3, kernel_regularizer="l3"), "Dense: kernel_regularizer: 'l3' is not known here",
        "known are 'l1', 'l2', 'l1_l2', and why128.regularizers"),
    "strength": (lambda: layers.Dense(3, kernel_regularizer=regularizers.L2(-1)), "Dense: kernel_regularizer: l2 must be a number of at least 0, got -1", None),
    "constraint": (lambda: layers.Dense(3, kernel_constraint=3), "Dense: kernel_constraint: 3 is not known here",
        "known are 'max_norm', 'min_max_norm', 'unit_norm', 'non_neg', and why128.constraints"),
    "constraint's number": (lambda: layers.Dense(3, kernel_constraint=constraints.MaxNorm("x")),
        "Dense: kernel_constraint: max_value must be a number, got 'x'", None),
    "constraint's rate": (lambda: layers.Dense(3, kernel_constraint=constraints.MinMaxNorm(rate=2)),
        "Dense: kernel_constraint: rate must be a number from 0 to 1, got 2", None),
    "constraint's axis": (lambda: layers.Dense(3, kernel_constraint=constraints.MaxNorm(axis=2)),
        "Dense: kernel_constraint: axis must be 0 or 1, got 2", None),
    "ema": (lambda: optimizers.Adam(use_ema=True), "Adam: there is no argument 'use_ema'",
        "averaged weights are not kept; EarlyStopping(restore_best_weights=True) keeps the best"),
    "share": (lambda: optimizers.SGD(momentum=2), "SGD: momentum must be a number from 0 to 1, got 2", None),
    "no momentum": (lambda: optimizers.Lion(beta_1=0.0), "Lion: beta_1 must be above 0, got 0: without a momentum it is the sign of the gradient", None),
    "optimizer's slip": (lambda: optimizers.Lion(beta=1), "Lion: there is no argument 'beta'",
        "its arguments are learning_rate, beta_1, beta_2, weight_decay, clipnorm, clipvalue, global_clipnorm, name"),
    "clipped twice": (lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), "SGD: expected one of clipnorm, clipvalue and global_clipnorm at most", None),
    "smoothing": (lambda: losses.BinaryCrossentropy(label_smoothing=2), "BinaryCrossentropy: label_smoothing must be a number from 0 to 1, got 2", None),
    "curve": (lambda: metrics.AUC(curve="x"), "AUC: curve must be 'ROC' or 'PR', got 'x'", None),
    "average": (lambda: metrics.F1Score("x"), "F1Score: average must be None, 'micro', 'macro' or 'weighted', got 'x'", None),
    "boundaries": (lambda: schedules.PiecewiseConstantDecay([1], [2]), "PiecewiseConstantDecay: expected one value more than boundaries, got 1 and 1", None),
    "a schedule of nothing": (lambda: schedules.rates(lambda steps: steps - 1.0, np.arange(3)),
        "gives -1 for a step; expected finite numbers of at least 0", None),
    "a study's schedule": (lambda: recipe.Recipe(optimizer=optimizers.Adam(schedules.CosineDecay(0.1, 9))),
        "recipe: a study's learning rate is one number, so that candidates can have their own, got a schedule", "Sequential.fit takes schedules"),
    "a study's loss": (lambda: recipe.Recipe(loss=losses.Huber()),
        "recipe: a study learns classes by the sparse categorical cross-entropy, got Huber", "Sequential.fit takes other losses"),
    "reduce": (lambda: callbacks.ReduceLROnPlateau(factor=2), "ReduceLROnPlateau: factor must be at least 0 and below 1, got 2", None),
    "mode": (lambda: callbacks.ReduceLROnPlateau(mode="x"), "ReduceLROnPlateau: mode must be 'auto', 'min' or 'max', got 'x'", None),
    "weights only": (lambda: callbacks.ModelCheckpoint("m.keras", save_weights_only=True), "ModelCheckpoint: weights alone are not saved",
        "a .keras file is the whole model, and small"),
    "every batch": (lambda: callbacks.ModelCheckpoint("m.keras", save_freq=5), "ModelCheckpoint: save_freq must be 'epoch', got 5", None),
    "ending": (lambda: callbacks.ModelCheckpoint("m.h5"), "ModelCheckpoint: expected a filepath that ends in .keras, got m.h5", None),
    "hook": (lambda: callbacks.LambdaCallback(on_lunch=print), "LambdaCallback: there is no hook 'on_lunch'",
        "hooks are on_batch_begin, on_batch_end, on_epoch_begin, on_epoch_end, on_train_batch_begin, on_train_batch_end, on_train_begin, on_train_end"),
    "histogram": (lambda: callbacks.TensorBoard(histogram_freq=1), "TensorBoard: there is no argument 'histogram_freq'", "it writes numbers, once an epoch"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "text", "hint"), LAYERS.values(), ids=LAYERS)
def test_what_cannot_be_asked_for(make, text, hint):
    with pytest.raises(UsageError) as caught:
        make()
    assert str(caught.value).endswith(text)
    if hint is not None:
        assert caught.value.hint == hint


@pytest.mark.parametrize("absent", ["lora_rank", "activity_regularizer", "autocast", "lora_alpha", "quantization_config", "data_format",
    "renorm", "synchronized", "noise_shape", "seed", "batch_size", "batch_shape", "batch_input_shape", "sparse", "ragged", "tensor",
    "shared_axes"])  # fmt: skip
def test_every_argument_that_is_absent_has_another_way(absent):
    due = {
        "lora_rank": "networks of this size are trained whole",
        "activity_regularizer": "kernel_regularizer holds weights down; activity has none here",
        "quantization_config": "train in float32, then `why128 export --int8`",
        "data_format": "images are channels_last",
        "renorm": "BatchNormalization is the plain one of Ioffe and Szegedy 2015",
        "synchronized": "a batch is never spread over devices",
        "noise_shape": "each number is dropped by itself",
        "seed": "luck has an address: Sequential(layers, seed=...) decides all of it",
        "batch_size": "give it to fit",
        "batch_shape": "shape=(28, 28), without the number of images",
        "batch_input_shape": "input_shape=(28, 28), without the number of images",
        "sparse": "images are dense arrays",
        "ragged": "images are all of one shape",
        "tensor": "there is no functional API: layers stand in a row, in Sequential",
        "shared_axes": "every neuron has its own slope",
    }
    with pytest.raises(UsageError) as caught:
        layers.Flatten(**{absent: 1})
    assert str(caught.value) == f"Flatten: there is no argument '{absent}'"
    assert not caught.value.hint.startswith("its arguments are")
    assert caught.value.hint == due.get(absent, caught.value.hint)


@pytest.mark.parametrize(("absent", "hint"), [
    ("ema_momentum", "averaged weights are not kept"),
    ("loss_scale_factor", "products are summed in float32, and need no scale"),
    ("gradient_accumulation_steps", "take a larger batch_size: these networks are small"),
    ("jit_compile", "everything is compiled"),
    ("decay", "learning_rate=why128.schedules.InverseTimeDecay(...)"),
    ("lr", "it is learning_rate"),
])  # fmt: skip
def test_arguments_of_optimizers_that_are_absent(absent, hint):
    with pytest.raises(UsageError) as caught:
        optimizers.SGD(**{absent: 1})
    assert caught.value.hint == hint


def test_an_input_dimension_is_a_shape():
    assert layers.Dense(3, input_dim=5).input_shape == (5,)


def test_a_reshape_that_cannot_be():
    with pytest.raises(UsageError, match=r"^Reshape: 12 numbers of shape \(3, 4\) cannot be laid out as \(5, -1\)$"):
        layers.output_shape(layers.Reshape((5, -1)), (3, 4))


def test_weights_for_images_are_refused():
    with pytest.raises(UsageError) as caught:
        layers.weights(layers.PReLU(), (3, 4))
    assert str(caught.value) == "PReLU: expected a series of numbers, got images of shape (3, 4)"
    assert caught.value.hint == "put Flatten() before it"


def test_a_normalization_that_was_not_adapted():
    model = Sequential([layers.Input((4,)), layers.Normalization(), layers.Dense(2)])
    with pytest.raises(UsageError) as caught:
        model.predict(np.zeros((1, 4)))
    assert str(caught.value) == "Normalization: mean and variance are not known yet"
    assert caught.value.hint == "call adapt(images) before"


def test_a_normalization_of_other_images():
    with pytest.raises(UsageError, match=r"^Normalization: expected 4 numbers for images of shape \(4,\), got 3$"):
        Sequential(
            [layers.Input((4,)), layers.Normalization(mean=[1, 2, 3], variance=[1, 1, 1]), layers.Dense(2)]
        ).build()


def test_normalization_learned_before_the_first_dense_is_one_network_s():
    networks = [(layers.Input((4,)), layers.BatchNormalization(), layers.Dense(w), layers.Dense(2)) for w in (3, 5)]
    with pytest.raises(UsageError) as caught:
        Ladder.of(networks)
    assert str(caught.value) == "ladder: BatchNormalization before the first Dense cannot be shared by 2 networks"
    assert caught.value.hint == "put it after a Dense, or use Normalization, which is known beforehand"


def test_tensorboard_is_a_person_s_own(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.summary", None)
    with pytest.raises(SurroundingsError) as caught:
        callbacks.TensorBoard()
    assert str(caught.value) == "TensorBoard: the package tensorboard is missing"
    assert caught.value.hint == "pip install tensorboard"


def test_numbers_of_numpy_are_numbers():
    assert layers.Rescaling(np.float32(0.5), np.array(1.0)) == layers.Rescaling(0.5, 1.0)
    assert layers.Dropout(np.float32(0.5)) == layers.Dropout(0.5)
