"""scikit-learn's own checks, and its pipelines, searches and files."""

import io
import sys
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests import networks
from why128.errors import DataWarning, SurroundingsError
from why128.sklearn import DenseClassifier, EnoughNeurons

# A row of weight 2 is not two rows: batches are others then, as in every network that is trained on batches.
IMPOSSIBLE = {
    "check_sample_weight_equivalence_on_dense_data": "weights scale a row's loss; two rows fall into different batches",
}
X, Y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)


@parametrize_with_checks(
    [DenseClassifier(hidden=(16,), epochs=40, random_state=0)], expected_failed_checks=lambda e: IMPOSSIBLE
)
def test_scikit_learn_s_own_checks(estimator, check):
    with networks.keras_ways():
        check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [EnoughNeurons(widths=(0, 8), replicates=2, epochs=400, random_state=0)],
    expected_failed_checks=lambda e: IMPOSSIBLE,
)
def test_scikit_learn_s_own_checks_of_a_study(estimator, check):
    with networks.keras_ways(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        check(estimator)


@pytest.mark.filterwarnings("ignore::why128.errors.DataWarning")
def test_it_chooses_its_own_width(tmp_path):
    fitted = EnoughNeurons(
        widths=(0, 2, 16), replicates=2, epochs=150, tolerance=5.0, random_state=0, folder=tmp_path / "kept"
    )
    fitted.fit(X[:600], np.array(list("abcdefghij"))[Y[:600]])
    assert fitted.width_ in (0, 16)
    assert fitted.score(X[600:], np.array(list("abcdefghij"))[Y[600:]]) > 0.7
    assert (tmp_path / "kept" / "enough.keras").exists()
    assert str(fitted.width_) in fitted.said_ or not fitted.settled_
    assert np.abs(fitted.predict_proba(X[:5]).sum(1) - 1).max() < 1e-5


def quick(**more):
    return DenseClassifier(**{"hidden": (16,), "epochs": 40, "random_state": 0} | more)


def test_it_learns_as_well_as_scikit_learn_s_own():
    ours = quick(hidden=(64,), epochs=20).fit(X[:1200], Y[:1200]).score(X[1200:], Y[1200:])
    theirs = MLPClassifier((64,), batch_size=32, max_iter=20, early_stopping=False, random_state=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs.fit(X[:1200], Y[:1200])
    assert ours > theirs.score(X[1200:], Y[1200:]) - 0.03


def test_in_a_pipeline_and_a_search():
    pipeline = make_pipeline(StandardScaler(), quick())
    assert cross_val_score(pipeline, X[:400], Y[:400], cv=3).mean() > 0.7
    search = GridSearchCV(quick(), {"hidden": [(), (8,), (8, 8)], "activation": ["relu", "tanh"]}, cv=2).fit(
        X[:300], Y[:300]
    )
    assert search.best_params_["hidden"] in [(), (8,), (8, 8)]


def test_a_clone_and_a_file_answer_the_same():
    fitted = quick().fit(X[:300], Y[:300])
    again = clone(fitted).fit(X[:300], Y[:300])
    assert (again.predict_proba(X) == fitted.predict_proba(X)).all(), "the same random_state, the same bits"
    kept = io.BytesIO()
    joblib.dump(fitted, kept)
    kept.seek(0)
    loaded = joblib.load(kept)
    assert (loaded.predict_proba(X) == fitted.predict_proba(X)).all()
    before = loaded.network_.weights[0].copy()
    loaded.partial_fit(X[:300], Y[:300])
    assert (loaded.network_.weights[0] != before).any()


def test_it_goes_on():
    whole = quick(epochs=3).fit(X[:300], Y[:300])
    parts = quick()
    for _ in range(3):
        parts.partial_fit(X[:300], Y[:300], classes=range(10))
    assert np.abs(whole.predict_proba(X) - parts.predict_proba(X)).max() < 1e-6
    assert (parts.n_iter_, len(parts.loss_curve_)) == (3, 3)
    with pytest.raises(ValueError, match=r"^y: the label np.int64\(12\) is none of the classes that were named first$"):
        parts.partial_fit(X[:1], [12])


def test_weights_matter():
    heavy = np.where(Y[:300] == 3, 50.0, 1.0)
    plain, weighed = quick().fit(X[:300], Y[:300]), quick().fit(X[:300], Y[:300], sample_weight=heavy)
    assert (weighed.predict(X) == 3).mean() > (plain.predict(X) == 3).mean()


def test_images_and_rows_are_the_same():
    rows, images = quick().fit(X[:300], Y[:300]), quick().fit(X[:300].reshape(-1, 8, 8), Y[:300])
    assert (rows.predict_proba(X) == images.predict_proba(X.reshape(-1, 8, 8, 1))).all()
    assert images.n_features_in_ == 64


def test_bytes_are_brought_to_one():
    as_bytes = quick().fit((X[:300] * 255).astype(np.uint8), Y[:300])
    assert as_bytes.score((X * 255).astype(np.uint8), Y) > 0.7


def test_labels_of_any_kind():
    names = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])[Y]
    fitted = quick().fit(X[:300], names[:300])
    assert list(fitted.classes_) == sorted(set(names))
    assert fitted.score(X, names) > 0.7
    assert quick().fit(X[:300], Y[:300] > 4).predict(X).dtype == bool


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "why128.sklearn")
    with pytest.raises(SurroundingsError) as caught:
        __import__("why128.sklearn")
    assert str(caught.value) == "why128.sklearn: the package scikit-learn is missing"
    assert caught.value.hint == "pip install 'why128[sklearn]'"
