"""Networks as scikit-learn's estimators are: `DenseClassifier`, and `EnoughNeurons`, which chooses its own width by a study.

Learning is `Sequential.fit`'s; answers are the finished network's, by NumPy.  scikit-learn is an optional package.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from why128.asking import study
from why128.data.images import Dataset, Images
from why128.errors import SurroundingsError
from why128.layers import Dense, Dropout, Input, Layer, Rescaling
from why128.network import Network
from why128.optimizers import resolve
from why128.recipe import Recipe
from why128.sequential import Sequential
from why128.studies.candidate import Candidate
from why128.studies.plan import Plan

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError:
    raise SurroundingsError(
        "why128.sklearn: the package scikit-learn is missing", hint="pip install 'why128[sklearn]'"
    ) from None

MOST_SEED = 2**31 - 1


class DenseClassifier(ClassifierMixin, BaseEstimator):
    """Fully connected layers, as Keras has them, that scikit-learn can fit.

    X are flat rows (n, d), or images (n, height, width) or (n, height, width, channels), each of which is a row; bytes are
    brought to 0..1 by the network itself.  `hidden` are the neurons of each hidden layer; () is softmax regression.  Called again,
    `fit` begins anew; `partial_fit` goes on by one epoch.

    After fitting: `classes_`, `n_features_in_`, `n_iter_` (epochs), `loss_curve_`, and `network_`, the finished network, which
    `why128.export` writes in any format.
    """

    def __init__(
        self,
        hidden: Any = (128,),
        activation: Any = "relu",
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        batch_size: int = 32,
        epochs: int = 10,
        dropout: float = 0.0,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.hidden = hidden
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.dropout = dropout
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DenseClassifier:
        """Learn from X (n, ...) and labels y (n,) of any kind.  Raises ValueError for what cannot be learned from."""
        X, y = self._checked(X, y, reset=True)
        self.classes_ = np.unique(y)
        self._begin(X)
        return self._learn(X, y, sample_weight, self.epochs)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> DenseClassifier:
        """One epoch more; the first time `classes` names all labels there will be, or they are those of y."""
        first = not hasattr(self, "network_")
        X, y = self._checked(X, y, reset=first)
        if first:
            self.classes_ = np.unique(y if classes is None else classes)
            self._begin(X)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y: the label {unknown[0]!r} is none of the classes that were named first")
        return self._learn(X, y, sample_weight, 1)

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row.  # (n,)"""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """How likely each class is held to be.  # (n, classes)"""
        check_is_fitted(self)
        X = validate_data(self, _rows(X), reset=False)
        return self.network_.probabilities(X).astype(np.float64)

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, _rows(X), y, reset=reset)
        check_classification_targets(y)
        return X, y

    def _begin(self, X: np.ndarray) -> None:
        seed = int(check_random_state(self.random_state).randint(MOST_SEED))
        self._model = Sequential(self._layers(X), seed=seed)
        self._compile()
        self.n_iter_ = 0
        self.loss_curve_: list[float] = []

    def _layers(self, X: np.ndarray) -> list[Layer]:
        hidden = (self.hidden,) if isinstance(self.hidden, (int, np.integer)) else tuple(self.hidden)
        layers: list[Layer] = [Input((X.shape[1],))]
        if X.dtype == np.uint8:
            layers.append(Rescaling(1 / 255))
        for units in hidden:
            layers.append(Dense(units, self.activation))
            if self.dropout:
                layers.append(Dropout(self.dropout))
        return [*layers, Dense(len(self.classes_), "softmax")]

    def _compile(self) -> None:
        self._model.compile(resolve(self.optimizer, self.learning_rate), "sparse_categorical_crossentropy")

    def _learn(self, X: np.ndarray, y: np.ndarray, sample_weight: Any, epochs: int) -> DenseClassifier:
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        if not hasattr(self, "_model"):  # it was pickled: what its optimiser remembered is gone
            self._model = Sequential.of(self.network_)
            self._compile()
        labels = np.searchsorted(self.classes_, y)
        told = self._model.fit(
            X, labels, batch_size=self.batch_size, epochs=epochs, sample_weight=weights, verbose=self.verbose
        )
        self.network_: Network = self._model.network
        self.n_iter_ += epochs
        self.loss_curve_ += told.history["loss"]
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_model"}


def _rows(X: Any) -> Any:
    """Images as rows; whatever else as it is."""
    return X.reshape(len(X), -1) if isinstance(X, np.ndarray) and X.ndim > 2 and len(X) else X


class EnoughNeurons(ClassifierMixin, BaseEstimator):
    """A classifier that chooses its own width by a study: the smallest that is enough, or, where that is not known, the study's choice.

    X as for `DenseClassifier`.  A study trains `replicates` networks of every width on all cores, and judges them by a share of the rows
    that it holds back; that takes seconds at least.  In `folder` it is kept, to be read by `why128 report`.

    After fitting: `width_` (0 is softmax regression), `settled_` (whether that width is shown to be enough), `said_` (the sentence), `network_`,
    `classes_`, `n_features_in_`.
    """

    def __init__(
        self,
        widths: Any = (0, 8, 32, 128),
        replicates: int = 3,
        tolerance: float = 1.0,
        epochs: int = 10,
        random_state: Any = None,
        folder: Any = None,
    ):
        self.widths = widths
        self.replicates = replicates
        self.tolerance = tolerance
        self.epochs = epochs
        self.random_state = random_state
        self.folder = folder

    def fit(self, X: Any, y: Any) -> EnoughNeurons:
        """Study X (n, ...) and labels y (n,) of any kind.  Raises ValueError for what cannot be studied."""
        X, y = validate_data(self, _rows(X), y, ensure_min_samples=2)  # one to learn from, one to judge by
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        with tempfile.TemporaryDirectory() as own:
            answer = study(self._data(X, labels), self._plan(), out=self.folder or Path(own) / "study")
            self.network_, self.settled_, self.said_ = answer.network, answer.settled, answer.sentence
        self.width_ = self.network_.width[0] if self.network_.width else 0
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row.  # (n,)"""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """How likely each class is held to be.  # (n, classes)"""
        check_is_fitted(self)
        X = validate_data(self, _rows(X), reset=False)
        return self.network_.probabilities(X).astype(np.float64)

    def _data(self, X: np.ndarray, labels: np.ndarray) -> Dataset:
        as_bytes = X.dtype == np.uint8
        pixels = X.reshape(len(X), 1, -1, 1).astype(np.uint8 if as_bytes else np.float32)
        names = tuple(map(str, range(len(self.classes_))))
        return Dataset(
            "rows", names, Images(pixels, labels.astype(np.int32)), None, "0-255" if as_bytes else "0-1", (), ()
        )

    def _plan(self) -> Plan:
        candidates = tuple(Candidate((width,) if width else ()) for width in self.widths)
        recipe = Recipe(self.epochs, seed=int(check_random_state(self.random_state).randint(MOST_SEED)))
        return Plan(candidates, self.replicates, recipe, self.tolerance)
