"""Hooks that `fit` calls, shaped like Keras's."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from why128.errors import SurroundingsError, UsageError, shown

Logs = dict[str, Any]
# What Keras calls besides, and nothing here does: answers are given by NumPy, all at once.
ABSENT_HOOKS = ("on_test_batch_begin", "on_test_batch_end", "on_predict_batch_begin", "on_predict_batch_end")


class Callback:
    """Called by `fit`; `self.model.stop_training = True` ends it after the epoch.

    Whoever has hooks for batches is called after each, with the weights as they then are: it takes longer.
    """

    model: Any = None
    params: Logs | None = None

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: Logs) -> None:
        self.params = params

    @property
    def wants_batches(self) -> bool:
        """Whether it has hooks for batches."""
        names = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
        return any(getattr(type(self), name) is not getattr(Callback, name) for name in names)

    def on_train_begin(self, logs: Logs | None = None) -> None: ...

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None: ...

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.on_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None: ...

    def on_train_end(self, logs: Logs | None = None) -> None: ...


class History(Callback):
    """What `fit` gives back: `history.history["loss"]` and its like, a number an epoch."""

    def __init__(self):
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """Stops when `monitor` has not improved by more than `min_delta` for `patience` epochs."""

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        self.monitor, self.patience, self.start_from_epoch = monitor, patience, start_from_epoch
        self.restore_best_weights, self.min_delta = restore_best_weights, abs(min_delta)
        self.sign = direction(self, monitor, mode)
        self.verbose, self.baseline = verbose, baseline

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = -math.inf if self.baseline is None else self.sign * self.baseline
        self.waited, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if epoch < self.start_from_epoch:
            return
        value = self.sign * measured(self, self.monitor, logs)
        self.waited += 1
        if value - self.min_delta > self.best:
            self.best, self.waited, self.best_epoch = value, 0, epoch
            self.best_weights = self.model.get_weights() if self.restore_best_weights else None
        elif self.waited >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True
            if self.verbose:
                print(f"Epoch {epoch + 1}: early stopping")

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(Callback):
    """Saves the model after epochs: to `filepath`, in which `{epoch:02d}` and what is measured are filled in."""

    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str = "epoch",
        initial_value_threshold: float | None = None,
    ):
        if save_weights_only:
            raise UsageError(
                "ModelCheckpoint: weights alone are not saved", hint="a .keras file is the whole model, and small"
            )
        if save_freq != "epoch":
            raise UsageError(f"ModelCheckpoint: save_freq must be 'epoch', got {shown(repr(save_freq))}")
        if not os.fspath(filepath).endswith(".keras"):
            raise UsageError(
                f"ModelCheckpoint: expected a filepath that ends in .keras, got {shown(os.fspath(filepath))}"
            )
        self.filepath, self.monitor, self.verbose, self.save_best_only = (
            os.fspath(filepath),
            monitor,
            verbose,
            save_best_only,
        )
        self.sign = direction(self, monitor, mode)
        self.best = -math.inf if initial_value_threshold is None else self.sign * initial_value_threshold

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_best_only:
            value = self.sign * measured(self, self.monitor, logs)
            if not value > self.best:
                return
            self.best = value
        try:
            path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        except (KeyError, IndexError, ValueError) as fault:
            raise UsageError(
                f"ModelCheckpoint: {shown(self.filepath)} cannot be filled in ({shown(fault)}); measured are {', '.join(logs or {})}"
            ) from None
        self.model.save(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved to {path}")


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when `monitor` has not improved for `patience` epochs."""

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 0.0001,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        if not 0.0 <= factor < 1.0:
            raise UsageError(f"ReduceLROnPlateau: factor must be at least 0 and below 1, got {factor!r}")
        self.monitor, self.factor, self.patience, self.verbose = monitor, factor, patience, verbose
        self.min_delta, self.cooldown, self.min_lr, self.sign = (
            min_delta,
            cooldown,
            min_lr,
            direction(self, monitor, mode),
        )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best, self.waited, self.cooling = -math.inf, 0, 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value, rate = self.sign * measured(self, self.monitor, logs), fixed_rate(self)
        if self.cooling:
            self.cooling, self.waited = self.cooling - 1, 0
        if value - self.min_delta > self.best:
            self.best, self.waited = value, 0
        elif not self.cooling:
            self.waited += 1
            if self.waited >= self.patience and rate > self.min_lr:
                self.model.optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                self.cooling, self.waited = self.cooldown, 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: learning rate {self.model.optimizer.learning_rate:g}")


class LearningRateScheduler(Callback):
    """Sets the learning rate before every epoch: `schedule(epoch, learning rate)`, or `schedule(epoch)`."""

    def __init__(self, schedule: Callable, verbose: int = 0):
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        try:
            rate = self.schedule(epoch, fixed_rate(self))
        except TypeError:  # as in Keras: a function of the epoch alone
            rate = self.schedule(epoch)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.floating)) or not 0 <= rate < math.inf:
            raise UsageError(f"LearningRateScheduler: expected a learning rate of at least 0, got {shown(repr(rate))}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {float(rate):g}")


class TerminateOnNaN(Callback):
    """Stops when the loss is no number any more."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            print(f"Epoch {epoch + 1}: the loss is not finite; stopping")
            self.model.stop_training = True


class CSVLogger(Callback):
    """A line an epoch into a file of comma-separated values."""

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False):
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self._keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        there = self.append and Path(self.filename).exists() and Path(self.filename).stat().st_size
        self._keys = None
        self._headed = bool(there)
        if not there:
            self._write([], "w")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self._keys is None:  # what is measured later only is not in the file, as in Keras
            self._keys = sorted(logs)
            if not self._headed:
                self._write([["epoch", *self._keys]])
        self._write([[epoch, *(logs.get(key, "NA") for key in self._keys)]])

    def _write(self, rows: list[list[Any]], mode: str = "a") -> None:
        try:
            with open(self.filename, mode, newline="") as file:
                csv.writer(file, delimiter=self.separator, lineterminator="\n").writerows(rows)
        except OSError as fault:
            raise SurroundingsError(f"{shown(self.filename)}: cannot be written: {fault.strerror}") from None


class LambdaCallback(Callback):
    """Functions in place of hooks: `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`."""

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        **others: Callable | None,
    ):
        hooks = {name: hook for name, hook in locals().items() if name.startswith("on_")} | others
        known = [name for name in dir(Callback) if name.startswith("on_")]
        for name, hook in hooks.items():
            if name not in known:
                raise UsageError(
                    f"LambdaCallback: there is no hook '{shown(name)}'", hint=f"hooks are {', '.join(known)}"
                )
            if hook is not None:
                setattr(self, name, hook)
        self._batches = any("batch" in name for name, hook in hooks.items() if hook is not None)

    @property
    def wants_batches(self) -> bool:
        """Whether one of them is for batches."""
        return self._batches


class TensorBoard(Callback):
    """Writes what is measured for TensorBoard, after every epoch; needs the package `tensorboard`."""

    def __init__(self, log_dir: str | os.PathLike = "logs", **others: Any):
        if others:
            raise UsageError(
                f"TensorBoard: there is no argument '{shown(next(iter(others)))}'",
                hint="it writes numbers, once an epoch",
            )
        try:
            from tensorboard.summary import Writer  # a person's own package, asked for here only
        except ImportError:
            raise SurroundingsError(
                "TensorBoard: the package tensorboard is missing", hint="pip install tensorboard"
            ) from None
        self.log_dir, self._writer = os.fspath(log_dir), Writer
        self._writers: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for name, value in (logs or {}).items():
            part, tag = ("validation", name.removeprefix("val_")) if name.startswith("val_") else ("train", name)
            if part not in self._writers:
                self._writers[part] = self._writer(os.path.join(self.log_dir, part))
            for number, one in enumerate(value if isinstance(value, list) else [value]):
                label = f"epoch_{tag}_{number}" if isinstance(value, list) else f"epoch_{tag}"
                self._writers[part].add_scalar(label, one, epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}


# ---------------------------------------------------------------- what several need


def direction(whose: Callback, monitor: str, mode: str) -> int:
    """1 where more of `monitor` is better, -1 where less is; raises UsageError for another mode."""
    if mode not in ("auto", "min", "max"):
        raise UsageError(f"{type(whose).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}")
    rising = ("accuracy", "acc", "auc", "precision", "recall", "f1_score")
    return 1 if mode == "max" or (mode == "auto" and monitor.endswith(rising)) else -1


def measured(whose: Callback, monitor: str, logs: Logs | None) -> float:
    """What is monitored; raises UsageError where it is not measured."""
    found = logs or {}
    if monitor not in found:
        raise UsageError(
            f"{type(whose).__name__}: '{monitor}' is not measured; measured are {', '.join(found)}",
            hint="give fit validation_data or validation_split",
        )
    return found[monitor]


def fixed_rate(whose: Callback) -> float:
    """The model's learning rate; raises UsageError where it is a schedule already."""
    rate = whose.model.optimizer.learning_rate
    if callable(rate):
        raise UsageError(
            f"{type(whose).__name__}: the learning rate is a schedule already",
            hint="compile with a number as learning_rate",
        )
    return float(rate)


def checked(callbacks: list[Callback] | Callback | None) -> list[Callback]:
    """The callbacks as a list; raises UsageError for one that asks for what nothing here calls, or is none."""
    each = [] if callbacks is None else list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    for callback in each:
        if not isinstance(callback, Callback):
            raise UsageError(
                f"callbacks: expected why128.callbacks.Callback, got {type(callback).__name__}",
                hint="derive yours from why128.callbacks.Callback",
            )
        absent = next((hook for hook in ABSENT_HOOKS if hasattr(callback, hook)), None)
        if absent:
            raise UsageError(
                f"callbacks: {type(callback).__name__} has {absent}, which nothing here calls", hint="use on_epoch_end"
            )
    return each
