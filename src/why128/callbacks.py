"""Callbacks: what a person hangs into `fit`, in Keras's shape.

An epoch is one compiled program, so there are hooks between epochs and none between batches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from why128.errors import UsageError

Logs = dict[str, float]
BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class Callback:
    """Called by `fit`; `self.model.stop_training = True` ends it after the epoch."""

    model: Any = None

    def set_model(self, model: Any) -> None:
        self.model = model

    def on_train_begin(self, logs: Logs | None = None) -> None: ...

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None: ...

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
        if mode not in ("auto", "min", "max"):
            raise UsageError(f"EarlyStopping: mode must be 'auto', 'min' or 'max', got {mode!r}")
        higher = mode == "max" or (mode == "auto" and monitor.endswith("accuracy"))
        self.monitor, self.patience, self.start_from_epoch = monitor, patience, start_from_epoch
        self.restore_best_weights, self.min_delta, self.sign = restore_best_weights, abs(min_delta), 1 if higher else -1
        self.verbose, self.baseline = verbose, baseline

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = -math.inf if self.baseline is None else self.sign * self.baseline
        self.waited, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if epoch < self.start_from_epoch:
            return
        measured = logs or {}
        if self.monitor not in measured:
            raise UsageError(
                f"EarlyStopping: '{self.monitor}' is not measured; measured are {', '.join(measured)}",
                hint="give fit validation_data or validation_split",
            )
        value = self.sign * measured[self.monitor]
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


def checked(callbacks: list[Callback] | Callback | None) -> list[Callback]:
    """The callbacks as a list; raises UsageError for one that asks for batches, or is none."""
    each = [] if callbacks is None else list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    for callback in each:
        if not isinstance(callback, Callback):
            raise UsageError(
                f"callbacks: expected why128.callbacks.Callback, got {type(callback).__name__}",
                hint="derive yours from why128.callbacks.Callback",
            )
        if any(hasattr(callback, hook) for hook in BATCH_HOOKS):
            raise UsageError(
                f"callbacks: {type(callback).__name__} asks to be called after batches; an epoch is one compiled program",
                hint="use on_epoch_end",
            )
    return each
