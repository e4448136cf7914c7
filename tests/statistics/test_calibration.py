"""Calibration against scikit-learn, Keras, cases worked by hand, and a planted temperature."""

import keras
import numpy as np
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve

from why128.statistics import calibration as module
from why128.statistics.calibration import by_chance, calibration, temperature, tempered


def planted(rng, images=4000, classes=10, sharpness=1.0):
    """Probabilities (N, C) that are exact for the labels (N,) drawn from them."""
    logits = rng.normal(0, 2, (images, classes)) * sharpness
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (probabilities.cumsum(1) < rng.random((images, 1))).sum(1)
    return probabilities, np.minimum(labels, classes - 1)


def test_the_bins_are_scikit_learn_s():
    probabilities, labels = planted(np.random.default_rng(0))
    probabilities = tempered(probabilities, 0.6)
    right = probabilities.argmax(1) == labels
    accuracy, confidence = calibration_curve(right, probabilities.max(1), n_bins=15, strategy="uniform")
    found = calibration(probabilities, labels)
    assert [b.accuracy.mean for b in found.bins] == pytest.approx(accuracy)
    assert [b.confidence for b in found.bins] == pytest.approx(confidence)
    weights = np.array([b.images for b in found.bins]) / len(labels)
    assert found.ece == pytest.approx(weights @ np.abs(accuracy - confidence))


def test_by_hand():
    """Two images at 0.8 (one right), two at 0.6 (both right), edges belonging to the bin below."""
    probabilities = np.array([[0.8, 0.2], [0.2, 0.8], [0.6, 0.4], [0.4, 0.6]])
    found = calibration(probabilities, np.array([0, 0, 0, 1]), bins=5)
    assert [(b.images, b.accuracy.mean) for b in found.bins] == [(2, 1.0), (2, 0.5)]
    assert [b.confidence for b in found.bins] == pytest.approx([0.6, 0.8])
    assert found.ece == pytest.approx((0.4 + 0.3) / 2)


def test_a_calibrated_network_s_error_lies_within_chance(monkeypatch):
    """100 calibrated networks: at most 5 % beyond the limits, + 3 SE; the mean is what is shown on average."""
    monkeypatch.setattr(module, "DRAWS", 300)
    rng, beyond, shown, expected = np.random.default_rng(1), [], [], []
    for _ in range(100):
        probabilities, labels = planted(rng, images=300)
        found, chance = calibration(probabilities, labels), by_chance(probabilities, rng, level=0.9)
        beyond.append(found.ece > chance.high)
        shown.append(found.ece)
        expected.append(chance.mean)
    assert np.mean(beyond) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)
    assert np.mean(shown) == pytest.approx(np.mean(expected), rel=0.05)


def test_chance_has_a_closed_form_in_one_bin():
    """All images at 0.7: |accuracy − 0.7| is a binomial's mean absolute deviation (de Moivre 1730)."""
    images = 40
    probabilities = np.tile([0.7, 0.3], (images, 1))
    counts = np.arange(images + 1)
    due = (stats.binom.pmf(counts, images, 0.7) * np.abs(counts / images - 0.7)).sum()
    assert by_chance(probabilities, np.random.default_rng(2)).mean == pytest.approx(due, rel=0.06)


def test_a_network_too_sure_is_found_out():
    probabilities, labels = planted(np.random.default_rng(3))
    found = calibration(tempered(probabilities, 0.5), labels)
    assert found.ece > by_chance(tempered(probabilities, 0.5), np.random.default_rng(0)).high


@pytest.mark.parametrize("planted_at", [0.4, 1.0, 2.5])
def test_a_planted_temperature_is_found(planted_at):
    """Exact probabilities made T times too sharp or dull: 4,000 images find T to a few per cent and mend the network."""
    probabilities, labels = planted(np.random.default_rng(4))
    wrong = tempered(probabilities, 1 / planted_at)
    found = temperature(wrong, labels)
    assert found == pytest.approx(planted_at, rel=0.06)
    mended = tempered(wrong, found)
    assert calibration(mended, labels).ece < by_chance(mended, np.random.default_rng(0)).high


def test_the_temperature_minimises_keras_s_crossentropy():
    probabilities, labels = planted(np.random.default_rng(5), images=300)
    wrong = tempered(probabilities, 0.5)
    best = temperature(wrong, labels)

    def loss(t):
        logits = (np.log(wrong) / t).astype("float32")
        return float(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits))

    assert loss(best) < min(loss(best * 0.9), loss(best * 1.1))


def test_tempering_at_one_changes_nothing_and_never_the_answer():
    probabilities, _ = planted(np.random.default_rng(6), images=50)
    assert tempered(probabilities, 1.0) == pytest.approx(probabilities)
    assert (tempered(probabilities, 7.0).argmax(1) == probabilities.argmax(1)).all()
    assert tempered(probabilities, 7.0).sum(1) == pytest.approx(1)


def test_probabilities_of_zero_are_survived():
    probabilities = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    labels = np.array([0, 1, 2, 0, 1, 0])  # one of six wrong, and utterly sure
    found = temperature(probabilities, labels)
    assert found > 10
    assert tempered(probabilities, found)[0, 0] == pytest.approx(5 / 6, abs=0.001)


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [
        (np.array([[0.9, 0.1], [0.2, 0.8]]), [0, 1]),  # all right: the surer the better
        (np.array([[0.9, 0.1], [0.2, 0.8]]), [1, 0]),  # all wrong: the less sure the better
        (np.full((4, 2), 0.5), [0, 1, 0, 1]),  # the temperature changes nothing
        (np.array([[np.nan, np.nan]]), [0]),
        (np.zeros((0, 2)), []),
    ],
)
def test_images_that_set_no_temperature_set_none(probabilities, labels):
    assert temperature(probabilities, np.array(labels, int)) is None


def test_nothing_to_judge():
    for probabilities in (np.zeros((0, 3)), np.full((2, 3), np.nan)):
        assert calibration(probabilities, np.zeros(len(probabilities), int)) is None
        assert by_chance(probabilities, np.random.default_rng(0)) is None


def test_one_image_is_plain():
    found = calibration(np.array([[1.0, 0.0]], np.float32), np.array([0]))
    assert (found.ece, len(found.bins), found.bins[0].images) == (0.0, 1, 1)
    assert found.bins[0].accuracy.low < 0.3


def test_chance_is_the_same_however_many_are_drawn_at_once(monkeypatch):
    probabilities, _ = planted(np.random.default_rng(7), images=30)
    whole = by_chance(probabilities, np.random.default_rng(0))
    monkeypatch.setattr(module, "AT_ONCE", 100)
    assert by_chance(probabilities, np.random.default_rng(0)) == pytest.approx(whole)
