"""Early stopping against Keras's own, epoch by epoch, and what is refused."""

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from why128.callbacks import Callback, EarlyStopping, History, TensorBoard, checked
from why128.errors import UsageError


class Model:
    """As much of a model as a callback asks for; its weights are the epoch's number."""

    metrics = ()
    stop_training, weights = False, None

    def get_weights(self):
        return [np.array(self.weights)]

    def set_weights(self, weights):
        (self.weights,) = (float(w) for w in weights)


def followed(callback, name, values):
    """How many epochs a callback lets pass, and the weights that it leaves."""
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = float(epoch)
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {name: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch, model.weights


def both(values, monitor="val_loss", **options):
    return followed(EarlyStopping(monitor, **options), monitor, values), followed(
        keras.callbacks.EarlyStopping(monitor, **options), monitor, values
    )


OPTIONS = st.fixed_dictionaries(
    {
        "patience": st.integers(0, 3),
        "min_delta": st.sampled_from([0, 0.25, -0.25]),
        "restore_best_weights": st.booleans(),
        "start_from_epoch": st.integers(0, 3),
        "mode": st.sampled_from(["min", "max", "auto"]),
    }
)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=9), OPTIONS)
def test_it_stops_where_keras_stops_and_leaves_the_same_weights(values, options):
    ours, keras_s = both(values, **options)
    assert ours == keras_s


def test_with_no_patience_it_goes_on_while_there_is_progress():
    assert both([1, 0.9, 0.8, 0.8, 0.7], patience=0) == ((3, 3.0), (3, 3.0))


def test_it_waits_for_its_patience_then_goes_back_to_the_best():
    assert followed(EarlyStopping(patience=2, restore_best_weights=True), "val_loss", [3, 2, 2.5, 2.1, 1]) == (3, 1.0)


@pytest.mark.parametrize(
    ("monitor", "kept"), [("val_loss", 2.0), ("loss", 2.0), ("val_accuracy", 0.0), ("accuracy", 0.0)]
)
def test_a_loss_should_fall_and_an_accuracy_rise(monitor, kept):
    assert (
        followed(EarlyStopping(monitor, patience=5, restore_best_weights=True), monitor, [0.9, 0.8, 0.1, 0.4])[1]
        == kept
    )


def test_a_loss_that_is_not_a_number_is_no_progress():
    assert followed(EarlyStopping(patience=1, restore_best_weights=True), "val_loss", [1, float("nan"), 0.1]) == (
        1,
        0.0,
    )


def test_it_says_afterwards_where_it_stopped():
    stopping = EarlyStopping(patience=1)
    followed(stopping, "val_loss", [1, 2, 3])
    assert (stopping.stopped_epoch, stopping.best_epoch) == (1, 0)


def test_it_takes_keras_s_arguments():
    EarlyStopping(
        monitor="val_loss",
        min_delta=0,
        patience=3,
        verbose=1,
        mode="auto",
        baseline=None,
        restore_best_weights=True,
        start_from_epoch=0,
    )


def test_history_is_keras_s():
    ours, keras_s = History(), keras.callbacks.History()
    for history in (ours, keras_s):
        history.set_model(Model())
        history.on_train_begin()
        for epoch in range(2):
            history.on_epoch_end(epoch, {"loss": 1.0 - epoch, "accuracy": 0.5})
    assert ours.history == keras_s.history == {"loss": [1.0, 0.0], "accuracy": [0.5, 0.5]}
    assert ours.epoch == keras_s.epoch == [0, 1]


# ---------------------------------------------------------------- refusals


def test_what_is_not_measured_cannot_be_monitored():
    stopping = EarlyStopping()
    stopping.on_train_begin()
    with pytest.raises(
        UsageError, match=r"^EarlyStopping: 'val_loss' is not measured; measured are loss, accuracy$"
    ) as caught:
        stopping.on_epoch_end(0, {"loss": 1.0, "accuracy": 0.5})
    assert caught.value.hint == "give fit validation_data or validation_split"


def test_a_mode_that_is_none():
    with pytest.raises(UsageError, match=r"^EarlyStopping: mode must be 'auto', 'min' or 'max', got 'least'$"):
        EarlyStopping(mode="least")


def test_callbacks_may_be_none_one_or_several():
    one = Callback()
    assert (checked(None), checked(one), checked([one]), checked((one,))) == ([], [one], [one], [one])


@pytest.mark.parametrize(
    ("what", "kind"), [(print, "builtin_function_or_method"), (keras.callbacks.History(), "History"), (3, "int")]
)
def test_what_is_no_callback_is_refused(what, kind):
    with pytest.raises(UsageError, match=f"^callbacks: expected why128.callbacks.Callback, got {kind}$") as caught:
        checked([what])
    assert caught.value.hint == "derive yours from why128.callbacks.Callback"


class Writer:
    """As much of TensorBoard's as is asked for; what was written, by folder."""

    written: ClassVar[dict[str, list]] = {}

    def __init__(self, folder):
        self.own = self.written.setdefault(folder, [])

    def add_scalar(self, tag, value, step):
        self.own.append((tag, value, step))

    def close(self):
        self.own.append("closed")


def test_tensorboard_is_told_each_epoch(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", ModuleType("tensorboard"))
    monkeypatch.setitem(sys.modules, "tensorboard.summary", SimpleNamespace(Writer=Writer))
    monkeypatch.setattr(Writer, "written", {})
    hook = TensorBoard("logs")
    for epoch in range(2):
        hook.on_epoch_end(epoch, {"loss": 0.5 - epoch / 10, "f1_score": [0.1, 0.2], "val_loss": 0.6})
    hook.on_train_end()
    assert Writer.written == {
        os.path.join("logs", "train"): [
            ("epoch_loss", 0.5, 0), ("epoch_f1_score_0", 0.1, 0), ("epoch_f1_score_1", 0.2, 0),
            ("epoch_loss", 0.4, 1), ("epoch_f1_score_0", 0.1, 1), ("epoch_f1_score_1", 0.2, 1), "closed",
        ],
        os.path.join("logs", "validation"): [("epoch_loss", 0.6, 0), ("epoch_loss", 0.6, 1), "closed"],
    }  # fmt: skip
