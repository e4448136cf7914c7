"""`Sequential` as Keras users know it: the textbook's own code, training, judging, keeping, and every refusal by its text."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import why128
from tests import networks
from why128 import losses, metrics
from why128.callbacks import Callback, EarlyStopping
from why128.data.catalogue import known
from why128.errors import InputRefused, UsageError
from why128.layers import Dense, Dropout, Flatten, Input, Rescaling
from why128.sequential import Sequential

COUNT = 96  # always as many: what was compiled for one test serves the next
IMAGES, LABELS = networks.pictures(COUNT)
X = IMAGES / np.float32(255)
AS_KERAS = 1e-5  # of a loss or an answer on the same weights, float32


def small(seed=3, width=6, compiled=True, loss="sparse_categorical_crossentropy", **kwargs):
    model = Sequential([Flatten(input_shape=(8, 8)), Dense(width, "relu"), Dense(4, "softmax")], seed=seed, **kwargs)
    if compiled:
        model.compile("adam", loss, metrics=["accuracy"])
    return model


def fitted(model, x=X, y=LABELS, **options):
    return model.fit(x, y, **{"verbose": 0} | options).history


def furthest(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


def keras_s(model):
    """Real Keras's model with the same weights."""
    with networks.keras_ways():
        real = keras.Sequential(
            [
                keras.layers.Input((8, 8)),
                keras.layers.Flatten(),
                keras.layers.Dense(6, "relu"),
                keras.layers.Dense(4, "softmax"),
            ]
        )
        real.set_weights(model.get_weights())
        real.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return real


def refused(text, hint=None, kind=UsageError):
    """Expects exactly this refusal."""
    return pytest.raises(kind, check=lambda e: (str(e), e.hint) == (text, hint))


# ---------------------------------------------------------------- the textbook's own code, its import lines changed

TEXTBOOK = {
    "a list": """
import why128 as tf
from why128 import Sequential
from why128.layers import Dense, Flatten

model = Sequential([
    Flatten(input_shape=(28, 28)),
    Dense(128, activation=tf.nn.relu),
    Dense(10, activation=tf.nn.softmax)
])
""",
    "empty, and add": """
import why128 as tf
from why128 import Sequential
from why128.layers import Dense, Flatten

model = Sequential(layers=[])
model.add(Flatten(input_shape=(28, 28)))
model.add(Dense(128, activation=tf.nn.relu))
model.add(Dense(10, activation=tf.nn.softmax))
""",
    "tf.keras": """
import why128 as tf

model = tf.keras.models.Sequential([
    tf.keras.layers.Flatten(input_shape=(28, 28)),
    tf.keras.layers.Dense(128, activation=tf.nn.relu),
    tf.keras.layers.Dense(10, activation=tf.nn.softmax)
])
""",
    "tf.keras.Sequential and names": """
import why128 as tf

model = tf.keras.Sequential([
    tf.keras.layers.Input(shape=(28, 28)),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(128, activation='relu'),
    tf.keras.layers.Dense(10, activation='softmax')
])
""",
}


@pytest.mark.parametrize("code", TEXTBOOK.values(), ids=TEXTBOOK)
def test_the_textbook_s_network(code):
    there = {}
    exec(code, there)
    model = there["model"]
    assert model.count_params() == 101_770
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", "Dense", "Dense"]
    assert [w.shape for w in model.get_weights()] == [(784, 128), (128,), (128, 10), (10,)]
    assert model.layers[1:] == [Dense(128, "relu"), Dense(10, "softmax")]


TEXTBOOK_TO_THE_END = """
import why128 as tf

data = tf.keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = data.load_data()
training_images = training_images / 255.0
test_images = test_images / 255.0

class myCallback(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        if(logs.get('accuracy')>0.95):
            print("\\nReached 95% accuracy so cancelling training!")
            self.model.stop_training = True

callbacks = myCallback()

model = tf.keras.models.Sequential([
    tf.keras.layers.Flatten(input_shape=(28, 28)),
    tf.keras.layers.Dense(128, activation=tf.nn.relu),
    tf.keras.layers.Dense(10, activation=tf.nn.softmax)
])

model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
model.fit(training_images, training_labels, epochs=50, callbacks=[callbacks])
model.evaluate(test_images, test_labels)
classifications = model.predict(test_images)
print(classifications[0])
print(test_labels[0])
"""


def test_the_textbook_from_data_to_prediction(monkeypatch, capsys):
    """Its code as it stands; the data set is a small one of the same kind that is learned quickly, and its callback stops."""
    pictures = np.zeros((320, 28, 28), np.uint8)
    labels = (np.arange(320) % 10).astype(np.int32)
    for i, label in enumerate(labels):
        pictures[i, 2 * label : 2 * label + 4] = 200
    monkeypatch.setattr(
        why128.keras.datasets.fashion_mnist, "load_data", lambda: ((pictures, labels), (pictures[:50], labels[:50]))
    )
    exec(TEXTBOOK_TO_THE_END, {})
    said = capsys.readouterr().out
    assert "Reached 95% accuracy so cancelling training!" in said
    assert said.count("Epoch ") < 50
    assert said.rstrip().endswith("\n0")


@pytest.mark.skipif(
    next(one for one in known() if one.name == "fashion-mnist").find() is None,
    reason="not on this machine, and tests fetch nothing",
)
def test_the_known_data_come_as_in_keras():
    (images, labels), (test_images, test_labels) = why128.keras.datasets.fashion_mnist.load_data()
    assert (images.shape, images.dtype, test_images.shape) == ((60000, 28, 28), np.uint8, (10000, 28, 28))
    assert set(labels) == set(test_labels) == set(range(10))


def test_other_spellings_of_keras():
    tf = why128
    tf.keras.Sequential(
        [
            tf.keras.Input(shape=(28, 28)),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(10, activation=tf.keras.activations.relu),
        ]
    )


# ---------------------------------------------------------------- layers


def test_a_model_without_a_shape_is_built_by_its_first_images():
    model = Sequential([Flatten(), Dense(4, "softmax")], seed=0)
    assert (model.built, model.input_shape, model.output_shape) == (False, None, None)
    model.compile("adam", "sparse_categorical_crossentropy")
    fitted(model)
    assert (model.built, model.input_shape, model.output_shape) == (True, (None, 8, 8), (None, 4))
    assert model.count_params() == 260


def test_build_takes_keras_s_shape_with_its_leading_none():
    model = Sequential([Flatten(), Dense(4)], seed=0)
    model.build((None, 8, 8))
    assert model.count_params() == 260


def test_input_as_a_layer_and_as_an_argument_are_one():
    a, b = (
        Sequential([Input((8, 8)), Flatten(), Dense(4)], seed=1),
        Sequential([Flatten(input_shape=(8, 8)), Dense(4)], seed=1),
    )
    assert furthest(a.get_weights(), b.get_weights()) == 0


def test_pop_removes_the_last_layer():
    model = small(compiled=False)
    assert model.pop() == Dense(4, "softmax")
    model.add(Dense(3, "softmax"))
    assert model.output_shape == (None, 3)
    for _ in range(3):
        model.pop()
    with refused("Sequential: there is no layer to remove"):
        model.pop()


def test_add_refuses_what_is_no_layer():
    with refused(
        "Sequential: expected a layer, got 'Dense'",
        "why128.layers has them: Flatten, Dense, Dropout, ...",
    ):
        Sequential(["Dense"])


def test_layers_come_as_a_list():
    with refused(
        "Sequential: expected a list of layers, got Flatten(input_shape=None, name=None)", "Sequential([...])"
    ):
        Sequential(Flatten())


def test_add_refuses_a_second_input():
    with refused("Sequential: an Input must come first"):
        Sequential([Input((8, 8)), Input((8, 8))])


def test_add_refuses_what_does_not_fit_and_stays_as_it_was():
    model = Sequential([Input((8, 8))])
    with refused(
        "Dense(4): expected a series of numbers, got images of shape (8, 8)", "put Flatten() before the first Dense"
    ):
        model.add(Dense(4))
    assert model.layers == []


def test_a_model_whose_shape_is_not_known_has_no_weights_yet():
    with refused(
        "Sequential: the shape of an image is not known yet",
        "give the first layer input_shape=(28, 28), or call fit first",
    ):
        Sequential([Flatten(), Dense(4)]).count_params()


def test_a_model_must_end_in_a_dense():
    with refused(
        "network: the last layer must be a Dense with one neuron a class", "for example Dense(10, activation='softmax')"
    ):
        Sequential([Flatten(input_shape=(8, 8))]).get_weights()


def test_summary(capsys):
    Sequential([Flatten(input_shape=(28, 28)), Dense(128, "relu", name="hidden"), Dense(10, "softmax")]).summary()
    assert capsys.readouterr().out == (
        'Model: "sequential"\n'
        "─────────────────────────────────────\n"
        "Layer (type)    Output shape  Param #\n"
        "─────────────────────────────────────\n"
        "Flatten         (None, 784)         0\n"
        "hidden (Dense)  (None, 128)   100,480\n"
        "Dense           (None, 10)      1,290\n"
        "─────────────────────────────────────\n"
        "Total params: 101,770 (397.54 KB)\n"
        "Trainable params: 101,770 (397.54 KB)\n"
        "Non-trainable params: 0 (0.00 KB)\n"
    )


def test_summary_before_the_shape_is_known(capsys):
    Sequential([Flatten(), Dense(10)], name="mine").summary()
    said = capsys.readouterr().out
    assert 'Model: "mine"' in said
    assert said.count("?") == 4


# ---------------------------------------------------------------- weights


def test_get_and_set_weights():
    model, other = small(seed=1), small(seed=2)
    other.set_weights(model.get_weights())
    assert furthest(model.get_weights(), other.get_weights()) == 0
    model.get_weights()[0][:] = 9
    assert furthest(model.get_weights(), other.get_weights()) == 0, "what is given out is a copy"


@pytest.mark.parametrize("weights", [["a"], 3, [[[1, 2], [3]]]], ids=["words", "a number", "ragged"])
def test_weights_that_are_no_numbers_are_refused(weights):
    with refused("set_weights: expected a list of arrays of numbers, as get_weights gives it"):
        small().set_weights(weights)


def test_weights_of_other_shapes_are_refused():
    model = small()
    before = model.get_weights()
    with refused("network: expected weights of shapes [(64, 6), (6,), (6, 4), (4,)], got [(64, 6), (6,), (6, 4)]"):
        model.set_weights(before[:3])
    assert furthest(model.get_weights(), before) == 0


def test_weights_set_in_the_middle_of_training_are_trained_from():
    model, other = small(), small(seed=9)
    fitted(model)
    model.set_weights(other.get_weights())
    assert furthest(model.get_weights(), other.get_weights()) == 0
    fitted(model)
    assert 0 < furthest(model.get_weights(), other.get_weights()) < 0.1


# ---------------------------------------------------------------- fit


def test_the_same_seed_gives_identical_bits_and_another_seed_others():
    a, b, c = small(seed=5), small(seed=5), small(seed=6)
    histories = [fitted(m, epochs=3) for m in (a, b, c)]
    assert histories[0] == histories[1] != histories[2]
    assert furthest(a.get_weights(), b.get_weights()) == 0
    assert furthest(a.get_weights(), c.get_weights()) > 0.01


def test_without_a_seed_one_is_drawn_and_kept():
    a, b = Sequential(), Sequential()
    assert a.seed != b.seed
    first = small(seed=None)
    assert furthest(first.get_weights(), small(seed=first.seed).get_weights()) == 0


def test_another_replicate_is_other_luck():
    assert furthest(small(replicate=0).get_weights(), small(replicate=1).get_weights()) > 0.01


def test_fit_twice_goes_on_as_one_longer_fit():
    twice, once = small(), small()
    first, second = fitted(twice, epochs=2), fitted(twice, epochs=3)
    whole = fitted(once, epochs=5)
    assert furthest(twice.get_weights(), once.get_weights()) == 0
    assert first["loss"] + second["loss"] == whole["loss"]


def test_compile_forgets_the_optimiser_s_memory_but_not_the_weights():
    model = small()
    fitted(model)
    before = model.get_weights()
    model.compile("adam", "sparse_categorical_crossentropy")
    assert furthest(model.get_weights(), before) == 0
    assert model._learner.state is None


def test_history_has_keras_s_keys():
    plain, judged = fitted(small()), fitted(small(), validation_data=(X, LABELS))
    assert set(plain) == {"loss", "accuracy"}
    assert set(judged) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(values) == 1 for values in judged.values())


def test_without_a_metric_there_is_only_the_loss():
    model = small(compiled=False)
    model.compile("adam", "sparse_categorical_crossentropy")
    assert list(fitted(model)) == ["loss"]
    assert isinstance(model.evaluate(X, LABELS, verbose=0), float)


def test_validation_split_holds_back_the_last_share_as_keras_does():
    by_split, by_hand = small(), small()
    a = fitted(by_split, validation_split=0.25, epochs=2)
    b = fitted(by_hand, X[:72], LABELS[:72], validation_data=(X[72:], LABELS[72:]), epochs=2)
    assert a == b
    assert furthest(by_split.get_weights(), by_hand.get_weights()) == 0


def test_validation_does_not_change_what_is_learned():
    a, b = small(), small()
    fitted(a, epochs=2)
    fitted(b, epochs=2, validation_data=(X, LABELS))
    assert furthest(a.get_weights(), b.get_weights()) == 0


def test_validation_numbers_are_those_of_evaluate():
    model = small()
    history = fitted(model, validation_data=(X, LABELS))
    assert [history["val_loss"][-1], history["val_accuracy"][-1]] == pytest.approx(
        model.evaluate(X, LABELS, verbose=0), rel=1e-5
    )


def test_sample_weights_weigh_the_held_out_part_too():
    """As in Keras; that `evaluate` weighs as Keras does is tested below."""
    model, each = small(), np.random.default_rng(0).uniform(0, 2, COUNT)
    history = fitted(model, validation_split=0.25, sample_weight=each)
    due = model.evaluate(X[72:], LABELS[72:], sample_weight=each[72:], verbose=0)
    assert history["val_loss"] == pytest.approx(due[:1], rel=1e-5)


def test_class_weights_are_for_learning_only():
    model = small()
    history = fitted(model, validation_split=0.25, class_weight={0: 5.0})
    assert history["val_loss"] == pytest.approx(model.evaluate(X[72:], LABELS[72:], verbose=0)[:1], rel=1e-5)


def test_a_class_weight_is_a_sample_weight_of_every_image_of_the_class():
    by_class, by_sample = small(), small()
    fitted(by_class, class_weight={0: 2, 3: 0.5}, epochs=2)
    fitted(by_sample, sample_weight=np.choose(LABELS, [2, 1, 1, 0.5]), epochs=2)
    assert furthest(by_class.get_weights(), by_sample.get_weights()) == 0


def test_both_weights_multiply():
    both, one = small(), small()
    fitted(both, class_weight={0: 2}, sample_weight=np.full(COUNT, 3.0))
    fitted(one, sample_weight=np.choose(LABELS, [6, 3, 3, 3]))
    assert furthest(both.get_weights(), one.get_weights()) == 0


def test_a_weight_of_two_equals_repeating_the_image():
    """One full batch and plain gradient descent: the step is the sum of gradients over a count, 96 here and 96 + 24 there."""
    image_twice = np.concatenate([np.arange(COUNT), np.arange(24)])
    weight = np.ones(COUNT)
    weight[:24] = 2
    weighted, repeated = small(compiled=False), small(compiled=False)
    weighted.compile(why128.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    repeated.compile(why128.optimizers.SGD(0.1 * 120 / 96), "sparse_categorical_crossentropy")
    fitted(weighted, sample_weight=weight, batch_size=COUNT)
    fitted(repeated, X[image_twice], LABELS[image_twice], batch_size=120)
    assert furthest(weighted.get_weights(), repeated.get_weights()) < 1e-6


def test_a_weight_of_zero_leaves_an_image_out():
    spoilt = LABELS.copy()
    spoilt[:24] = (spoilt[:24] + 1) % 4
    weight = np.ones(COUNT)
    weight[:24] = 0
    a, b = small(), small()
    fitted(a, y=LABELS, sample_weight=weight)
    fitted(b, y=spoilt, sample_weight=weight)
    assert furthest(a.get_weights(), b.get_weights()) == 0


def test_shuffling_changes_the_order_and_nothing_else():
    shuffled, ordered = small(), small()
    fitted(shuffled)
    fitted(ordered, shuffle=False)
    assert 0 < furthest(shuffled.get_weights(), ordered.get_weights()) < 0.05


def test_one_hot_labels_learn_the_same():
    by_number, by_row = small(), small(loss="categorical_crossentropy")
    pairs = zip(fitted(by_number).values(), fitted(by_row, y=np.eye(4)[LABELS]).values(), strict=True)
    assert all(a == pytest.approx(b, rel=1e-5) for a, b in pairs)
    assert furthest(by_number.get_weights(), by_row.get_weights()) < 1e-6


@pytest.mark.parametrize(
    "y",
    [LABELS.tolist(), LABELS[:, None], LABELS.astype(float), LABELS.astype(np.uint8)],
    ids=["list", "column", "float", "bytes"],
)
def test_labels_of_every_kind(y):
    assert fitted(small(), y=y) == fitted(small())


def test_the_shape_of_images_is_taken_as_it_comes():
    models = [small() for _ in range(3)]
    for model, x in zip(models, (X, X[..., None], X.reshape(COUNT, 64)), strict=True):
        fitted(model, x)
    assert (
        furthest(models[0].get_weights(), models[1].get_weights())
        == furthest(models[0].get_weights(), models[2].get_weights())
        == 0
    )


def test_bytes_with_rescaling_are_the_same_as_shares():
    by_bytes = Sequential(
        [Rescaling(1 / 255, input_shape=(8, 8)), Flatten(), Dense(6, "relu"), Dense(4, "softmax")], seed=3
    )
    by_bytes.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    by_shares = small()
    fitted(by_bytes, IMAGES)
    fitted(by_shares)
    assert (
        furthest(by_bytes.get_weights(), by_shares.get_weights()) < 1e-5
    )  # pixels/255 rounds otherwise in 1/255 · pixels


def test_what_is_printed(capsys):
    small().fit(X, LABELS, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:10] for line in lines] == ["Epoch 1/2 ", "Epoch 2/2 "]
    assert "s - loss: " in lines[0]
    assert " - accuracy: " in lines[0]
    small().fit(X, LABELS, verbose=0)
    assert capsys.readouterr().out == ""


def test_training_learns():
    accuracy = fitted(small(), epochs=150)["accuracy"]
    assert accuracy[0] < 0.5
    assert accuracy[-1] > 0.9


# ---------------------------------------------------------------- callbacks


class Diary(Callback):
    def __init__(self):
        self.lines = []

    def on_train_begin(self, logs=None):
        self.lines.append("begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.lines.append(f"<{epoch}")

    def on_epoch_end(self, epoch, logs=None):
        self.lines.append(f"{epoch}>")
        self.model.stop_training = epoch == 1

    def on_train_end(self, logs=None):
        self.lines.append("end")


def test_callbacks_are_called_in_order_and_can_stop():
    diary, model = Diary(), small()
    history = fitted(model, epochs=5, callbacks=[diary])
    assert diary.lines == ["begin", "<0", "0>", "<1", "1>", "end"]
    assert len(history["loss"]) == 2
    assert diary.model is model


def test_fit_after_a_stop_goes_on():
    stopped, plain = small(), small()
    fitted(stopped, epochs=5, callbacks=Diary())
    fitted(stopped, epochs=1)
    fitted(plain, epochs=3)
    assert furthest(stopped.get_weights(), plain.get_weights()) == 0


def test_early_stopping_restores_the_best_weights():
    kept = []

    class Keeping(Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append((logs["val_loss"], self.model.get_weights()))

    model = small()
    wrong = (LABELS[72:] + 1) % 4  # what is learned makes these worse, sooner or later
    fitted(
        model,
        X[:72],
        LABELS[:72],
        epochs=30,
        validation_data=(X[72:], wrong),
        callbacks=[Keeping(), EarlyStopping(patience=3, restore_best_weights=True)],
    )
    best = min(range(len(kept)), key=lambda i: kept[i][0])
    assert len(kept) == best + 4
    assert furthest(model.get_weights(), kept[best][1]) == 0


def test_a_fault_in_a_callback_leaves_a_model_that_can_go_on():
    class Failing(Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    model = small()
    with pytest.raises(KeyboardInterrupt):
        fitted(model, callbacks=[Failing()])
    fitted(model)
    other = small()
    fitted(other, epochs=2)
    assert furthest(model.get_weights(), other.get_weights()) == 0


# ---------------------------------------------------------------- evaluate and predict


def test_evaluate_and_predict_are_keras_s_on_the_same_weights():
    model = small()
    fitted(model, epochs=5)
    real = keras_s(model)
    with networks.keras_ways():
        answers, judged = real.predict(X, verbose=0), real.evaluate(X, LABELS, verbose=0)
    assert np.abs(model.predict(X) - answers).max() < AS_KERAS
    assert model.evaluate(X, LABELS, verbose=0) == pytest.approx(judged, abs=AS_KERAS)


def test_evaluate_with_weights_is_keras_s():
    model, each = small(), np.random.default_rng(1).uniform(0, 2, COUNT)
    real = keras_s(model)
    with networks.keras_ways():
        due = real.evaluate(X, LABELS, sample_weight=each, verbose=0)
    assert model.evaluate(X, LABELS, sample_weight=each, verbose=0) == pytest.approx(due, abs=AS_KERAS)


def test_evaluate_says_what_it_found(capsys):
    model = small()
    found = model.evaluate(X, LABELS, return_dict=True)
    assert capsys.readouterr().out == f"loss: {found['loss']:.4f} - accuracy: {found['accuracy']:.4f}\n"
    assert list(found) == ["loss", "accuracy"]


def test_a_batch_size_does_not_change_an_answer():
    model = small()
    assert (model.predict(X, batch_size=7) == model.predict(X)).all()
    assert model.evaluate(X, LABELS, batch_size=7, verbose=0) == model.evaluate(X, LABELS, verbose=0)


def test_predictions_are_probabilities():
    answers = small().predict(X)
    assert (answers.shape, answers.dtype) == ((COUNT, 4), np.float32)
    assert answers.sum(1) == pytest.approx(1, abs=1e-6)


def test_sums_can_be_learned_from_and_are_what_is_predicted():
    """Dense(4) and from_logits=True: the same network as with softmax, whose answers are its sums."""
    sums = Sequential([Flatten(input_shape=(8, 8)), Dense(6, "relu"), Dense(4)], seed=3)
    sums.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    shares = small()
    assert fitted(sums)["loss"] == pytest.approx(fitted(shares)["loss"], rel=1e-5)
    grown = np.exp(sums.predict(X))
    assert np.abs(grown / grown.sum(1, keepdims=True) - shares.predict(X)).max() < 1e-5


def test_dropout_is_for_training_only():
    def model(rate):
        made = Sequential(
            [Flatten(input_shape=(8, 8)), Dropout(rate), Dense(6, "relu"), Dropout(rate), Dense(4, "softmax")], seed=3
        )
        made.compile("adam", "sparse_categorical_crossentropy")
        return made

    dropping, none = model(0.4), small()
    assert (dropping.predict(X) == none.predict(X)).all()
    assert dropping.count_params() == none.count_params()
    first, again = fitted(dropping), fitted(model(0.4))
    assert first == again, "what is dropped belongs to the seed"
    assert first["loss"] != fitted(none)["loss"]


# ---------------------------------------------------------------- keeping


def test_save_and_load_give_the_same_model(tmp_path):
    model = small()
    fitted(model)
    model.classes = ("a", "b", "c", "d")
    model.save(tmp_path / "net.keras")
    loaded = why128.load_model(tmp_path / "net.keras")
    assert isinstance(loaded, Sequential)
    assert (loaded.predict(X) == model.predict(X)).all()
    assert (loaded.classes, loaded.preparation) == (model.classes, model.preparation)
    assert [replace(layer, name=None) for layer in loaded.layers] == [
        Flatten(),
        *model.layers[1:],
    ]  # the file names every layer
    loaded.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert loaded.evaluate(X, LABELS, verbose=0) == model.evaluate(X, LABELS, verbose=0)


def test_keras_opens_what_was_saved(tmp_path):
    model = small()
    fitted(model)
    model.save(tmp_path / "net.keras")
    with networks.keras_ways():
        answers = keras.models.load_model(tmp_path / "net.keras").predict(X, verbose=0)
    assert np.abs(answers - model.predict(X)).max() < AS_KERAS


def test_load_tells_networks_from_data(tmp_path):
    small().save(tmp_path / "net.keras")
    np.savez(tmp_path / "data.npz", images=IMAGES, labels=LABELS)
    assert isinstance(why128.load(tmp_path / "net.keras"), Sequential)
    assert len(why128.load(tmp_path / "data.npz").train) == COUNT


@pytest.mark.parametrize(
    ("x", "scale"),
    [(IMAGES, (0.0, 255.0)), (X, (0.0, 1.0)), (X * 2 - 1, (-1.0, 1.0)), (IMAGES.astype(np.float32), (0.0, 255.0))],
)
def test_a_model_remembers_how_its_pictures_were_prepared(x, scale):
    model = small()
    fitted(model, x)
    assert (model.preparation.mode, model.preparation.scale) == ("gray", scale)


# ---------------------------------------------------------------- refusals


def test_a_model_that_was_not_compiled():
    hint = "model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])"
    with refused("Sequential: call compile before fit", hint):
        small(compiled=False).fit(X, LABELS)
    with refused("Sequential: call compile before evaluate", hint):
        small(compiled=False).evaluate(X, LABELS)


COMPILE = {
    "no loss": ({}, "compile: a loss is missing", "loss='sparse_categorical_crossentropy' for whole-number labels"),
    "loss": (
        {"loss": "msle"},
        "loss: 'msle' is not known here",
        f"known names: {', '.join(losses.NAMED)}",
    ),
    "metric": (
        {"metrics": ["accuracy", "aux"], "loss": "mse"},
        "metrics: 'aux' is not known here",
        f"known names: {', '.join(name for name in metrics.NAMED if name.islower())}",
    ),
    "optimizer": (
        {"optimizer": "adan", "loss": "categorical_crossentropy"},
        "optimizer: 'adan' is not known",
        "did you mean 'adam'? known names: sgd, rmsprop, adam, adamw, nadam, adamax, adagrad, lion",
    ),
}


@pytest.mark.parametrize(("arguments", "text", "hint"), COMPILE.values(), ids=COMPILE)
def test_what_cannot_be_compiled(arguments, text, hint):
    with refused(text, hint):
        small(compiled=False).compile(**arguments)


NAN, INFINITE = X.copy(), X.copy()
NAN[7, 3, 3], INFINITE[5, 0, 0] = np.nan, -np.inf
ONE_HOT_HINT = "one-hot targets go with loss='categorical_crossentropy'"
FIT = {
    "no labels": ({"y": None}, "y: labels are missing", "call fit(images, labels)"),
    "few labels": ({"y": LABELS[:95]}, "y: expected 96 labels, one an image, got 95", None),
    "label too high": (
        {"y": np.where(np.arange(COUNT) == 3, 4, LABELS)},
        "y: expected labels from 0 to 3, got 4",
        "the last layer needs one neuron a class",
    ),
    "label negative": (
        {"y": LABELS - 1},
        "y: expected labels from 0 to 3, got -1",
        "the last layer needs one neuron a class",
    ),
    "half a label": (
        {"y": LABELS + 0.5},
        "y: expected whole numbers of shape (96,), got float64 of shape (96,)",
        ONE_HOT_HINT,
    ),
    "label NaN": (
        {"y": np.where(LABELS == 0, np.nan, LABELS)},
        f"y: {(LABELS == 0).sum()} of 96 labels are missing (NaN), the first is that of image {(LABELS == 0).argmax()}",
        "give one label for each image, or leave those out",
    ),
    "label infinite": (
        {"y": np.where(LABELS == 0, np.inf, LABELS)},
        "y: expected whole numbers of shape (96,), got float64 of shape (96,)",
        ONE_HOT_HINT,
    ),
    "one-hot": (
        {"y": np.eye(4)[LABELS]},
        "y: expected whole numbers of shape (96,), got float64 of shape (96, 4)",
        ONE_HOT_HINT,
    ),
    "words": (
        {"y": LABELS.astype(str)},
        "y: expected whole numbers of shape (96,), got <U21 of shape (96,)",
        ONE_HOT_HINT,
    ),
    "one label": ({"y": 3}, "y: expected 96 labels, one an image, got a single value", None),
    "NaN": ({"x": NAN}, "x: expected finite numbers, got NaN or infinity in image 7", None),
    "infinity": ({"x": INFINITE}, "x: expected finite numbers, got NaN or infinity in image 5", None),
    "words as images": (
        {"x": X.astype(str)},
        "x: expected an array of numbers, got <U32",
        "for example images / 255.0",
    ),
    "no images": ({"x": X[:0], "y": []}, "x: no images in an array of shape (0, 8, 8)", None),
    "batch size": ({"batch_size": 0}, "batch_size: expected a whole number of at least 1, got 0", None),
    "epochs": ({"epochs": 1.5}, "epochs: expected a whole number of at least 1, got 1.5", None),
    "split": (
        {"validation_split": 1.0},
        "validation_split: expected a number of at least 0 and below 1, got 1.0",
        None,
    ),
    "split of nothing": (
        {"validation_split": 0.999},
        "validation_split: 0.999 of 96 images leaves one part without any",
        None,
    ),
    "few weights": (
        {"sample_weight": np.ones(95)},
        "sample_weight: expected 96 finite numbers of at least 0, got shape (95,)",
        None,
    ),
    "negative weight": (
        {"sample_weight": -np.ones(COUNT)},
        "sample_weight: expected 96 finite numbers of at least 0, got shape (96,)",
        None,
    ),
    "class weight": (
        {"class_weight": {1: -2}},
        "class_weight: expected a finite number of at least 0 for class 1, got -2",
        None,
    ),
    "class weight in words": (
        {"class_weight": {1: "a"}},
        "class_weight: expected a finite number of at least 0 for class 1, got 'a'",
        None,
    ),
    "callback": (
        {"callbacks": [3]},
        "callbacks: expected why128.callbacks.Callback, got int",
        "derive yours from why128.callbacks.Callback",
    ),
    "validation labels": ({"validation_data": (X[:9], LABELS[:8])}, "y: expected 9 labels, one an image, got 8", None),
}


@pytest.mark.parametrize(("arguments", "text", "hint"), FIT.values(), ids=FIT)
def test_what_cannot_be_fitted_is_refused_and_nothing_changes(arguments, text, hint):
    model = small()
    before = model.get_weights()
    with refused(text, hint):
        model.fit(**{"x": X, "y": LABELS, "verbose": 0} | arguments)
    assert furthest(model.get_weights(), before) == 0
    assert model._learner.epochs == 0


@pytest.mark.parametrize(("y", "text", "hint"), [
    (LABELS, "y: expected targets of shape (96, 4), as the network answers, got (96,)", "whole-number labels go with loss='sparse_categorical_crossentropy'"),
    (np.eye(5)[LABELS], "y: expected targets of shape (96, 4), as the network answers, got (96, 5)",
     "whole-number labels go with loss='sparse_categorical_crossentropy'"),
    (np.full((COUNT, 4), np.nan), "y: expected finite numbers, got float64 with NaN or infinity", None),
    (np.full((COUNT, 4), "x"), "y: expected finite numbers, got <U1", None),
])  # fmt: skip
def test_targets_that_are_not_as_the_network_answers(y, text, hint):
    with refused(text, hint):
        small(loss="categorical_crossentropy").fit(X, y)


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.fit(np.zeros((5, 9, 8)), [0] * 5),
        lambda m: m.evaluate(np.zeros((5, 9, 8)), [0] * 5),
        lambda m: m.predict(np.zeros((5, 9, 8))),
    ],
    ids=["fit", "evaluate", "predict"],
)
def test_images_of_another_shape_are_refused_with_both_shapes(ask):
    with refused(
        "images: expected the shape (N, 8, 8), got (5, 9, 8)", "the first axis counts the images", InputRefused
    ):
        ask(small())


def test_one_image_without_its_first_axis_is_refused():
    with refused("images: expected the shape (N, 8, 8), got (8, 8)", "the first axis counts the images", InputRefused):
        small().predict(X[0])


def test_class_names_that_are_too_few():
    model = small()
    model.classes = ("a", "b")
    with refused("network: 4 outputs, but 2 class names"):
        model.network


def test_a_network_that_cannot_be_saved_leaves_nothing(tmp_path):
    with pytest.raises(UsageError, match=r"expected a path that ends in \.keras"):
        small().save(tmp_path / "net.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_number_from_numpy_is_a_number():
    """`len(np.unique(y))` is Python's, but `y.max() + 1` is NumPy's, and as good."""
    classes = LABELS.max() + 1
    assert isinstance(classes, np.integer)
    assert Dense(classes, "softmax").units == 4


PAIR = "validation_data: expected (images, labels) or (images, labels, weights)"
BARE = {
    "validation data without labels": ({"validation_data": (X,)}, PAIR),
    "validation data that are none": ({"validation_data": 3}, PAIR),
    "sample weights in words": (
        {"sample_weight": ["a"] * COUNT},
        f"sample_weight: expected {COUNT} finite numbers of at least 0, got shape ({COUNT},)",
    ),
    "class weights as a list": (
        {"class_weight": [1, 2, 3, 4]},
        "class_weight: expected a dictionary from class to weight, got list",
    ),
    "ragged images": ({"x": [[1, 2], [3]]}, "x: expected an array, got rows of different lengths"),
}


@pytest.mark.parametrize(("arguments", "text"), BARE.values(), ids=BARE)
def test_what_cannot_be_fitted_is_refused_in_our_words(arguments, text):
    with refused(text):
        small().fit(**{"x": X, "y": LABELS, "verbose": 0} | arguments)


@pytest.mark.parametrize(
    "arguments", [{"batch_size": None}, {"class_weight": {0: np.float32(2)}}], ids=["batch_size", "class_weight"]
)
def test_what_keras_takes_is_taken(arguments):
    fitted(small(), **arguments)


def test_the_network_is_made_anew_only_where_something_changed():
    model = small()
    first = model.network
    assert model.network is first
    model.predict(X)
    assert model.network is first
    model.set_weights([w + 1 for w in model.get_weights()])
    second = model.network
    assert second is not first
    assert furthest(second.weights, first.weights) == 1
    fitted(model)
    third = model.network
    assert third is not second
    model.classes = ("a", "b", "c", "d")
    assert model.network is not third
    assert model.network.classes == model.classes
    model.add(Dense(4, "softmax"))
    assert len(model.network.weights) == 6
