"""Callbacks, and data that comes in batches, beside real Keras; and what cannot be gone through."""

import csv
import itertools
import json

import keras
import numpy as np
import pytest

from tests import networks
from why128 import callbacks, layers, optimizers
from why128.asking import load_model
from why128.errors import SurroundingsError, UsageError
from why128.sequential import Sequential

AS_KERAS = 1e-4
X8, LABELS = networks.pictures(200)
X = (X8 / np.float32(255)).reshape(200, -1)


def ours(optimizer="adam", **compiled):
    model = Sequential([layers.Input((64,)), layers.Dense(8, "relu"), layers.Dense(4, "softmax")], seed=2)
    model.build()
    model.compile(optimizer, "sparse_categorical_crossentropy", **compiled)
    return model


def theirs(model, optimizer="adam", **compiled):
    real = keras.Sequential(
        [keras.layers.Input((64,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(4, "softmax")]
    )
    real.set_weights(model.get_weights())
    real.compile(optimizer, "sparse_categorical_crossentropy", **compiled)
    return real


def furthest(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def batches(size=40, count=None):
    for i in range(0, 200, size):
        yield X[i : i + size], LABELS[i : i + size]


@pytest.mark.parametrize("size", [None, 24])
def test_steps_of_what_judges(size):
    told = {"validation_steps": 2, "validation_batch_size": size, "batch_size": 16, "epochs": 2, "shuffle": False}
    model = ours(metrics=["accuracy"])
    with networks.keras_ways():
        real = theirs(model, metrics=["accuracy"])
        due = real.fit(X, LABELS, validation_data=(X, LABELS), verbose=0, **told).history
        judged = real.evaluate(X, LABELS, batch_size=30, steps=3, verbose=0)
    found = model.fit(X, LABELS, validation_data=(X, LABELS), verbose=0, **told).history
    for name in due:
        assert found[name] == pytest.approx(due[name], abs=AS_KERAS)
    assert model.evaluate(X, LABELS, batch_size=30, steps=3, verbose=0) == pytest.approx(judged, abs=AS_KERAS)
    forever = itertools.cycle(batches())
    judging = model.evaluate(forever, steps=4, verbose=0)
    assert judging == pytest.approx(model.evaluate(X[:160], LABELS[:160], verbose=0), abs=1e-6)


STEERING = {
    "plateau": lambda c: c.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.2),
    "plateau, cooling": lambda c: c.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.3, cooldown=2, min_lr=0.004),
    "scheduler": lambda c: c.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
    "scheduler of epochs": lambda c: c.LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1)),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", STEERING)
def test_callbacks_that_steer(name, kind):
    model = ours(getattr(optimizers, kind)(0.02, 0.9))
    with networks.keras_ways():
        real = theirs(model, getattr(keras.optimizers, kind)(0.02, 0.9))
        real.fit(X, LABELS, epochs=12, shuffle=False, verbose=0, callbacks=[STEERING[name](keras.callbacks)])
        rate = float(real.optimizer.learning_rate)
    model.fit(X, LABELS, epochs=12, shuffle=False, verbose=0, callbacks=[STEERING[name](callbacks)])
    assert model.optimizer.learning_rate == pytest.approx(rate, rel=1e-5)
    assert furthest(model, real) < AS_KERAS


class Loader:
    """What a data loader is: gone through again and again."""

    def __iter__(self):
        return batches()


class Parts:
    """What Keras's PyDataset is: batches by their number."""

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return X[i * 40 : (i + 1) * 40], LABELS[i * 40 : (i + 1) * 40]


def forever():
    while True:
        yield from batches()


@pytest.mark.parametrize(("given", "steps"), [(Loader, None), (Parts, None), (forever, 5), (Loader, 3)])
def test_batches_teach_what_arrays_teach(given, steps):
    """Five steps an epoch of 40 images each, as an array has them; with three, the next epoch goes on where one ended."""
    model, again = ours(metrics=["accuracy"]), ours(metrics=["accuracy"])
    epochs = 3 if steps != 3 else 5
    found = model.fit(given(), epochs=epochs, steps_per_epoch=steps, verbose=0).history
    due = again.fit(X, LABELS, batch_size=40, epochs=3, shuffle=False, verbose=0).history
    assert furthest(model, again) < 1e-6
    if steps != 3:
        assert found["loss"] == pytest.approx(due["loss"], rel=1e-5)
        assert found["accuracy"] == pytest.approx(due["accuracy"], rel=1e-6)


def test_batches_judge_and_answer_too():
    model = ours(metrics=["accuracy"])
    found = model.fit(Loader(), epochs=2, validation_data=Loader(), verbose=0).history
    assert found["val_loss"][-1] == pytest.approx(model.evaluate(X, LABELS, verbose=0)[0], rel=1e-6)
    assert model.evaluate(Loader(), verbose=0) == model.evaluate(X, LABELS, verbose=0)
    assert np.abs(model.predict(Loader()) - model.predict(X)).max() < 1e-6


def test_a_batch_is_a_step():
    model, again = ours(metrics=["accuracy"]), ours()
    with networks.keras_ways():
        real = theirs(model, metrics=["accuracy"])
        due = [real.train_on_batch(x, y, return_dict=True) for x, y in batches()]
        judged = real.test_on_batch(X, LABELS)
    found = [model.train_on_batch(x, y, return_dict=True) for x, y in batches()]
    assert furthest(model, real) < AS_KERAS
    assert found[0]["loss"] == pytest.approx(float(due[0]["loss"]), abs=1e-5)
    assert model.test_on_batch(X, LABELS)[0] == pytest.approx(float(judged[0]), abs=1e-4)
    again.fit(X, LABELS, batch_size=40, shuffle=False, verbose=0)
    assert furthest(model, again) < 1e-6
    assert model.predict_on_batch(X).shape == (200, 4)


def test_who_looks_at_batches_changes_nothing_but_sees_all():
    seen = []
    look = callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: seen.append(("begin", batch)),
        on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"], model.get_weights()[0].copy())),
    )
    model, alone = ours(), ours()
    found = model.fit(X, LABELS, batch_size=64, epochs=2, verbose=0, callbacks=[look]).history
    due = alone.fit(X, LABELS, batch_size=64, epochs=2, verbose=0).history
    assert furthest(model, alone) == 0
    assert found == due
    assert [one[:2] for one in seen if one[0] == "begin"] == [("begin", batch) for batch in (0, 1, 2, 3)] * 2
    ends = [one for one in seen if one[0] != "begin"]
    assert ends[3][1] == pytest.approx(found["loss"][0], rel=1e-5)
    assert all((a[2] != b[2]).any() for a, b in itertools.pairwise(ends))


def test_a_learning_rate_set_between_batches_is_not_lost_by_the_next_epoch():
    def slower(epoch, logs):
        model.optimizer.learning_rate = 0.0

    model = ours()
    model.fit(X, LABELS, epochs=2, verbose=0, callbacks=[callbacks.LambdaCallback(on_epoch_end=slower)])
    before = model.get_weights()
    model.fit(X, LABELS, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == 21
    assert model.optimizer.beta_1 == 0.9


def test_a_checkpoint_of_the_best(tmp_path):
    model = ours(optimizers.SGD(0.1))
    every = callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}-{loss:.2f}.keras")
    best = callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True, verbose=1)
    found = model.fit(X, LABELS, epochs=3, verbose=0, callbacks=[every, best]).history["loss"]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([*(f"{i + 1:02d}-{loss:.2f}.keras" for i, loss in enumerate(found)), "best.keras"])
    assert furthest(load_model(tmp_path / "best.keras"), model) == 0, "the loss fell in every epoch"


def test_a_checkpoint_that_cannot_be_filled_in(tmp_path):
    with pytest.raises(UsageError, match=r"cannot be filled in \('val_loss'\); measured are loss$"):
        ours().fit(X, LABELS, verbose=0, callbacks=callbacks.ModelCheckpoint(tmp_path / "{val_loss}.keras"))


def test_a_log_of_comma_separated_values(tmp_path):
    model = ours(metrics=["accuracy"])
    found = model.fit(X, LABELS, epochs=2, verbose=0, callbacks=callbacks.CSVLogger(tmp_path / "log.csv")).history
    model.fit(X, LABELS, epochs=1, verbose=0, callbacks=callbacks.CSVLogger(tmp_path / "log.csv", append=True))
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert [float(row["loss"]) for row in rows[:2]] == found["loss"]
    assert list(rows[0]) == ["epoch", "accuracy", "loss"]
    with pytest.raises(SurroundingsError, match=r"log.csv: cannot be written: No such file or directory$"):
        model.fit(X, LABELS, verbose=0, callbacks=callbacks.CSVLogger(tmp_path / "no" / "log.csv"))


def test_a_loss_that_is_none_ends_it(capsys):
    model = ours(optimizers.SGD(1e30))
    found = model.fit(X, LABELS, epochs=9, verbose=0, callbacks=callbacks.TerminateOnNaN()).history["loss"]
    assert len(found) < 9
    assert capsys.readouterr().out.endswith("the loss is not finite; stopping\n")


def test_a_schedule_leaves_nothing_to_steer():
    from why128 import schedules

    model = ours(optimizers.Adam(schedules.CosineDecay(0.01, 50)))
    with pytest.raises(UsageError) as caught:
        model.fit(X, LABELS, verbose=0, callbacks=callbacks.LearningRateScheduler(lambda epoch, rate: rate))
    assert str(caught.value) == "LearningRateScheduler: the learning rate is a schedule already"
    assert caught.value.hint == "compile with a number as learning_rate"


def test_a_scheduler_that_gives_no_rate():
    with pytest.raises(
        UsageError, match=r"^LearningRateScheduler: expected a learning rate of at least 0, got 'slow'$"
    ):
        ours().fit(X, LABELS, verbose=0, callbacks=callbacks.LearningRateScheduler(lambda epoch, rate: "slow"))


def test_a_hook_that_nothing_calls():
    class Judging(callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None): ...

    with pytest.raises(UsageError) as caught:
        callbacks.checked(Judging())
    assert str(caught.value) == "callbacks: Judging has on_test_batch_end, which nothing here calls"
    assert caught.value.hint == "use on_epoch_end"


@pytest.mark.parametrize(("given", "steps", "text"), [
    (lambda: batches(), None, "fit: expected at least one batch an epoch, the data ended after 0"),
    (lambda: batches(), 4, "fit: expected 4 batches an epoch, the data ended after 1"),
    (lambda: iter([]), 2, "fit: expected 2 batches an epoch, the data ended after 0"),
])  # fmt: skip
def test_batches_that_end_too_soon(given, steps, text):
    with pytest.raises(UsageError) as caught:
        ours().fit(given(), epochs=2, steps_per_epoch=steps, verbose=0)
    assert str(caught.value) == text
    assert caught.value.hint == (
        "a generator must go on for all epochs: give steps_per_epoch, or something that can be gone through again"
    )


def test_what_is_no_batch():
    with pytest.raises(UsageError) as caught:
        ours().fit(iter([X]), verbose=0)
    assert str(caught.value) == "fit: expected batches of (images, labels) or (images, labels, weights), got ndarray"


def test_epochs_that_count_from_elsewhere():
    model = ours()
    found = model.fit(X, LABELS, initial_epoch=3, epochs=7, validation_data=(X, LABELS), validation_freq=2, verbose=0)
    assert found.epoch == [3, 4, 5, 6]
    assert len(found.history["val_loss"]) == 2
    assert json.dumps(found.history)


def test_metrics_by_weight():
    weights = np.random.default_rng(0).uniform(0, 2, 200).astype(np.float32)
    model = ours(weighted_metrics=["sparse_categorical_accuracy"])
    with networks.keras_ways():
        real = theirs(model, weighted_metrics=["sparse_categorical_accuracy"])
        due = real.fit(X, LABELS, epochs=2, shuffle=False, verbose=0, sample_weight=weights).history
    found = model.fit(X, LABELS, epochs=2, shuffle=False, verbose=0, sample_weight=weights).history
    assert found["sparse_categorical_accuracy"] == pytest.approx(due["sparse_categorical_accuracy"], abs=1e-5)


def test_a_metric_of_one_s_own():
    def surely(targets, answers):
        return answers.max(-1) > 0.5

    found = ours(metrics=[surely]).fit(X, LABELS, epochs=1, verbose=0, validation_split=0.25).history
    assert set(found) == {"loss", "surely", "val_loss", "val_surely"}
    assert 0 <= found["surely"][0] <= 1


def test_a_model_in_a_model_has_its_weights():
    model = ours()
    model.fit(X, LABELS, verbose=0)
    again = Sequential([model])
    assert (again.predict(X) == model.predict(X)).all()
    sums = Sequential([layers.Input((64,)), layers.Dense(4)], seed=5)
    shares = Sequential([sums, layers.Softmax()])
    assert np.abs(shares(X).numpy().sum(1) - 1).max() < 1e-6
    assert shares(X).numpy().argmax(1).tolist() == sums(X).argmax(1).tolist()
    assert type(shares(X).numpy()) is np.ndarray


def test_layers_that_stay_keep_their_weights():
    model = ours()
    first, second = model.get_weights()[0], model.get_weights()[2]
    model.pop()
    model.add(layers.Dense(4, "tanh"))
    assert (model.get_weights()[0] == first).all()
    assert model.get_weights()[2].shape == second.shape
    model.add(layers.Dense(3))
    assert (model.get_weights()[0] == first).all()
    assert model.get_weights()[4].shape == (4, 3)


def test_a_loss_can_be_called_as_keras_s():
    from why128 import losses

    answers = np.float32([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]])
    with networks.keras_ways():
        due = float(keras.losses.SparseCategoricalCrossentropy()(np.array([1, 2]), answers))
    assert losses.SparseCategoricalCrossentropy()(np.array([1, 2]), answers).numpy() == pytest.approx(due, rel=1e-6)
